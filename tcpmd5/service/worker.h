// What runs on the verifier's thread. Everything here is called there, in handlers of the io_context.
#pragma once

#include "tcpmd5/offload/ethtool_offloads.h"
#include "tcpmd5/offload/path_watch.h"
#include "tcpmd5/service/capture_follower.h"
#include "tcpmd5/service/decoys.h"
#include "tcpmd5/service/forwarding_look.h"
#include "tcpmd5/service/history.h"
#include "tcpmd5/service/live_verifier.h"
#include "tcpmd5/service/mirror.h"
#include "tcpmd5/service/paths.h"
#include "tcpmd5/service/preflight_run.h"
#include "tcpmd5/service/probes.h"
#include "tcpmd5/service/tap_reader.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tw::tcpmd5 {

class LiveVerifier::Worker {
 public:
  Worker(LiveVerifierOptions options, LiveVerifierHooks hooks);
  ~Worker();

  // A question, from any thread. False: too many wait already, and this one is dropped.
  template <class Call>
  bool post(Call call);
  // What must not be lost, from any thread. Its callers are few, and each change supersedes the one before.
  template <class Call>
  void must_post(Call call) {
    boost::asio::post(io_, [this, call = std::move(call)]() mutable { call(*this); });
  }

  void set_peers(std::vector<KeyedPeer> peers);
  void set_sessions(Sessions sessions);
  void reconfigure(const LiveVerifierOptions& options);
  VerifyStatus status();
  std::vector<HistoryEntry> history(std::size_t limit);
  std::vector<RemedyStatus> remedies();
  std::string undo(const std::string& device);
  std::vector<std::uint8_t> capture(const boost::asio::ip::address& peer);
  std::uint64_t next_watch() { return last_watch_.fetch_add(1) + 1; }  // any thread
  void watch(std::uint64_t id, std::function<void(const HistoryEntry&)> on_entry) {
    watchers_[id] = std::move(on_entry);
  }
  void end_watch(std::uint64_t id) { watchers_.erase(id); }
  void preflight(std::uint64_t id, PreflightAsked asked, std::function<void(const PreflightNews&)> on_news);
  void end_preflight(std::uint64_t id);
  Probes& probes() { return probes_; }                    // any thread
  void allow_probes(const LiveVerifierOptions& options);  // any thread

 private:
  static constexpr std::chrono::milliseconds kLongestWait{250}, kShortestWait{5};
  static constexpr std::chrono::seconds kCheckEvery{1}, kResolveEvery{30};
  using TimePoint = std::chrono::steady_clock::time_point;

  void run();
  void open_store();
  void adopt(const StoredRemedy& remedy, const PathDevice* device);
  void open_vantages();
  void resolve_paths();
  bool is_watched(const KeyedPeer& peer) const;
  void open_taps();
  void open_tap(unsigned ifindex, const PathDevice& device);
  void on_host_frames(std::span<const TapFrame> frames, std::size_t mtu);
  void wait_for_paths();
  void wait_for_features();
  void wait_for_deadline();
  void check_sources();
  void tell_engine_of_peers();
  void look_after_decoys(TimePoint now);
  bool is_beside_decoys(const Segment& segment) const;
  void publish();
  void tell_once(const std::string& source, const std::string& problem);
  PeerVerification verification_of(const PeerSpec& peer, const boost::asio::ip::address& address);
  std::vector<KnobStatus> knobs_of(unsigned ifindex);
  WallTime wall(TimePoint at) const;

  LiveVerifierOptions options_;
  LiveVerifierHooks hooks_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{io_.get_executor()};
  EthtoolOffloads offloads_;
  Paths paths_;
  History history_;
  Engine engine_;
  PathWatch path_watch_;
  FeatureWatch feature_watch_;
  boost::asio::posix::stream_descriptor path_descriptor_, feature_descriptor_;
  boost::asio::steady_timer timer_;
  std::vector<KeyedPeer> peers_;
  std::set<boost::asio::ip::address> established_;  // sessions
  std::vector<HostCopy> copies_;                    // of the frames at hand; kept for its memory
  std::map<unsigned, std::shared_ptr<TapReader>> taps_;
  std::map<unsigned, std::string> tap_problems_;
  std::map<unsigned, DeviceFeatures> first_seen_;  // of each device
  // What a flood of changes costs is bounded: sources are looked at when the timer comes round.
  Probes probes_{io_, [this] { next_check_ = {}; }};
  std::vector<std::unique_ptr<Vantage>> vantages_;
  Decoys decoys_{io_, paths_, [this] { tell_engine_of_peers(); }};
  std::vector<PeerSpec> decoy_destinations_;                             // whose paths are known
  std::set<boost::asio::ip::address> decoys_only_;                       // that are no neighbours
  std::pair<std::uint64_t, std::shared_ptr<PreflightRun>> preflight_{};  // with its id; null: none runs
  ForwardingLook forwarding_{io_, engine_.forwarding()};
  std::map<std::string, std::string> told_;  // problems, by source
  std::map<std::uint64_t, std::function<void(const HistoryEntry&)>> watchers_;
  std::atomic<std::uint64_t> last_watch_ = 0;
  TimePoint next_check_{}, next_resolve_{};
  std::atomic<std::size_t> pending_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;  // questions that came when too many waited
  std::thread thread_;
};

template <class Call>
bool LiveVerifier::Worker::post(Call call) {
  if (pending_.fetch_add(1) >= kMaxPending) {
    pending_.fetch_sub(1);
    refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  boost::asio::post(io_, [this, call = std::move(call)]() mutable {
    pending_.fetch_sub(1);
    call(*this);
  });
  return true;
}

}  // namespace tw::tcpmd5
