// The verifier as a whole, without a clock, a socket or a thread: copies of segments go in, flips go to the Offloads,
// and what is to be told comes out.
//
// Ties together Verifier (what is wrong with one segment), Acceptance (what does the peer acknowledge), Diagnosis (what
// do runs of that mean) and Healer (which knob is guilty). Not thread-safe; owned by the verifier's thread. Everything
// can be replayed from a record of its calls.
#pragma once

#include "tcpmd5/diagnosis/acceptance.h"
#include "tcpmd5/diagnosis/diagnosis.h"
#include "tcpmd5/diagnosis/forwarding.h"
#include "tcpmd5/healer/healer.h"
#include "tcpmd5/verify/verifier.h"

#include <boost/asio/ip/address.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tw::tcpmd5 {

// A copy from this host's own tap.
struct HostCopy {
  Copy copy;
  bool outgoing = false;
};

// What the speaker says of a session; the verifier knows no BGP.
struct SessionState {
  bool established = false;
  std::chrono::seconds hold_time{90};  // the peer's patience; 0: endless
};
using Sessions = std::map<boost::asio::ip::address, SessionState>;

// What is remembered of one peer for people.
struct PeerMemory {
  std::array<std::uint64_t, kFaultClasses> findings{};  // by FaultClass; of kNone none are counted
  std::optional<Finding> last_fault;
  std::deque<Finding> evidence;  // with segments; at most kMaxEvidence, the newest last
  std::optional<Verdict> last_verdict;
  std::optional<TimePoint> last_accepted;  // when it last acknowledged something new
  unsigned ifindex = 0;                    // the lowest device that its segments leave by
  static constexpr std::size_t kMaxEvidence = 64;
};

class Engine {
 public:
  static constexpr std::size_t kMaxPeers = 16384;  // remembered; who comes later is checked, but not remembered

  Engine(Offloads& offloads, Journal& journal, Diagnosis::FindDevice lowest_device, HealerOptions options = {});

  void set_peers(const std::vector<KeyedPeer>& peers);
  void set_sessions(Sessions sessions) { sessions_ = std::move(sessions); }
  void set_has_vantage(bool has_vantage);
  void set_mode(HealerMode mode) { healer_.set_mode(mode); }

  // In the order in which the tap saw them.
  void on_host(std::span<const HostCopy> copies, TimePoint now);
  void on_wire(std::span<const Copy> copies, std::string_view vantage, TimePoint now);
  void on_blind(Blindness blindness, bool of_references, TimePoint now) {
    verifier_.blind(blindness, of_references, now);
  }
  // A router says that it cannot pass what we send to the peer.
  void on_too_big(const boost::asio::ip::address& peer, TimePoint now) { acceptance_.too_big(peer, now); }
  void on_features_changed(unsigned ifindex, TimePoint now);
  void on_device_gone(unsigned ifindex, TimePoint now);
  void tick(TimePoint now);
  TimePoint deadline() const;
  // Puts back what trials changed.
  void stop(TimePoint now);

  struct News {
    std::vector<Verdict> verdicts;
    std::set<boost::asio::ip::address> solicit;  // towards whom something should be sent now
    std::vector<DecoyNeed> decoys;               // the same, of decoys
  };
  News take() { return std::exchange(news_, {}); }

  Healer& healer() { return healer_; }
  ForwardingWatch& forwarding() { return forwarding_; }
  const Verifier& verifier() const { return verifier_; }
  const std::map<boost::asio::ip::address, PeerMemory>& peers() const { return peers_; }

 private:
  static constexpr std::chrono::milliseconds kJudgeEvery{10};  // flows, while batches come in quickly
  // Whom a batch's segments are sent to or come from, and over which device.
  struct Remote {
    boost::asio::ip::address peer;
    unsigned tap = 0;  // ifindex; 0: nobody yet
    bool keyed = false;
    PeerMemory* memory = nullptr;  // once something was sent to it
    std::size_t valid = 0;         // how many it sent that were validly signed …
    TimePoint valid_since;         // … and when the first of them came
  };
  static constexpr std::size_t kRemotes = 16;
  Remote& remote_of(const boost::asio::ip::address& peer, unsigned tap);
  void conclude_valid(Remote& remote);
  void judge_acceptance(std::span<const HostCopy> copies, std::span<const Signature> of_received);
  PeerMemory* memory_of(const boost::asio::ip::address& address);
  void take_findings(std::vector<Finding>& findings, TimePoint now);
  void settle(TimePoint now);
  void settle_conclusions(TimePoint now);
  bool may_break(unsigned ifindex, TimePoint now) const;

  Verifier verifier_;
  Acceptance acceptance_;
  Diagnosis diagnosis_;
  ForwardingWatch forwarding_;
  Healer healer_;
  Diagnosis::FindDevice lowest_device_;
  std::map<boost::asio::ip::address, PeerMemory> peers_;
  Sessions sessions_;
  News news_;
  TimePoint judged_at_;
  std::array<Remote, kRemotes> remotes_;  // of the batch at hand; two that share a place take turns
  // Of the batch at hand; kept for their memory.
  std::vector<Copy> sent_, received_;
  std::vector<Finding> findings_;
};

}  // namespace tw::tcpmd5
