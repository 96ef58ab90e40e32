#include "tcpmd5/diagnosis/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>

namespace tw::tcpmd5 {

namespace {

Judge judge_of(Cause cause) { return cause == Cause::kReceiving ? Judge::kReceived : Judge::kWire; }

constexpr std::string_view kSequenceRandomiser =
    "a firewall randomises sequence numbers; turn that off for these addresses (Cisco: set connection "
    "random-sequence-number disable)";

// Merging depends on what arrives close together, so a few segments that came through prove little.
constexpr double kMergeRate = 0.2;

bool is_address_translation(const Finding& finding) {
  return std::ranges::any_of(finding.fields, [](HeaderField field) {
    return field == HeaderField::kSourceAddress || field == HeaderField::kDestinationAddress ||
           field == HeaderField::kSourcePort || field == HeaderField::kDestinationPort;
  });
}

bool is_sequence_only(const Finding& finding) {
  return !finding.fields.empty() && std::ranges::all_of(finding.fields, [](HeaderField field) {
    return field == HeaderField::kSequence || field == HeaderField::kAcknowledgment;
  });
}

std::string not_accepted(const Stuck& stuck) {
  return fmt::format(
      "{} {} is not accepted{} ({})", stuck.refusal == Refusal::kLossy ? "some of what is sent to" : "what is sent to",
      stuck.flow.remote.to_string(), stuck.refusal == Refusal::kLossy ? " at first" : "", to_string(stuck.refusal));
}

// A receiver that merges takes copies of one digest as one segment; anything else that is damaged no peer takes.
bool may_be_contradicted(FaultClass fault) {
  return row_of(fault).cause == Cause::kSending && fault != FaultClass::kCopiedDigest && fault != FaultClass::kMerged;
}

}  // namespace

Diagnosis::Diagnosis(FindDevice lowest_device, WasTaken was_taken)
    : lowest_device_(std::move(lowest_device)), was_taken_(std::move(was_taken)) {}

void Diagnosis::found_valid(const Finding& finding) {
  Peer& peer = peers_[finding.remote];
  peer.valid_on_wire_at = finding.at;
  peer.valid[peer.valid_count++ % kRemembered] = {finding.at, finding.sequence, finding.payload_size};
  const bool syn = (finding.flags & tcp_flag::kSyn) != 0;
  peer.non_syn_passed |= !syn;
  for (auto& [fault, run] : peer.runs)
    if (run.bad > 0 && finding.payload_size >= run.min_payload) ++run.good;
}

void Diagnosis::found(const Finding& finding, TimePoint now) {
  const FaultRow& row = row_of(finding.fault);
  const bool syn = (finding.flags & tcp_flag::kSyn) != 0;
  const bool damage = row.cause == Cause::kSending || row.cause == Cause::kReceiving;
  if (finding.fault == FaultClass::kNone || damage)
    conclusions_.outcomes.push_back({lowest_device_(finding.ifindex, finding.remote).ifindex,
                                     finding.remote,
                                     {.judge = judge_of(row.cause),
                                      .sent_at = finding.sent_at,
                                      .good = !damage,
                                      .syn = syn,
                                      .burst = false,
                                      .payload = finding.payload_size}});
  if (finding.fault == FaultClass::kNone) {
    found_valid(finding);
    return;
  }
  Peer& peer = peers_[finding.remote];
  if (row.cause == Cause::kSending || finding.fault == FaultClass::kInjected) peer.damaged_on_wire_at = now;
  if (row.cause == Cause::kSending) peer.stuck_at = now;
  if (row.cause == Cause::kSoftware && finding.fault != FaultClass::kUnsignedReset) peer.software_at = now;
  if (finding.fault == FaultClass::kLost) peer.lost_on_wire_at = now;
  Run& run = peer.runs[finding.fault];
  if (run.bad > 0 && !run.waiting && now - run.last_at > kRunEnds) run = {.told_at = run.told_at};
  if (run.bad++ == 0) {
    run.first_at = finding.at;
    run.min_payload = finding.payload_size;
    // What is damaged takes longer to judge: valid copies that came after it were heard of before.
    run.good = static_cast<int>(std::ranges::count_if(peer.last_valid(), [&](const ValidCopy& copy) {
      return copy.at > finding.at && copy.payload >= finding.payload_size;
    }));
  }
  run.last_at = now;
  if (run.bad_sequences.size() < kMaxDifferent) run.bad_sequences.insert(finding.sequence);
  run.min_payload = std::min(run.min_payload, finding.payload_size);
  run.only_syns &= syn;
  run.only_sequence &= is_sequence_only(finding);
  conclude_run(peer, run, finding, now);
}

// What fails always shows at once; what fails now and then takes more, so that its rate is known.
bool Diagnosis::is_enough(const Run& run, const Finding& finding) const {
  const int for_a_rate = finding.proven ? 2 : 4;
  return run.bad >= std::max(row_of(finding.fault).findings_needed, run.good == 0 ? 2 : for_a_rate);
}

void Diagnosis::conclude_run(Peer& peer, Run& run, const Finding& finding, TimePoint now) {
  const FaultRow& row = row_of(finding.fault);
  if (row.steps.empty()) {
    if (run.bad < row.findings_needed) return;
    const bool was_valid = peer.valid_received_at != TimePoint{} && row.cause == Cause::kPath;
    report(run, finding,
           was_valid ? "it was in order before: the peer's key was changed, or something on the way was" : row.unhealed,
           now);
    return;
  }
  if (!is_enough(run, finding)) return;
  if (is_address_translation(finding)) {
    report(run, finding,
           "address translation (NAT) on the way: no signed session can pass it; give the router addresses of its own, "
           "or exempt them",
           now);
    return;
  }
  if (!was_taken_ || !may_be_contradicted(finding.fault)) return try_it(peer, run, finding);
  if (!run.waiting) {
    ++waiting_;
    run.look_at = now + kLookAgain;
  }
  run.waiting = finding;
}

void Diagnosis::try_it(Peer& peer, Run& run, const Finding& finding) {
  conclusions_.suspicions.push_back(suspicion(run, finding));
  conclusions_.suspicions.back().plan.kind.syn_only = run.only_syns && peer.non_syn_passed;
  run = {.told_at = run.told_at};
}

// What the peer took was not damaged: then it is the vantage that shows it wrong. What had to be sent again may have
// been.
Diagnosis::Fate Diagnosis::fate_of(const Run& run, const Finding& finding) const {
  const FlowId flow{finding.local, finding.remote, finding.local_port, finding.remote_port};
  std::size_t taken = 0, again = 0;
  for (const std::uint32_t sequence : run.bad_sequences) {
    const Fate fate = was_taken_(flow, sequence);
    taken += fate == Fate::kTaken ? 1 : 0;
    again += fate == Fate::kSentAgain ? 1 : 0;
  }
  if (2 * taken >= run.bad_sequences.size()) return Fate::kTaken;
  return again > taken ? Fate::kSentAgain : Fate::kUnknown;
}

void Diagnosis::tick(TimePoint now) {
  if (waiting_ == 0) return;
  for (auto& [address, peer] : peers_)
    for (auto& [fault, run] : peer.runs) {
      if (!run.waiting || now < run.look_at) continue;
      const Fate fate = fate_of(run, *run.waiting);
      run.look_at = now + kLookAgain;
      if (fate == Fate::kUnknown && now < run.first_at + kAnswerBy) continue;
      --waiting_;
      const Finding finding = *std::exchange(run.waiting, std::nullopt);
      if (fate != Fate::kTaken) {
        try_it(peer, run, finding);
        continue;
      }
      report(run, finding,
             "yet the peer acknowledged these very segments: the vantage shows them wrong (the mirror port, the tunnel "
             "or the host that captures damages its copies); nothing is concluded from it",
             now);
      run = {.told_at = run.told_at};
    }
}

TimePoint Diagnosis::deadline() const {
  TimePoint earliest = TimePoint::max();
  if (waiting_ == 0) return earliest;
  for (const auto& [address, peer] : peers_)
    for (const auto& [fault, run] : peer.runs)
      if (run.waiting) earliest = std::min(earliest, run.look_at);
  return earliest;
}

void Diagnosis::report(Run& run, const Finding& finding, std::string_view why, TimePoint now) {
  if (run.told_at != TimePoint{} && now - run.told_at < kTellAgain) return;
  run.told_at = now;
  const FaultRow& row = row_of(finding.fault);
  Verdict verdict;
  verdict.at = now;
  const LowestDevice device = lowest_device_(finding.ifindex, finding.remote);
  verdict.ifindex = device.ifindex;
  verdict.device = device.name;
  verdict.peer = finding.remote;
  verdict.fault = name_of(finding.fault);
  verdict.evidence = finding.text;
  verdict.confidence = Confidence::kReported;
  verdict.text = fmt::format("{} ({} seen): {}", row.meaning, run.bad, why);
  verdict.story = {finding.text, "no offload does this: nothing was touched"};
  verdict.segments = finding.evidence;
  conclusions_.verdicts.push_back(std::move(verdict));
}

Suspicion Diagnosis::suspicion(const Run& run, const Finding& finding) const {
  const FaultRow& row = row_of(finding.fault);
  const LowestDevice device = lowest_device_(finding.ifindex, finding.remote);
  Suspicion suspicion;
  suspicion.ifindex = device.ifindex;
  suspicion.device = device.name;
  suspicion.lower_out_of_sight = device.out_of_sight;
  suspicion.peer = finding.remote;
  suspicion.fault = name_of(finding.fault);
  suspicion.evidence = finding.text;
  suspicion.cause = row.cause;
  suspicion.meaning = row.meaning;
  suspicion.unhealed = run.only_sequence ? kSequenceRandomiser : row.unhealed;
  suspicion.first_damage = run.first_at;
  suspicion.segments = finding.evidence;
  suspicion.plan.steps.assign(row.steps.begin(), row.steps.end());
  suspicion.plan.judge = judge_of(row.cause);
  suspicion.plan.one_way = device.resets_on_change;
  // Of different segments; never quite certain after few.
  const auto different = static_cast<double>(run.bad_sequences.size());
  const double rate = (different + 0.5) / (different + run.good + 1.0);
  suspicion.plan.kind = {.min_payload = run.min_payload,
                         .syn_only = false,
                         .bursts_only = false,
                         .failure_rate = row.cause == Cause::kReceiving ? kMergeRate : rate};
  if (row.cause == Cause::kReceiving) suspicion.plan.kind.min_payload = 0;
  return suspicion;
}

// The vantage knows better what is wrong than acknowledgments do. But what never arrives there may have been lost by
// the vantage; where the peer misses it, too, this host's own NIC may be what loses it.
void Diagnosis::stuck(const Stuck& stuck, TimePoint now) {
  const LowestDevice device = lowest_device_(stuck.ifindex, stuck.flow.remote);
  Peer& peer = peers_[stuck.flow.remote];
  const auto fresh = [now](TimePoint at) { return at != TimePoint{} && now - at < kVantageFresh; };
  if (fresh(peer.damaged_on_wire_at)) return;
  if (peer.software_at != TimePoint{} && now - peer.software_at < kRunEnds) return;  // and no knob helps
  const auto valid = peer.last_valid();
  const bool arrived = stuck.sequence ? std::ranges::find(valid, *stuck.sequence, &ValidCopy::sequence) != valid.end()
                                      : !fresh(peer.lost_on_wire_at);
  if (fresh(peer.valid_on_wire_at) && arrived)
    return tell_refusal(peer, stuck, Confidence::kReported,
                        "yet it is valid at the vantage; whatever refuses or damages it lies beyond, on the way or at "
                        "the peer",
                        now);
  // Of a fault that was dealt with, traces remain for a while.
  const bool explained = peer.stuck_at != TimePoint{} && now - peer.stuck_at < kTellAgain;
  if (stuck.refusal != Refusal::kLossy) peer.stuck_at = now;
  if (stuck.refusal == Refusal::kLossy) {
    if (explained) return;
    return tell_refusal(peer, stuck, Confidence::kUndecidable,
                        "loss on the way and an offload that damages some of it look the same from here; a copy of the "
                        "wire would tell (a mirror port or a probe: `wire` in [verify])",
                        now);
  }
  const std::string meaning =
      not_accepted(stuck) + (fresh(peer.valid_on_wire_at) ? ", and does not arrive at the vantage either" : "");
  Suspicion suspicion;
  suspicion.ifindex = device.ifindex;
  suspicion.device = device.name;
  suspicion.lower_out_of_sight = device.out_of_sight;
  suspicion.peer = stuck.flow.remote;
  suspicion.fault = to_string(stuck.refusal);
  suspicion.evidence = stuck.text;
  suspicion.meaning = meaning;
  suspicion.unhealed = "a middlebox, a smaller MTU on the way (PMTU black hole), or the peer itself";
  suspicion.first_damage = stuck.since;
  suspicion.plan = {
      .steps = {kSendingKnobs}, .kind = stuck.kind, .judge = Judge::kAcceptance, .one_way = device.resets_on_change};
  conclusions_.suspicions.push_back(std::move(suspicion));
}

void Diagnosis::tell_refusal(Peer& peer, const Stuck& stuck, Confidence confidence, std::string_view why,
                             TimePoint now) {
  TimePoint& told_at = peer.refusal_told_at[stuck.refusal];
  if (told_at != TimePoint{} && now - told_at < kTellAgain) return;
  told_at = now;
  const LowestDevice device = lowest_device_(stuck.ifindex, stuck.flow.remote);
  Verdict verdict;
  verdict.at = now;
  verdict.ifindex = device.ifindex;
  verdict.device = device.name;
  verdict.peer = stuck.flow.remote;
  verdict.fault = to_string(stuck.refusal);
  verdict.evidence = stuck.text;
  verdict.confidence = confidence;
  verdict.text = fmt::format("{}: {}", not_accepted(stuck), why);
  verdict.story = {stuck.text, std::string(why), "nothing was touched"};
  conclusions_.verdicts.push_back(std::move(verdict));
}

void Diagnosis::accepted(const FlowOutcome& outcome) {
  conclusions_.outcomes.push_back(
      {lowest_device_(outcome.ifindex, outcome.flow.remote).ifindex, outcome.flow.remote, outcome.outcome});
}

void Diagnosis::received_valid(unsigned ifindex, const boost::asio::ip::address& peer, std::size_t count,
                               TimePoint since) {
  peers_[peer].valid_received_at = since;
  for (std::size_t i = 0; i < std::min<std::size_t>(count, 100); ++i)
    conclusions_.outcomes.push_back(
        {lowest_device_(ifindex, peer).ifindex, peer, {.judge = Judge::kReceived, .sent_at = since, .good = true}});
}

}  // namespace tw::tcpmd5
