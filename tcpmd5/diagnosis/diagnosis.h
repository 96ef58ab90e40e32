// From findings to suspicions: which runs of damage a trial could tell more about, and which are told as they are.
//
// Pure: findings, stuck flows and valid segments go in; suspicions, verdicts that need no trial, and outcomes for
// running trials come out. Not thread-safe; owned by the verifier's thread. Memory: one small record per peer and
// fault.
#pragma once

#include "tcpmd5/diagnosis/acceptance.h"
#include "tcpmd5/diagnosis/fault_table.h"
#include "tcpmd5/healer/verdict.h"
#include "tcpmd5/verify/finding.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tw::tcpmd5 {

// What carries a tap's device: where a flip must go.
struct LowestDevice {
  unsigned ifindex = 0;
  std::string name;
  bool out_of_sight = false;  // what lies below is in another namespace: a hypervisor's or container's host
  bool resets_on_change = false;
};

struct PeerOutcome {
  unsigned ifindex = 0;  // the lowest device
  boost::asio::ip::address peer;
  Outcome outcome;
};

struct Conclusions {
  std::vector<Suspicion> suspicions;
  std::vector<Verdict> verdicts;  // kReported, or kUndecidable: no trial could tell
  std::vector<PeerOutcome> outcomes;
};

class Diagnosis {
 public:
  static constexpr std::chrono::seconds kRunEnds{120};      // without another finding
  static constexpr std::chrono::seconds kTellAgain{600};    // the same fault of the same peer
  static constexpr std::size_t kRemembered = 128;           // valid wire copies, of each peer
  static constexpr std::size_t kMaxDifferent = 64;          // sequence numbers remembered of one run
  static constexpr std::chrono::seconds kVantageFresh{10};  // how long a valid wire copy speaks for the present
  // So long it may take to show whether the peer took what a vantage showed as damaged, before the vantage is believed.
  static constexpr std::chrono::milliseconds kAnswerBy{1'000}, kLookAgain{50};

  // `lowest_device`: what carries a tap's device; by the peer's route where a finding knows no device (0).
  using FindDevice = std::function<LowestDevice(unsigned ifindex, const boost::asio::ip::address& peer)>;
  // What became of an octet of a flow: the peer acknowledged it after a single transmission, it had to be sent again,
  // or that does not show yet. Empty: nobody knows.
  enum class Fate : std::uint8_t { kUnknown, kTaken, kSentAgain };
  using WasTaken = std::function<Fate(const FlowId& flow, std::uint32_t sequence)>;
  explicit Diagnosis(FindDevice lowest_device, WasTaken was_taken = {});

  void found(const Finding& finding, TimePoint now);
  void stuck(const Stuck& stuck, TimePoint now);
  void accepted(const FlowOutcome& outcome);
  // Validly signed segments that came from the peer over the device since `since`.
  void received_valid(unsigned ifindex, const boost::asio::ip::address& peer, std::size_t count, TimePoint since);
  void tick(TimePoint now);
  TimePoint deadline() const;  // when tick() next has something to do
  Conclusions take() { return std::exchange(conclusions_, {}); }

 private:
  // Findings of one class towards one peer that belong together.
  struct Run {
    TimePoint first_at, last_at;
    int bad = 0, good = 0;                  // of this kind, seen since the first bad one was
    std::set<std::uint32_t> bad_sequences;  // a retransmission fails for what its first transmission failed for
    std::size_t min_payload = 0;            // octets, of the bad ones
    bool only_syns = true;
    bool only_sequence = true;       // nothing but sequence numbers was changed
    TimePoint told_at;               // the epoch: never
    TimePoint look_at;               // while it waits: when next
    std::optional<Finding> waiting;  // the last one, while the peer may still show that it took the segments
  };
  struct ValidCopy {
    TimePoint at;
    std::uint32_t sequence = 0;
    std::size_t payload = 0;  // octets
  };
  struct Peer {
    std::map<FaultClass, Run> runs;
    TimePoint valid_on_wire_at, damaged_on_wire_at, lost_on_wire_at, valid_received_at;  // the epoch: never
    bool non_syn_passed = false;                 // a wire copy other than of a SYN was valid
    std::array<ValidCopy, kRemembered> valid{};  // the last ones on the wire
    std::size_t valid_count = 0;
    std::span<const ValidCopy> last_valid() const { return std::span(valid).first(std::min(valid_count, kRemembered)); }
    TimePoint software_at;  // a reference copy was bad: that explains what is refused; the epoch: never
    TimePoint stuck_at;     // what is sent was refused, or seen to be damaged; the epoch: never
    std::map<Refusal, TimePoint> refusal_told_at;
  };

  void found_valid(const Finding& finding);
  void conclude_run(Peer& peer, Run& run, const Finding& finding, TimePoint now);
  bool is_enough(const Run& run, const Finding& finding) const;
  void try_it(Peer& peer, Run& run, const Finding& finding);
  Fate fate_of(const Run& run, const Finding& finding) const;
  void report(Run& run, const Finding& finding, std::string_view why, TimePoint now);
  Suspicion suspicion(const Run& run, const Finding& finding) const;
  void tell_refusal(Peer& peer, const Stuck& stuck, Confidence confidence, std::string_view why, TimePoint now);

  FindDevice lowest_device_;
  WasTaken was_taken_;
  std::size_t waiting_ = 0;  // runs that wait
  std::map<boost::asio::ip::address, Peer> peers_;
  Conclusions conclusions_;
};

}  // namespace tw::tcpmd5
