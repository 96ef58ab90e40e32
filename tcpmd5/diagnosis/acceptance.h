// Whether a peer accepts what we send, told by its acknowledgments: the judge where no vantage sees the wire.
//
// Fed by the host's own taps: every segment handed to the NIC, and every validly signed segment that came back. A peer
// drops a bad segment without a word (RFC 2385 §2), so what shows is an octet that is sent again and again while the
// peer is alive and its window is open. That says that something refuses, not what: loss, a middlebox or the peer look
// the same, and only a trial can tell.
//
// Pure; not thread-safe; O(1) per segment, amortised. At most kMaxFlows flows and kMaxInFlight segments each are
// remembered; beyond that the oldest flow is forgotten.
#pragma once

#include "tcpmd5/flow_id.h"
#include "tcpmd5/healer/trial.h"
#include "tcpmd5/segment.h"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace tw::tcpmd5 {

// How a flow is stuck.
enum class Refusal : std::uint8_t {
  kNeverUp,  // SYNs or SYN-ACKs are not answered, though the peer is alive
  kFrozen,   // nothing from one octet on is acknowledged
  kTrickle,  // most of what is sent gets through only when it is sent again
  kLossy,    // some of it does
};
std::string_view to_string(Refusal refusal);

// A flow is stuck, and its peer is known to be alive.
struct Stuck {
  Refusal refusal{};
  FlowId flow;
  unsigned ifindex = 0;
  TimePoint since;                        // when what is refused was first sent
  std::optional<std::uint32_t> sequence;  // of what is refused, where it is one segment
  TrafficKind kind;
  std::string text;  // one line for people
};

struct FlowOutcome {
  FlowId flow;
  unsigned ifindex = 0;
  Outcome outcome;
};

struct AcceptanceNews {
  std::vector<FlowOutcome> outcomes;
  std::vector<Stuck> stuck;  // once per flow and kind of refusal, until it moves again
};

class Acceptance {
 public:
  // A transmission without an answer by then has been refused or lost.
  static constexpr std::chrono::milliseconds kAnswerBy{400};
  static constexpr int kTries = 3;        // transmissions of one octet without an answer: frozen
  static constexpr int kTriesSacked = 5;  // the same where later octets arrived: loss is likelier then
  static constexpr int kSynTries = 2;     // of a SYN: their intervals are seconds
  static constexpr int kMostOf = 8;       // first tries of which three in four were refused: trickle
  static constexpr int kRateOver = 16;    // first tries that a rate is taken over
  static constexpr int kSomeOf = 64;      // segments of which one in kLossyOne was sent again: lossy
  static constexpr int kLossyOne = 12;
  static constexpr std::chrono::milliseconds kOneGoodIn{50};  // acknowledgments closer than that are one event
  static constexpr std::size_t kMaxFlows = 4096, kMaxInFlight = 16384, kMaxAgain = 64;

  void sent(const Segment& segment, unsigned ifindex, TimePoint at);
  // REQUIRES: the segment's signature is valid.
  void received(const Segment& segment, TimePoint at);
  // A router says that it cannot pass what we send ("fragmentation needed"): what follows is no refusal.
  void too_big(const boost::asio::ip::address& peer, TimePoint at);
  // What has come up since the last call.
  AcceptanceNews take(TimePoint now);
  // The peer acknowledged this octet, which was sent only once: so it took that very transmission. False also where too
  // long ago to be remembered.
  bool was_taken_at_first(const FlowId& id, std::uint32_t sequence) const;
  // This octet was sent more than once, as far as that is remembered.
  bool was_sent_again(const FlowId& id, std::uint32_t sequence) const;
  // When take() next has something that time alone brings.
  TimePoint next_due() const;
  void forget(const boost::asio::ip::address& peer);

 private:
  struct Flight {
    std::uint32_t begin = 0, end = 0;  // sequence numbers; SYN and FIN count as one
    std::size_t payload = 0;
    bool syn = false;
    bool burst = false;  // the last of several sent at once: it gets through only if all do
    int tries = 0;
    TimePoint first_sent, last_sent;
    bool judged = false;  // its last transmission was told to have been refused
  };
  // Of the last ones or so: how many were sent, and how many of them had to be sent again.
  struct FirstTries {
    int all = 0, refused = 0;
    void count(bool was_refused);
    double rate() const { return (refused + 0.5) / (all + 1.5); }  // never quite certain after few
    bool mostly_refused() const { return all >= kMostOf && 4 * refused >= 3 * all; }
  };
  // Of the last kSomeOf or so that were acknowledged: how many had been sent more than once.
  struct Repeats {
    int all = 0, repeated = 0;
    void count(bool was_repeated);
    bool many() const { return all >= kSomeOf && repeated * kLossyOne >= all; }
  };
  struct Flow {
    unsigned ifindex = 0;
    std::deque<Flight> in_flight;                               // by sequence
    std::uint32_t window = 1;                                   // the peer's, as last said; before scaling
    std::uint32_t first = 0, acknowledged = 0;                  // of the octets seen: from … on, and up to …
    std::deque<std::pair<std::uint32_t, std::uint32_t>> again;  // what was sent more than once; the newest kMaxAgain
    bool sacked = false;                                        // later octets arrived: the head was lost, not refused
    bool told_frozen = false, told_trickle = false, told_lossy = false;
    FirstTries singles, bursts;
    Repeats repeats;
    TimePoint good_told_at;  // see kOneGoodIn
    TimePoint last_seen;     // of either direction
    TimePoint alive_at;      // of a validly signed segment
  };
  struct Peer {
    TimePoint alive_at;  // last validly signed segment, of any flow
    TimePoint too_big_at;
  };

  void judge(const FlowId& id, Flow& flow, TimePoint now);
  void acknowledge(const FlowId& id, Flow& flow, std::uint32_t until, TimePoint at);
  void accepted(const FlowId& id, Flow& flow, const Flight& flight, TimePoint at);
  void refused(const FlowId& id, Flow& flow, Flight& flight);
  void sent_again(const FlowId& id, Flow& flow, std::uint32_t begin, std::uint32_t end, TimePoint at);
  bool is_frozen(const FlowId& id, const Flow& flow) const;
  void tell_frozen(const FlowId& id, const Flow& flow);
  void tell_trickle(const FlowId& id, Flow& flow);
  void tell_lossy(const FlowId& id, const Flow& flow);
  Flow& flow_for(const FlowId& id);

  std::map<FlowId, Flow> flows_;
  std::map<boost::asio::ip::address, Peer> peers_;
  AcceptanceNews news_;
};

}  // namespace tw::tcpmd5
