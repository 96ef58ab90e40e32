// The ladder for signed copies whose digest does not validate. Unsigned ones: stripped_option.cc.
#include "tcpmd5/verify/wire_judge.h"

#include "tcpmd5/verify/describe.h"
#include "tcpmd5/verify/substitution.h"

#include <algorithm>

namespace tw::tcpmd5 {
namespace {

constexpr std::size_t kCandidates = 16;

bool contains(std::span<const HeaderField> fields, HeaderField field) {
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

// Near a multiple of 4096, the size of the pages that devices fetch octets from.
bool near_page_edge(std::uint64_t offset) {
  constexpr std::uint64_t kPage = 4096, kNear = 4;
  return offset + kNear >= kPage && (offset % kPage < kNear || offset % kPage >= kPage - kNear);
}

}  // namespace

std::optional<Judgement> WireJudge::judge(bool last_chance) {
  if (!wire_.is_signed()) return stripped(last_chance);
  if (Answer answer = alike_but_for_options(last_chance)) return answer;
  if (Answer answer = digest_known(last_chance)) return answer;
  return last_chance ? digest_unknown() : std::nullopt;
}

// Everything that a digest covers is as it was sent, except for the digest or the length of the options.
WireJudge::Answer WireJudge::alike_but_for_options(bool last_chance) {
  if (own_ == nullptr) return std::nullopt;
  KeptSegment* alike = nullptr;
  for (const Candidate& it : same_octets(*own_)) {
    if (!it.fields.empty()) continue;
    const Segment sent = segment_of(*it.kept);
    const bool same_digest =
        std::equal(sent.digest.begin(), sent.digest.end(), wire_.digest.begin(), wire_.digest.end());
    if (!same_digest) {
      if (alike == nullptr) alike = it.kept;
      continue;
    }
    if (!it.kept->good) return known_bad(*own_, *it.kept);
    if (sent.options.size() != wire_.options.size()) return resized(*it.kept, *own_);
    Judgement intact{.outcome = Judgement::Outcome::kIntact, .flow = own_};
    intact.counterparts = {it.kept};
    return intact;
  }
  if (alike == nullptr) return std::nullopt;
  if (!alike->good) return known_bad(*own_, *alike);
  const auto [donor_flow, donor] = find_donor(alike);
  if (donor != nullptr && !donor->good) return known_bad(*own_, *alike);
  if (donor != nullptr) return copied(*donor_flow, *donor, {alike});
  if (!last_chance) return std::nullopt;  // others with this digest may prove where it is from
  return rebuilt({.kept = alike}, *own_);
}

// The digest is that of a reference: this one's, or another's.
WireJudge::Answer WireJudge::digest_known(bool last_chance) {
  if (own_ != nullptr)
    for (KeptSegment* const donor : own_->kept.with_digest(wire_.digest, kCandidates))
      if (Answer answer = digest_of_own(*donor, last_chance)) return answer;
  for (Flow* const flow : others_)
    for (KeptSegment* const donor : flow->kept.with_digest(wire_.digest, kCandidates)) {
      if (Answer answer = rewritten(*donor, *flow, last_chance)) return answer;
      if (own_ == nullptr || wire_.payload.empty()) continue;
      const StreamMatch match = match_stream(own_->kept, wire_.sequence, wire_.payload);
      if (match.matches()) return copied(*flow, *donor, match.references);
    }
  return std::nullopt;
}

WireJudge::Answer WireJudge::digest_of_own(KeptSegment& donor, bool last_chance) {
  if (!donor.good) return known_bad(*own_, donor);
  if (Answer answer = rewritten(donor, *own_, last_chance)) return answer;
  const bool same_payload = compare_octets(wire_.payload, donor.payload).count == 0;
  if (same_payload) return std::nullopt;  // rewritten() waits for the last chance
  if (donor.sequence == wire_.sequence && donor.payload.size() == wire_.payload.size())
    return payload_changed(donor, compare_octets(wire_.payload, donor.payload));
  if (wire_.payload.empty()) {
    // The donor has octets and so is another segment; which reference this is, its sequence number says.
    const auto candidates = same_octets(*own_);
    return candidates.empty() ? std::nullopt : copied(*own_, donor, {candidates.front().kept});
  }
  StreamMatch match = match_stream(own_->kept, wire_.sequence, wire_.payload);
  if (match.matches()) {
    const bool beyond_segments = wire_.payload.size() > own_->largest_payload;
    if (beyond_segments && match.whole && match.references.size() > 1) return merged(std::move(match), &donor);
    return copied(*own_, donor, match.references);
  }
  if (!last_chance) return std::nullopt;
  if (donor.sequence == wire_.sequence) return payload_changed(donor, compare_octets(wire_.payload, donor.payload));
  if (match.known) return payload_changed(*match.references.front(), match.differences);
  return std::nullopt;
}

// The octets and the digest are the reference's: whatever else differs was rewritten, and putting it back proves it.
WireJudge::Answer WireJudge::rewritten(KeptSegment& reference, Flow& flow, bool last_chance) {
  if (!reference.good || compare_octets(wire_.payload, reference.payload).count != 0) return std::nullopt;
  const Segment sent = segment_of(reference);
  std::vector<HeaderField> fields = differing_fields(wire_, sent);
  if (fields.empty()) return resized(reference, flow);
  // The reference of another segment of the same octets (a KEEPALIVE, an ACK, a retransmission) may be on its way here,
  // and this be its copy, under the digest of this one.
  if (!last_chance) return std::nullopt;
  Judgement it = fault(FaultClass::kHeaderRewritten, flow, {&reference});
  EditedSegment undone(wire_);
  undone.take(fields, sent);
  undone.take_options(sent);
  it.finding.proven = undone.validates(*flow.keys);
  it.finding.text = described(flow) + " left with another header: " + differences(fields, wire_, sent) +
                    (it.finding.proven ? "; it validates with what was sent" : "");
  set_fields(it.finding, std::move(fields), sent);
  return it;
}

WireJudge::Answer WireJudge::resized(KeptSegment& reference, Flow& flow) {
  const Segment sent = segment_of(reference);
  Judgement it = fault(FaultClass::kOptionRebuilt, flow, {&reference});
  EditedSegment undone(wire_);
  undone.take_options(sent);
  it.finding.proven = undone.validates(*flow.keys);
  it.finding.text = described(flow) + " has " + octets_text(wire_.options.size()) + " of options instead of " +
                    std::to_string(sent.options.size()) + ", and the digest covers their length";
  return it;
}

WireJudge::Answer WireJudge::rebuilt(Candidate candidate, Flow& flow) {
  const Segment sent = segment_of(*candidate.kept);
  Judgement it = fault(FaultClass::kOptionRebuilt, flow, {candidate.kept});
  EditedSegment undone(wire_);
  undone.take(candidate.fields, sent);
  undone.take_options(sent);
  it.finding.proven = candidate.fields.empty() && undone.validates(*flow.keys);
  const std::size_t changed = compare_octets(wire_.digest, sent.digest).count;
  it.finding.text = described(flow) + " carries a digest that no segment had: " + octets_text(changed) +
                    " of its digest differ" + (candidate.fields.empty() ? ", all else is as sent" : "");
  if (!candidate.fields.empty()) it.finding.text += "; also " + differences(candidate.fields, wire_, sent);
  set_fields(it.finding, std::move(candidate.fields), sent);
  return it;
}

WireJudge::Answer WireJudge::payload_changed(KeptSegment& reference, const OctetDifferences& differing) {
  constexpr std::size_t kNear = 4;
  const Segment sent = segment_of(reference);
  Judgement it = fault(FaultClass::kPayloadChanged, *own_, {&reference});
  Finding& finding = it.finding;
  finding.first_difference = differing.first;
  finding.differences = differing.count;
  const bool full_sized = wire_.payload.size() >= own_->largest_payload;
  finding.at_segment_edge = full_sized && differing.first + kNear >= wire_.payload.size();
  finding.at_page_edge = near_page_edge(differing.first);
  if (own_->initial) {
    constexpr std::uint32_t kSynItself = 1;
    const std::uint32_t in_stream = wire_.sequence - *own_->initial - kSynItself;
    finding.at_page_edge |= near_page_edge(in_stream + differing.first);
  }
  std::vector<HeaderField> fields = differing_fields(wire_, sent);
  EditedSegment undone(wire_);
  undone.take(fields, sent);
  undone.set_payload(reference.payload);
  finding.proven = undone.validates(*own_->keys);
  finding.text = described(*own_) + ": " + octets_text(differing.count) + " changed, the first at offset " +
                 std::to_string(differing.first);
  if (finding.at_segment_edge) finding.text += ", at the end of a full-sized segment";
  if (finding.at_page_edge) finding.text += ", at a page boundary";
  if (finding.proven) finding.text += "; with the octets that were sent it validates";
  set_fields(finding, std::move(fields), sent);
  return it;
}

WireJudge::Answer WireJudge::copied(Flow& donor_flow, KeptSegment& donor, std::vector<KeptSegment*> counterparts) {
  Judgement it = fault(FaultClass::kCopiedDigest, *own_, std::move(counterparts));
  it.donor = &donor;
  it.finding.proven = true;
  const Segment from = segment_of(donor);
  it.finding.text = described(*own_) + " carries the digest of the " + describe(from, donor_flow.initial);
  if (&donor_flow != own_) it.finding.text += " of another connection (port " + std::to_string(from.source_port) + ")";
  const bool same_cut = it.counterparts.size() == 1 && it.counterparts.front()->payload.size() == wire_.payload.size();
  it.finding.text += same_cut ? "; both validate as handed to the NIC"
                              : "; its octets were handed to the NIC in " + std::to_string(it.counterparts.size()) +
                                    (it.counterparts.size() == 1 ? " segment" : " segments") +
                                    " with other digests, which validate";
  return it;
}

WireJudge::Answer WireJudge::merged(StreamMatch match, KeptSegment* donor) {
  Judgement it = fault(FaultClass::kMerged, *own_, std::move(match.references));
  it.donor = donor;
  it.finding.proven = donor != nullptr;
  it.finding.text = described(*own_) + " is " + std::to_string(it.counterparts.size()) + " segments in one" +
                    (donor != nullptr ? ", under the digest of the first" : "");
  return it;
}

// No segment here had this digest, and the octets do not match together with the header.
WireJudge::Answer WireJudge::digest_unknown() {
  if (own_ == nullptr) return std::nullopt;
  auto candidates = same_octets(*own_);
  if (!candidates.empty()) {
    Candidate& best = candidates.front();
    if (!best.kept->good) return known_bad(*own_, *best.kept);
    return rebuilt(std::move(best), *own_);
  }
  if (wire_.payload.empty()) return std::nullopt;
  // Of other octets, chance makes one in 256 equal; a damaged copy has kept at least half.
  const auto mostly_equal = [this](const OctetDifferences& it) { return it.count * 2 <= wire_.payload.size(); };
  for (KeptSegment* const kept : own_->kept.at_sequence(wire_.sequence, wire_.payload.size(), kCandidates)) {
    const OctetDifferences differing = compare_octets(wire_.payload, kept->payload);
    if (mostly_equal(differing)) return kept->good ? payload_changed(*kept, differing) : known_bad(*own_, *kept);
  }
  StreamMatch match = match_stream(own_->kept, wire_.sequence, wire_.payload);
  if (match.known && !match.references.front()->good) return known_bad(*own_, *match.references.front());
  if (match.matches()) {
    if (match.whole && match.references.size() > 1) return merged(std::move(match), nullptr);
    return rebuilt({.kept = match.references.front()}, *own_);
  }
  if (match.known && mostly_equal(match.differences))
    return payload_changed(*match.references.front(), match.differences);
  return std::nullopt;
}

// References with the same octets at the same sequence number; the most alike first, the youngest of these first.
std::vector<WireJudge::Candidate> WireJudge::same_octets(Flow& flow) {
  constexpr std::uint8_t kControl = tcp_flag::kSyn | tcp_flag::kFin | tcp_flag::kRst;
  std::vector<Candidate> candidates;
  for (KeptSegment* const kept : flow.kept.at_sequence(wire_.sequence, wire_.payload.size(), kCandidates)) {
    if (compare_octets(wire_.payload, kept->payload).count != 0) continue;
    const Segment sent = segment_of(*kept);
    Candidate it{.kept = kept, .fields = differing_fields(wire_, sent)};
    // Without octets there is little to know a segment by: an injected RST must not pass for a rewritten ACK.
    if (wire_.payload.empty() && (it.fields.size() > 1 || ((sent.flags ^ wire_.flags) & kControl) != 0)) continue;
    candidates.push_back(std::move(it));
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.fields.size() < b.fields.size(); });
  return candidates;
}

std::pair<Flow*, KeptSegment*> WireJudge::find_donor(const KeptSegment* except) {
  const auto look = [&](Flow* flow) -> KeptSegment* {
    for (KeptSegment* const it : flow->kept.with_digest(wire_.digest, kCandidates))
      if (it != except) return it;
    return nullptr;
  };
  if (own_ != nullptr)
    if (KeptSegment* const found = look(own_)) return {own_, found};
  for (Flow* const flow : others_)
    if (KeptSegment* const found = look(flow)) return {flow, found};
  return {nullptr, nullptr};
}

Judgement WireJudge::fault(FaultClass fault, Flow& flow, std::vector<KeptSegment*> counterparts) const {
  Judgement it{.flow = &flow};
  it.finding.fault = fault;
  it.counterparts = std::move(counterparts);
  return it;
}

Judgement WireJudge::known_bad(Flow& flow, KeptSegment& reference) const {
  Judgement it{.outcome = Judgement::Outcome::kKnownBad, .flow = &flow};
  it.counterparts = {&reference};
  return it;
}

void WireJudge::set_fields(Finding& finding, std::vector<HeaderField> fields, const Segment& sent) const {
  if (contains(fields, HeaderField::kSequence)) finding.sequence_shift = std::uint32_t{wire_.sequence - sent.sequence};
  finding.fields = std::move(fields);
}

std::string WireJudge::described(const Flow& flow) const { return describe(wire_, flow.initial); }

}  // namespace tw::tcpmd5
