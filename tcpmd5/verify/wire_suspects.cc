// Suspects: held until their reference can be expected to have come, then judged, proven by reassembly, or given up.
#include "tcpmd5/verify/describe.h"
#include "tcpmd5/verify/reassembly.h"
#include "tcpmd5/verify/report.h"
#include "tcpmd5/verify/wire_check.h"

#include <algorithm>

namespace tw::tcpmd5 {

void WireCheck::suspect(const Copy& copy, bool ours, std::vector<Finding>& findings) {
  const bool full = suspects_.size() >= (ours ? kMaxSuspects : kMaxSuspects / 2) ||
                    suspect_octets_ + copy.frame.size() > kMaxSuspectOctets;
  Suspect it{.held = HeldSegment(copy),
             .id = flow_of_sent(copy.segment),
             .vantage = vantage_,
             .due = copy.at + Verifier::kPatience,
             .ours = ours};
  judgements_.refill(copy.at);
  if (look_at(it, false, findings) == Look::kSettled) return;
  if (full) {
    uncheckable_copy(it);
    return;
  }
  suspect_octets_ += it.held.frame.size();
  suspects_.push_back(std::move(it));
}

void WireCheck::references_came(std::vector<Finding>& findings) {
  for (Suspect& it : suspects_) {
    if (it.settled || it.looks >= kMaxLooks) continue;
    const Flow* const flow = flows_.find(it.id);
    if (flow != nullptr && flow->has_news) look_at(it, false, findings);
  }
  for (const Suspect& it : suspects_)
    if (Flow* const flow = flows_.find(it.id)) flow->has_news = false;
  drop_settled();
}

WireCheck::Look WireCheck::look_at(Suspect& suspect, bool last_chance, std::vector<Finding>& findings) {
  if (!judgements_.spend(1)) return Look::kNotDone;
  ++suspect.looks;
  Flow* const own = flows_.find(suspect.id);
  const std::vector<Flow*> others = flows_.others(own, suspect.id.remote);
  WireJudge judge(suspect.held.segment, own, others);
  auto judgement = judge.judge(false);
  if (!judgement && last_chance) {
    if (settle_by_reassembly(suspect, findings)) return Look::kSettled;
    judgement = judge.judge(true);
  }
  if (!judgement) return Look::kUndecided;
  settle(suspect, *judgement, findings);
  return Look::kSettled;
}

void WireCheck::settle(Suspect& suspect, Judgement& judgement, std::vector<Finding>& findings) {
  suspect.settled = true;
  const HeldSegment& held = suspect.held;
  Flow& flow = *judgement.flow;
  PeerCounts& counts = flow.peer->counts;
  ++counts.wire;
  for (KeptSegment* const it : judgement.counterparts) came(flow, *it);
  if (judgement.outcome == Judgement::Outcome::kIntact) {
    ++counts.wire_valid;
    return;
  }
  ++counts.wire_bad;
  if (judgement.outcome == Judgement::Outcome::kKnownBad) return;

  Finding& found = judgement.finding;
  const KeptSegment* const reference = judgement.counterparts.empty() ? nullptr : judgement.counterparts.front();
  Finding it =
      finding_about(found.fault, flow.id, held.segment, held.at, reference ? reference->ifindex : flow.ifindex);
  if (reference != nullptr) it.sent_at = reference->at;
  if (found.sequence_shift != 0) {
    it.sequence = reference->sequence;  // as our host sees it
    flow.wire_shift = static_cast<std::uint32_t>(found.sequence_shift);
  }
  it.fields = std::move(found.fields);
  it.sequence_shift = found.sequence_shift;
  it.first_difference = found.first_difference;
  it.differences = found.differences;
  it.at_segment_edge = found.at_segment_edge;
  it.at_page_edge = found.at_page_edge;
  it.proven = found.proven;
  it.text = std::move(found.text);
  if (flow.meter.admits(it.fault, held.at)) {
    std::vector<SeenSegment> shown{seen(held.frame, held.link, held.at, *suspect.vantage)};
    for (const KeptSegment* const counterpart : judgement.counterparts)
      if (shown.size() + 1 < Evidence::kMaxSegments) shown.push_back(seen(*counterpart));
    if (judgement.donor != nullptr) shown.push_back(seen(*judgement.donor));
    attach(it, std::move(shown));
  }
  findings.push_back(std::move(it));
}

// No reference at hand: several copies with one digest prove by themselves what was done to them.
bool WireCheck::settle_by_reassembly(Suspect& first, std::vector<Finding>& findings) {
  const Segment& model = first.held.segment;
  if (!model.is_signed() || model.payload.empty()) return false;
  std::vector<Suspect*> pieces;
  for (Suspect& it : suspects_) {
    const Segment& piece = it.held.segment;
    if (!it.settled && it.id == first.id && !piece.payload.empty() &&
        std::equal(piece.digest.begin(), piece.digest.end(), model.digest.begin(), model.digest.end()))
      pieces.push_back(&it);
  }
  const auto offset = [&model](const Suspect* it) {
    return static_cast<std::int32_t>(it->held.segment.sequence - model.sequence);
  };
  std::stable_sort(pieces.begin(), pieces.end(),
                   [&](const Suspect* a, const Suspect* b) { return offset(a) < offset(b); });
  std::vector<Segment> segments;
  for (const Suspect* const it : pieces)
    if (segments.empty() || segments.back().sequence != it->held.segment.sequence) segments.push_back(it->held.segment);
  const Flow* const flow = flows_.find(first.id);
  const std::vector<Key>* const keys = flow ? flow->keys : flows_.peers().keys_of(first.id.remote);
  if (keys == nullptr || !reassembly_validates(segments, *keys)) return false;

  std::vector<SeenSegment> shown;
  for (const Suspect* const it : pieces)
    if (shown.size() < Evidence::kMaxSegments)
      shown.push_back(seen(it->held.frame, it->held.link, it->held.at, *it->vantage));
  KnownPeer& peer = peer_of(first.id.remote);
  for (Suspect* const piece : pieces) {
    piece->settled = true;
    ++peer.counts.wire;
    ++peer.counts.wire_bad;
    const HeldSegment& held = piece->held;
    Finding it = finding_about(FaultClass::kCopiedDigest, piece->id, held.segment, held.at, flow ? flow->ifindex : 0);
    it.proven = true;
    it.text = describe(held.segment, flow ? flow->initial : std::nullopt) + " is one of " +
              std::to_string(segments.size()) + " with one digest, which is valid for all of them put together";
    if (peer.meter.admits(it.fault, held.at)) attach(it, shown);
    findings.push_back(std::move(it));
  }
  return true;
}

// Looked at for the last time, and no reference has anything to do with it.
void WireCheck::nothing_known(Suspect& suspect, std::vector<Finding>& findings) {
  if (!suspect.ours || flows_.peers().keys_of(suspect.id.remote) == nullptr || !nobody_sent(suspect)) {
    uncheckable_copy(suspect);
    return;
  }
  suspect.settled = true;
  KnownPeer& peer = peer_of(suspect.id.remote);
  ++peer.counts.wire;
  ++peer.counts.wire_bad;
  const Flow* const flow = flows_.find(suspect.id);
  const HeldSegment& held = suspect.held;
  Finding it = finding_about(FaultClass::kInjected, suspect.id, held.segment, held.at, flow ? flow->ifindex : 0);
  it.text = describe(held.segment, flow ? flow->initial : std::nullopt) +
            (held.segment.is_signed() ? " is signed with none of the peer's keys" : " is unsigned") +
            ", and this host did not send it";
  if (peer.meter.admits(it.fault, held.at)) attach(it, {seen(held.frame, held.link, held.at, *suspect.vantage)});
  findings.push_back(std::move(it));
}

void WireCheck::uncheckable_copy(Suspect& suspect) {
  suspect.settled = true;
  if (!suspect.ours || flows_.peers().keys_of(suspect.id.remote) == nullptr) return;  // some other host's
  KnownPeer& peer = peer_of(suspect.id.remote);
  ++peer.counts.wire;
  ++peer.counts.wire_uncheckable;
  ++uncheckable_;
}

// Concludes from an absence, so only while nothing that could be missing is.
bool WireCheck::nobody_sent(const Suspect& suspect) {
  static constexpr auto kAround = Verifier::kLostAfter;  // as much as a vantage may lag
  const TimePoint at = suspect.held.at;
  const auto recent = [at](const std::optional<TimePoint>& event) { return event && at < *event + kAround; };
  const KnownPeer& peer = peer_of(suspect.id.remote);
  if (!peer.kept_since || recent(peer.kept_since)) return false;
  if (recent(references_blind_) || recent(flows_.evicted())) return false;
  const Flow* const flow = flows_.find(suspect.id);
  return flow == nullptr || !recent(flow->kept.forgot_expected());
}

void WireCheck::drop_settled() {
  while (!suspects_.empty() && suspects_.front().settled) {
    suspect_octets_ -= suspects_.front().held.frame.size();
    suspects_.pop_front();
  }
}

}  // namespace tw::tcpmd5
