#include "tcpmd5/diagnosis/acceptance.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tw::tcpmd5 {

namespace {

constexpr std::chrono::milliseconds kSameBurst{50};
constexpr std::uint8_t kSackOption = 5;  // RFC 2018 §3
constexpr std::uint16_t kBgpPort = 179;
// What is refused again and again is refused for what it is, however much else got through.
constexpr double kFrozenRate = 0.5;

// Sequence numbers wrap (RFC 9293 §3.4).
bool before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

bool has_option(Octets options, std::uint8_t kind) {
  for (std::size_t at = 0; at < options.size();) {
    if (options[at] == kind) return true;
    if (options[at] == 0) return false;
    const std::size_t length = options[at] == 1 ? 1 : at + 1 < options.size() ? options[at + 1] : 0;
    if (length == 0) return false;
    at += length;
  }
  return false;
}

}  // namespace

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNeverUp: return "never up";
    case Refusal::kFrozen: return "frozen";
    case Refusal::kTrickle: return "trickle";
    case Refusal::kLossy: return "lossy";
  }
  return "";
}

Acceptance::Flow& Acceptance::flow_for(const FlowId& id) {
  if (const auto found = flows_.find(id); found != flows_.end()) return found->second;
  if (flows_.size() >= kMaxFlows)
    flows_.erase(std::ranges::min_element(flows_, {}, [](const auto& entry) { return entry.second.last_seen; }));
  return flows_[id];
}

void Acceptance::sent(const Segment& segment, unsigned ifindex, TimePoint at) {
  const FlowId id = flow_of_sent(segment);
  const bool syn = (segment.flags & tcp_flag::kSyn) != 0;
  if ((segment.flags & tcp_flag::kRst) != 0) {
    flows_.erase(id);
    return;
  }
  const auto fin = static_cast<std::uint32_t>((segment.flags & tcp_flag::kFin) != 0);
  const auto length = static_cast<std::uint32_t>(segment.payload.size()) + static_cast<std::uint32_t>(syn) + fin;
  if (length == 0) return;  // a bare acknowledgment is not acknowledged
  Flow& flow = flow_for(id);
  flow.ifindex = ifindex;
  flow.last_seen = at;
  const std::uint32_t begin = segment.sequence, end = begin + length;
  // A SYN with a new number: the ports are used for a new connection.
  if (syn && !flow.in_flight.empty() && flow.in_flight.front().begin != begin) {
    flow = {};
    flow.ifindex = ifindex;
    flow.last_seen = at;
  }
  if (!flow.in_flight.empty() && before(begin, flow.in_flight.back().end)) {
    sent_again(id, flow, begin, end, at);
    return;
  }
  if (flow.first == flow.acknowledged && flow.in_flight.empty()) flow.first = flow.acknowledged = begin;
  if (flow.in_flight.size() >= kMaxInFlight) return;
  const bool burst = !flow.in_flight.empty() && at - flow.in_flight.back().last_sent < kSameBurst;
  if (burst) flow.in_flight.back().burst = false;  // no longer the last
  flow.in_flight.push_back({.begin = begin,
                            .end = end,
                            .payload = segment.payload.size(),
                            .syn = syn,
                            .burst = burst,
                            .tries = 1,
                            .first_sent = at,
                            .last_sent = at});
}

void Acceptance::sent_again(const FlowId& id, Flow& flow, std::uint32_t begin, std::uint32_t end, TimePoint at) {
  if (flow.again.size() >= kMaxAgain) flow.again.pop_front();
  flow.again.emplace_back(begin, end);
  for (Flight& flight : flow.in_flight) {
    if (!before(flight.begin, end)) break;
    if (!before(begin, flight.end)) continue;
    // Only the oldest says something: what lies behind it may have arrived.
    if (&flight == &flow.in_flight.front()) refused(id, flow, flight);
    if (flight.burst && flight.tries == 1 && !flow.sacked && !flight.judged) flow.bursts.count(true);
    ++flight.tries;
    flight.last_sent = at;
    flight.judged = false;
  }
}

void Acceptance::FirstTries::count(bool was_refused) {
  if (all >= kRateOver) {
    all /= 2;
    refused /= 2;
  }
  ++all;
  refused += was_refused ? 1 : 0;
}

void Acceptance::Repeats::count(bool was_repeated) {
  if (all >= 2 * kSomeOf) {
    all /= 2;
    repeated /= 2;
  }
  ++all;
  repeated += was_repeated ? 1 : 0;
}

// Where later octets arrived, a first try was rather lost; one that fails again and again was not.
void Acceptance::refused(const FlowId& id, Flow& flow, Flight& flight) {
  if (std::exchange(flight.judged, true) || (flow.sacked && flight.tries == 1)) return;
  if (flight.tries == 1) (flight.burst ? flow.bursts : flow.singles).count(true);
  news_.outcomes.push_back({id,
                            flow.ifindex,
                            {.judge = Judge::kAcceptance,
                             .sent_at = flight.last_sent,
                             .good = false,
                             .syn = flight.syn,
                             .burst = flight.burst,
                             .payload = flight.payload}});
}

// What got through only when it was sent again says nothing: a retransmission is another segment than the first.
void Acceptance::accepted(const FlowId& id, Flow& flow, const Flight& flight, TimePoint at) {
  if (flight.tries > 1) return;
  (flight.burst ? flow.bursts : flow.singles).count(false);
  if (!flight.burst && at - flow.good_told_at < kOneGoodIn) return;
  flow.good_told_at = at;
  news_.outcomes.push_back({id,
                            flow.ifindex,
                            {.judge = Judge::kAcceptance,
                             .sent_at = flight.last_sent,
                             .good = true,
                             .syn = flight.syn,
                             .burst = flight.burst,
                             .payload = flight.payload}});
}

void Acceptance::acknowledge(const FlowId& id, Flow& flow, std::uint32_t until, TimePoint at) {
  bool moved = false;
  while (!flow.in_flight.empty() && !before(until, flow.in_flight.front().end)) {
    accepted(id, flow, flow.in_flight.front(), at);
    flow.repeats.count(flow.in_flight.front().tries > 1);
    flow.in_flight.pop_front();
    moved = true;
  }
  if (!flow.in_flight.empty() && before(flow.in_flight.front().begin, until)) {
    flow.in_flight.front().begin = until;
    flow.in_flight.front().tries = 1;
    moved = true;
  }
  if (!moved) return;
  flow.sacked = flow.told_frozen = false;
  flow.acknowledged = until;
}

bool Acceptance::was_taken_at_first(const FlowId& id, std::uint32_t sequence) const {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return false;
  const Flow& flow = found->second;
  if (before(sequence, flow.first) || !before(sequence, flow.acknowledged)) return false;
  // What was forgotten of `again` lies before what is remembered.
  if (flow.again.size() >= kMaxAgain && before(sequence, flow.again.front().first)) return false;
  return !was_sent_again(id, sequence);
}

bool Acceptance::was_sent_again(const FlowId& id, std::uint32_t sequence) const {
  const auto found = flows_.find(id);
  return found != flows_.end() && std::ranges::any_of(found->second.again, [&](const auto& range) {
           return !before(sequence, range.first) && before(sequence, range.second);
         });
}

void Acceptance::received(const Segment& segment, TimePoint at) {
  const FlowId id = flow_of_received(segment);
  peers_[segment.source].alive_at = at;
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  if ((segment.flags & tcp_flag::kRst) != 0) {
    flows_.erase(found);
    return;
  }
  Flow& flow = found->second;
  flow.last_seen = flow.alive_at = at;
  if ((segment.flags & tcp_flag::kAck) == 0) return;
  flow.window = segment.window;
  if (has_option(segment.options, kSackOption)) flow.sacked = true;
  acknowledge(id, flow, segment.acknowledgment, at);
}

void Acceptance::too_big(const boost::asio::ip::address& peer, TimePoint at) { peers_[peer].too_big_at = at; }

void Acceptance::forget(const boost::asio::ip::address& peer) {
  peers_.erase(peer);
  std::erase_if(flows_, [&](const auto& entry) { return entry.first.remote == peer; });
}

// The peer lives, its window is open, no router complained: and still no answer.
// What it says on this connection shows that the peer lives; so does a connection beside it, if a little less well: the
// peer may have forgotten this one.
bool Acceptance::is_frozen(const FlowId& id, const Flow& flow) const {
  if (flow.told_frozen || flow.in_flight.empty() || flow.window == 0) return false;
  const Flight& head = flow.in_flight.front();
  const auto peer = peers_.find(id.remote);
  if (!head.judged || peer == peers_.end() || peer->second.too_big_at >= head.first_sent) return false;
  const TimePoint answer_due = head.first_sent + kAnswerBy / 2;
  if (peer->second.alive_at <= answer_due) return false;
  const int tries = head.syn ? kSynTries : flow.sacked ? kTriesSacked : kTries;
  return head.tries >= (head.syn || flow.alive_at > answer_due ? tries : tries + 1);
}

void Acceptance::tell_frozen(const FlowId& id, const Flow& flow) {
  const Flight& head = flow.in_flight.front();
  const TrafficKind kind{.min_payload = head.payload,
                         .syn_only = false,
                         .bursts_only = false,
                         .failure_rate = std::max(flow.singles.rate(), kFrozenRate)};
  if (head.syn) {
    news_.stuck.push_back(
        {Refusal::kNeverUp, id, flow.ifindex, head.first_sent, head.begin, kind,
         fmt::format("our {} to {} got no answer in {} tries, though the peer is alive: it signs validly",
                     id.local_port == kBgpPort ? "SYN-ACK" : "SYN", id.remote.to_string(), head.tries)});
    return;
  }
  news_.stuck.push_back(
      {Refusal::kFrozen, id, flow.ifindex, head.first_sent, head.begin, kind,
       fmt::format("{} octets sent to {} {} times were not acknowledged, though the peer is alive and its window "
                   "is open{}",
                   head.payload, id.remote.to_string(), head.tries, flow.sacked ? "; later octets arrived" : "")});
}

void Acceptance::tell_trickle(const FlowId& id, Flow& flow) {
  const bool singles = flow.singles.mostly_refused();
  const FirstTries& tries = singles ? flow.singles : flow.bursts;
  news_.stuck.push_back(
      {Refusal::kTrickle,
       id,
       flow.ifindex,
       flow.last_seen,
       std::nullopt,
       {.min_payload = 0, .syn_only = false, .bursts_only = !singles, .failure_rate = tries.rate()},
       fmt::format("of the last {} {} sent to {}, {} got through only when they were sent again, though nothing "
                   "behind them was lost",
                   tries.all, singles ? "segments" : "bursts", id.remote.to_string(), tries.refused)});
}

void Acceptance::judge(const FlowId& id, Flow& flow, TimePoint now) {
  if (!flow.in_flight.empty()) {
    Flight& head = flow.in_flight.front();
    if (now >= head.last_sent + kAnswerBy) refused(id, flow, head);
    if (is_frozen(id, flow)) {
      flow.told_frozen = true;
      tell_frozen(id, flow);
    }
  }
  const bool trickles = flow.singles.mostly_refused() || flow.bursts.mostly_refused();
  if (trickles && !flow.told_trickle) tell_trickle(id, flow);
  flow.told_trickle = trickles;
  const bool lossy = flow.repeats.many();
  if (lossy && !flow.told_lossy) tell_lossy(id, flow);
  flow.told_lossy = lossy;
}

void Acceptance::tell_lossy(const FlowId& id, const Flow& flow) {
  news_.stuck.push_back({Refusal::kLossy,
                         id,
                         flow.ifindex,
                         flow.last_seen,
                         std::nullopt,
                         {},
                         fmt::format("of the last {} segments sent to {}, {} had to be sent again", flow.repeats.all,
                                     id.remote.to_string(), flow.repeats.repeated)});
}

AcceptanceNews Acceptance::take(TimePoint now) {
  for (auto& [id, flow] : flows_) judge(id, flow, now);
  return std::exchange(news_, {});
}

TimePoint Acceptance::next_due() const {
  TimePoint due = news_.outcomes.empty() && news_.stuck.empty() ? TimePoint::max() : TimePoint{};
  for (const auto& [id, flow] : flows_)
    if (!flow.in_flight.empty() && !flow.in_flight.front().judged)
      due = std::min(due, flow.in_flight.front().last_sent + kAnswerBy);
  return due;
}

}  // namespace tw::tcpmd5
