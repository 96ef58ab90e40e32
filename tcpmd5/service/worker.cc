#include "tcpmd5/service/worker.h"

#include "tcpmd5/capture/packet_too_big.h"
#include "tcpmd5/offload/restore.h"

#include <fmt/format.h>

#include <pthread.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace tw::tcpmd5 {

using boost::asio::ip::address;
using std::chrono::steady_clock;

namespace {

constexpr std::string_view kProbeWire = "probe:";

}  // namespace

LiveVerifier::Worker::Worker(LiveVerifierOptions options, LiveVerifierHooks hooks)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      history_([this](unsigned ifindex) { return paths_.device(ifindex); }),
      engine_(offloads_, history_,
              [this](unsigned ifindex, const address& peer) { return paths_.lowest(ifindex, peer); },
              {.mode = options_.mode}),
      feature_watch_(offloads_),
      path_descriptor_(io_),
      feature_descriptor_(io_),
      timer_(io_) {
  paths_.prove_on_resetting_drivers(options_.prove_on_resetting_drivers);
  allow_probes(options_);
  boost::asio::post(io_, [this] {
    open_store();
    open_vantages();
    wait_for_paths();
    wait_for_features();
    wait_for_deadline();
  });
  thread_ = std::thread([this] { run(); });
}

LiveVerifier::Worker::~Worker() {
  boost::asio::post(io_, [this] {
    engine_.stop(steady_clock::now());
    publish();
    io_.stop();
  });
  thread_.join();
  // What reads from the io_context goes before it.
  for (auto& [ifindex, tap] : taps_) tap->stop();
  taps_.clear();
  if (preflight_.second) preflight_.second->stop();
  probes_.forget_vantages();
  decoys_.forget_probes();
  vantages_.clear();
  if (path_descriptor_.is_open()) path_descriptor_.release();
  if (feature_descriptor_.is_open()) feature_descriptor_.release();
}

void LiveVerifier::Worker::run() {
  pthread_setname_np(pthread_self(), "verifier");
  io_.run();
}

void LiveVerifier::Worker::set_peers(std::vector<KeyedPeer> peers) {
  peers_ = std::move(peers);
  tell_engine_of_peers();
  resolve_paths();
}

void LiveVerifier::Worker::set_sessions(Sessions sessions) {
  std::set<address> established;
  for (const auto& [peer, session] : sessions)
    if (session.established) established.insert(peer);
  engine_.set_sessions(std::move(sessions));
  const bool unkeyed = std::ranges::any_of(peers_, [](const KeyedPeer& peer) { return peer.keys.empty(); });
  if (unkeyed && established != established_)
    next_resolve_ = std::min(next_resolve_, steady_clock::now() + kLongestWait);
  established_ = std::move(established);
}

// A neighbour without a key is looked at until its session is up: by then it is known not to sign, and its segments
// would be captured for nothing.
bool LiveVerifier::Worker::is_watched(const KeyedPeer& peer) const {
  if (!peer.keys.empty()) return true;
  return peer.peer.prefix_length == (peer.peer.address.is_v4() ? 32 : 128) && !established_.contains(peer.peer.address);
}

void LiveVerifier::Worker::reconfigure(const LiveVerifierOptions& options) {
  const bool other_mode = options.mode != options_.mode, other_wire = options.wire != options_.wire;
  options_ = options;
  engine_.set_mode(options_.mode);
  paths_.prove_on_resetting_drivers(options_.prove_on_resetting_drivers);
  if (other_mode || other_wire) open_vantages();
  if (other_mode) resolve_paths();
}

// --- what an earlier life left ---

void LiveVerifier::Worker::open_store() {
  if (const auto problem = history_.open(options_.state_directory)) {
    hooks_.problem(*problem + "; nothing will be turned off, because what was before could not be stored");
    return;
  }
  const std::vector<PathDevice> devices = paths_.all();
  const Restored restored = restore(history_.store(), offloads_, devices);
  for (const std::string& line : restored.done) hooks_.problem(line);
  for (const std::string& line : restored.failed) hooks_.problem(line);
  for (const StoredRemedy& remedy : history_.stored_remedies()) adopt(remedy, find_device(remedy.device, devices));
}

void LiveVerifier::Worker::adopt(const StoredRemedy& remedy, const PathDevice* device) {
  if (!device) {
    hooks_.problem(fmt::format("{}: a remedy is kept for this device, which is not there now", remedy.device.name));
    return;
  }
  Verdict verdict;
  verdict.device = device->link.name;
  verdict.ifindex = device->link.ifindex;
  verdict.culprits = remedy.off;
  verdict.text = remedy.because.text;
  verdict.fault = remedy.because.fault;
  if (const auto problem = engine_.healer().adopt(device->link.ifindex, verdict, remedy.before, steady_clock::now()))
    hooks_.problem(*problem);
  history_.adopted(remedy, device->link.ifindex);
  first_seen_.try_emplace(device->link.ifindex, remedy.before);
}

// --- sources ---

void LiveVerifier::Worker::allow_probes(const LiveVerifierOptions& options) {
  if (options.mode == HealerMode::kOff) return probes_.allow({}, "the verifier is off");
  std::set<std::string> names;
  for (const std::string& wire : options.wire)
    if (wire.starts_with(kProbeWire)) names.insert(wire.substr(kProbeWire.size()));
  probes_.allow(std::move(names), "the configuration names no such probe in wire of [verify]");
}

void LiveVerifier::Worker::open_vantages() {
  probes_.forget_vantages();
  decoys_.forget_probes();
  vantages_.clear();
  const VantageHandlers handlers{
      .copies =
          [this](std::span<const Copy> copies, const std::string& vantage) {
            std::vector<Copy> rest;
            if (std::ranges::any_of(copies, [&](const Copy& copy) { return is_beside_decoys(copy.segment); })) {
              for (const Copy& copy : copies)
                if (!is_beside_decoys(copy.segment)) rest.push_back(copy);
              copies = rest;
            }
            engine_.on_wire(copies, vantage, steady_clock::now());
            publish();
          },
      .blind = [this](Blindness blindness) { engine_.on_blind(blindness, false, steady_clock::now()); }};
  const std::vector<std::string> wires = options_.mode == HealerMode::kOff ? std::vector<std::string>{} : options_.wire;
  for (const std::string& wire : wires) {
    const std::size_t colon = wire.find(':');
    const std::string kind = wire.substr(0, colon), where = wire.substr(colon + 1);
    if (wire.starts_with(kProbeWire)) {
      auto probe = std::make_unique<Probe>(where, handlers);
      probes_.set_vantage(where, probe.get());
      decoys_.add_probe(where, *probe);
      vantages_.push_back(std::move(probe));
    } else if (kind == "pcap")
      vantages_.push_back(std::make_unique<CaptureFollower>(where, handlers));
    else
      vantages_.push_back(std::make_unique<Mirror>(io_, where, handlers));
  }
  check_sources();
}

void LiveVerifier::Worker::check_sources() {
  next_check_ = steady_clock::now() + kCheckEvery;
  bool any = false;
  for (const auto& vantage : vantages_) {
    vantage->check(paths_, offloads_);
    any |= vantage->working();
    tell_once(vantage->name(), vantage->working() ? "" : vantage->status().problem);
  }
  engine_.set_has_vantage(any);
  look_after_decoys(steady_clock::now());
  if (options_.mode == HealerMode::kOff) return;
  forwarding_.sample(paths_, steady_clock::now());
  for (const auto& [ifindex, device] : paths_.devices())
    if (const auto sample = take_sending_sample(device.link.name)) history_.sent(ifindex, *sample, steady_clock::now());
}

// Every new problem of a source once; that it is over is not worth a line.
void LiveVerifier::Worker::tell_once(const std::string& source, const std::string& problem) {
  std::string& told = told_[source];
  if (told != problem && !problem.empty()) hooks_.problem(fmt::format("{}: {}", source, problem));
  told = problem;
}

void LiveVerifier::Worker::resolve_paths() {
  next_resolve_ = steady_clock::now() + kResolveEvery;
  std::vector<PeerSpec> specs;
  if (options_.mode != HealerMode::kOff)
    for (const KeyedPeer& peer : peers_)
      if (is_watched(peer)) specs.push_back(peer.peer);
  decoy_destinations_ = decoys_.destinations();
  specs.insert(specs.end(), decoy_destinations_.begin(), decoy_destinations_.end());
  paths_.resolve(specs);
  open_taps();
}

void LiveVerifier::Worker::open_taps() {
  std::erase_if(taps_, [&](const auto& entry) {
    if (paths_.devices().contains(entry.first)) return false;
    entry.second->stop();
    engine_.on_device_gone(entry.first, steady_clock::now());
    feature_watch_.forget(entry.first);
    return true;
  });
  tap_problems_.clear();
  for (const auto& [ifindex, device] : paths_.devices())
    if (!taps_.contains(ifindex)) open_tap(ifindex, device);
  publish();
}

void LiveVerifier::Worker::open_tap(unsigned ifindex, const PathDevice& device) {
  TapRequest request;
  request.ifindex = ifindex;
  request.filter.packet_too_big = true;
  request.filter.ports.push_back(kDecoyPort);
  auto opened = TapReader::open(
      io_, request,
      {.frames = [this, mtu = device.link.mtu](auto frames) { on_host_frames(frames, mtu); },
       .blind = [this](Blindness blindness) { engine_.on_blind(blindness, true, steady_clock::now()); },
       .failed = [this, ifindex](const std::string&) { engine_.on_device_gone(ifindex, steady_clock::now()); }});
  const std::string source = "tap " + device.link.name;
  if (auto* problem = std::get_if<std::string>(&opened)) {
    tell_once(source, *problem);
    tap_problems_[ifindex] = std::move(*problem);
    return;
  }
  tell_once(source, "");
  taps_[ifindex] = std::get<std::shared_ptr<TapReader>>(std::move(opened));
  feature_watch_.watch(ifindex);
  if (auto features = offloads_.read(ifindex); std::holds_alternative<DeviceFeatures>(features))
    first_seen_.try_emplace(ifindex, std::get<DeviceFeatures>(std::move(features)));
}

void LiveVerifier::Worker::on_host_frames(std::span<const TapFrame> frames, std::size_t mtu) {
  copies_.clear();
  const TimePoint now = steady_clock::now();
  for (const TapFrame& frame : frames) {
    const auto parsed = parse_segment(frame.octets, frame.link);
    if (const auto* segment = std::get_if<Segment>(&parsed)) {
      if (is_beside_decoys(*segment)) continue;
      const bool segmented =
          frame.vnet.segmentation == Segmentation::kTcp4 || frame.vnet.segmentation == Segmentation::kTcp6;
      copies_.push_back({.copy = {.segment = *segment,
                                  .frame = frame.octets,
                                  .link = frame.link,
                                  .at = frame.at,
                                  .ifindex = frame.ifindex,
                                  .gso_size = segmented ? frame.vnet.segment_octets : std::uint16_t{0},
                                  .checksum_unfinished = frame.vnet.needs_checksum,
                                  .mtu = frame.outgoing ? 0 : mtu},
                         .outgoing = frame.outgoing});
    } else if (const auto too_big = parse_packet_too_big(frame.octets, frame.link); too_big && !frame.outgoing) {
      engine_.on_too_big(too_big->destination, now);
    }
  }
  if (!copies_.empty()) engine_.on_host(copies_, now);
  publish();
}

// --- waiting ---

void LiveVerifier::Worker::wait_for_paths() {
  if (path_watch_.error()) return;
  if (!path_descriptor_.is_open()) path_descriptor_.assign(path_watch_.fd());
  path_descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                              [this](const boost::system::error_code& error) {
                                if (error) return;
                                const PathChange change = path_watch_.drain();
                                for (const auto& [ifindex, count] : change.flapped)
                                  engine_.on_device_gone(ifindex, steady_clock::now());
                                if (!change.empty())
                                  next_resolve_ = std::min(next_resolve_, steady_clock::now() + kLongestWait);
                                wait_for_paths();
                              });
}

void LiveVerifier::Worker::wait_for_features() {
  if (feature_watch_.error()) return;
  if (!feature_descriptor_.is_open()) feature_descriptor_.assign(feature_watch_.fd());
  feature_descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                 [this](const boost::system::error_code& error) {
                                   if (error) return;
                                   feature_watch_.drain([this](const FeatureWatch::Change& change) {
                                     engine_.on_features_changed(change.ifindex, steady_clock::now());
                                   });
                                   publish();
                                   wait_for_features();
                                 });
}

void LiveVerifier::Worker::wait_for_deadline() {
  const TimePoint now = steady_clock::now();
  timer_.expires_at(std::clamp(engine_.deadline(), now + kShortestWait, now + kLongestWait));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const TimePoint then = steady_clock::now();
    if (then >= next_check_) check_sources();
    if (then >= next_resolve_) resolve_paths();
    for (const auto& vantage : vantages_) vantage->poll();
    engine_.tick(then);
    publish();
    wait_for_deadline();
  });
}

void LiveVerifier::Worker::publish() {
  Engine::News news = engine_.take();
  for (const Verdict& verdict : news.verdicts) {
    const HistoryEntry& entry = history_.add(verdict, wall(verdict.at));
    hooks_.concluded(verdict);
    for (const auto& [id, watcher] : watchers_) watcher(entry);
    if (preflight_.second) preflight_.second->concluded(verdict);
  }
  for (const address& peer : news.solicit) hooks_.solicit(peer);
  for (const DecoyNeed& need : news.decoys) decoys_.provoke(need, steady_clock::now());
}

WallTime LiveVerifier::Worker::wall(TimePoint at) const {
  return std::chrono::system_clock::now() -
         std::chrono::duration_cast<std::chrono::system_clock::duration>(steady_clock::now() - at);
}

}  // namespace tw::tcpmd5
