#include "tcpmd5/capture/pcapng_writer.h"
#include "tcpmd5/service/worker.h"

#include <map>
#include <utility>
#include <variant>

namespace tw::tcpmd5 {

using boost::asio::ip::address;

namespace {

std::string_view mode_text(HealerMode mode) {
  switch (mode) {
    case HealerMode::kOff: return "off";
    case HealerMode::kWatch: return "watch";
    case HealerMode::kHeal: return "heal";
  }
  return "";
}

bool is_single(const PeerSpec& peer) { return peer.prefix_length == (peer.address.is_v4() ? 32 : 128); }

}  // namespace

std::vector<KnobStatus> LiveVerifier::Worker::knobs_of(unsigned ifindex) {
  std::vector<KnobStatus> knobs;
  auto read = offloads_.read(ifindex);
  const auto* now = std::get_if<DeviceFeatures>(&read);
  if (!now) return knobs;
  const auto before = first_seen_.find(ifindex);
  const Knobs held = engine_.healer().held_off(ifindex);
  for (const Knob knob : kAllKnobs)
    knobs.push_back({.knob = knob,
                     .on = now->is_on(knob),
                     .on_before = before == first_seen_.end() ? now->is_on(knob) : before->second.is_on(knob),
                     .fixed = now->is_fixed_on(knob),
                     .held_off = held.has(knob)});
  return knobs;
}

PeerVerification LiveVerifier::Worker::verification_of(const PeerSpec& peer, const address& of) {
  PeerVerification found;
  found.peer = peer;
  found.vantage = "none: acknowledgments and what arrives";
  for (const auto& vantage : vantages_)
    if (vantage->working()) found.vantage = vantage->name();
  found.counts = engine_.verifier().counts(of);
  if (const auto ifindex = paths_.device_of(peer)) {
    found.device = paths_.lowest(*ifindex).name;
    found.knobs = knobs_of(*ifindex);
    found.trial_running = engine_.healer().trial_on(*ifindex);
  }
  const auto memory = engine_.peers().find(of);
  if (memory == engine_.peers().end()) return found;
  for (std::size_t i = 0; i < kFaultClasses; ++i)
    if (const std::uint64_t count = memory->second.findings[i]; count != 0)
      found.findings.emplace_back(static_cast<FaultClass>(i), count);
  if (const auto& fault = memory->second.last_fault)
    found.last_fault = FaultStatus{wall(fault->at), std::string(name_of(fault->fault)), fault->text};
  if (const auto& verdict = memory->second.last_verdict) {
    found.confidence = verdict->confidence;
    found.verdict = verdict->text;
  }
  return found;
}

VerifyStatus LiveVerifier::Worker::status() {
  VerifyStatus status;
  status.mode = mode_text(options_.mode);
  status.uncheckable = engine_.verifier().uncheckable();
  status.pending = pending_.load();
  status.refused = refused_.load(std::memory_order_relaxed);
  for (const auto& [ifindex, tap] : taps_)
    status.sources.push_back({.name = "tap " + paths_.lowest(ifindex).name,
                              .working = true,
                              .problem = "",
                              .frames = tap->frames(),
                              .dropped = tap->dropped(),
                              .truncated = tap->truncated()});
  for (const auto& [ifindex, problem] : tap_problems_)
    status.sources.push_back({.name = "tap " + paths_.lowest(ifindex).name, .working = false, .problem = problem});
  for (const auto& vantage : vantages_) status.sources.push_back(vantage->status());
  for (const KeyedPeer& keyed : peers_) {
    if (is_single(keyed.peer)) {
      // Of one without a key nothing is told but that it signs.
      if (keyed.keys.empty() && !engine_.peers().contains(keyed.peer.address)) continue;
      status.peers.push_back(verification_of(keyed.peer, keyed.peer.address));
      continue;
    }
    for (const auto& [peer, memory] : engine_.peers())
      if (contains(keyed.peer, peer)) {
        status.peers.push_back(verification_of(keyed.peer, peer));
        status.peers.back().peer = {peer, peer.is_v4() ? 32 : 128};
      }
  }
  return status;
}

std::vector<HistoryEntry> LiveVerifier::Worker::history(std::size_t limit) { return history_.newest(limit); }

std::vector<RemedyStatus> LiveVerifier::Worker::remedies() { return history_.remedies(); }

std::string LiveVerifier::Worker::undo(const std::string& device) {
  const auto found = paths_.find(device);
  if (!found) return "there is no device " + device;
  return engine_.healer().undo(found->link.ifindex).value_or("");
}

std::vector<std::uint8_t> LiveVerifier::Worker::capture(const address& peer) {
  const auto memory = engine_.peers().find(peer);
  if (memory == engine_.peers().end() || memory->second.evidence.empty()) return {};
  PcapngWriter writer("truewire");
  std::map<std::pair<std::string, Link>, std::uint32_t> interfaces;
  for (const Finding& finding : memory->second.evidence) {
    bool first = true;
    for (const SeenSegment& seen : finding.evidence->segments) {
      const auto [interface, is_new] = interfaces.try_emplace({seen.where, seen.link}, 0);
      if (is_new)
        interface->second =
            writer.add_interface({seen.where, "", seen.link == Link::kIp ? LinkType::kRaw : LinkType::kEthernet});
      writer.add(
          {.interface = interface->second,
           .time = std::chrono::duration_cast<std::chrono::nanoseconds>(wall(seen.at).time_since_epoch()).count(),
           .frame = seen.frame,
           .original_length = 0,
           .direction = Direction::kUnknown,
           .comments =
               first ? std::vector<std::string>{finding.text, seen.where} : std::vector<std::string>{seen.where}});
      first = false;
    }
  }
  return writer.take();
}

}  // namespace tw::tcpmd5
