// Decoys and preflights on the verifier's thread.
#include "tcpmd5/service/worker.h"

#include <algorithm>
#include <utility>

namespace tw::tcpmd5 {

using std::chrono::steady_clock;

// Neighbours, and decoys beside them. Where a decoy goes to a neighbour's address, either may be meant.
void LiveVerifier::Worker::tell_engine_of_peers() {
  std::vector<KeyedPeer> all = peers_;
  decoys_only_.clear();
  for (KeyedPeer& decoy : decoys_.keyed()) {
    const KeyedPeer* neighbor = nullptr;
    for (const KeyedPeer& peer : peers_)
      if (contains(peer.peer, decoy.peer.address) &&
          (neighbor == nullptr || peer.peer.prefix_length > neighbor->peer.prefix_length))
        neighbor = &peer;
    if (neighbor == nullptr || neighbor->keys.empty()) {
      decoys_only_.insert(decoy.peer.address);
    } else {
      decoy.keys.insert(decoy.keys.begin(), neighbor->keys.begin(), neighbor->keys.end());
    }
    std::erase_if(all, [&](const KeyedPeer& peer) { return peer.peer == decoy.peer; });
    all.push_back(std::move(decoy));
  }
  engine_.set_peers(all);
}

// What goes between us and an address where nothing but decoys are to be signed, and is none.
bool LiveVerifier::Worker::is_beside_decoys(const Segment& segment) const {
  if (decoys_only_.empty() || segment.source_port == kDecoyPort || segment.destination_port == kDecoyPort) return false;
  return decoys_only_.contains(segment.source) || decoys_only_.contains(segment.destination);
}

void LiveVerifier::Worker::look_after_decoys(TimePoint now) {
  decoys_.tick(now);
  if (decoys_.destinations() != decoy_destinations_) resolve_paths();
  engine_.healer().set_decoys(decoys_.paths());
}

void LiveVerifier::Worker::preflight(std::uint64_t id, PreflightAsked asked,
                                     std::function<void(const PreflightNews&)> on_news) {
  const auto refuse = [&](std::string why) { on_news({.lines = {}, .report = {}, .refused = std::move(why)}); };
  if (options_.mode == HealerMode::kOff) return refuse("the verifier is off: mode of [verify] is \"off\"");
  if (preflight_.second && !preflight_.second->over())
    return refuse("another preflight is under way; wait for its end");
  look_after_decoys(steady_clock::now());
  auto run = std::make_shared<PreflightRun>(
      PreflightAround{.io = io_, .decoys = decoys_, .engine = engine_, .paths = paths_, .mode = options_.mode},
      std::move(asked), on_news);
  if (auto problem = run->start()) return refuse(std::move(*problem));
  preflight_ = {id, std::move(run)};
}

void LiveVerifier::Worker::end_preflight(std::uint64_t id) {
  if (preflight_.first != id || !preflight_.second) return;
  std::exchange(preflight_.second, nullptr)->stop();
}

}  // namespace tw::tcpmd5
