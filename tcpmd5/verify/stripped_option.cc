// The ladder's rung for unsigned copies: which signed reference is this, and where did its option go?
#include "tcpmd5/verify/describe.h"
#include "tcpmd5/verify/substitution.h"
#include "tcpmd5/verify/wire_judge.h"

#include <algorithm>

namespace tw::tcpmd5 {
namespace {

constexpr std::size_t kCandidates = 64;

// Where the reference has option 19, the copy has …
std::string_view what_became_of_the_option(const Segment& wire, const Segment& sent) {
  constexpr std::uint8_t kNop = 1;
  constexpr std::size_t kOptionHeader = 2;
  if (wire.options.size() < sent.options.size()) return "was cut out";
  const auto at = static_cast<std::size_t>(sent.digest.data() - sent.options.data()) - kOptionHeader;
  const Octets place = wire.options.subspan(at, kOptionHeader + kDigestLength);
  const bool blank = std::all_of(place.begin(), place.end(), [](std::uint8_t it) { return it == kNop; });
  return blank ? "was overwritten with NOPs" : "was overwritten";
}

}  // namespace

WireJudge::Answer WireJudge::stripped(bool last_chance) {
  if (own_ != nullptr) {
    auto candidates = same_octets(*own_);
    if (!candidates.empty() && (last_chance || candidates.front().fields.empty()))
      return stripped_of(std::move(candidates.front()), *own_);
  }
  if (!last_chance) return std::nullopt;
  if (own_ != nullptr && !wire_.payload.empty()) {
    StreamMatch match = match_stream(own_->kept, wire_.sequence, wire_.payload);
    if (match.matches()) {
      if (!match.references.front()->good) return known_bad(*own_, *match.references.front());
      Judgement it = fault(FaultClass::kOptionStripped, *own_, std::move(match.references));
      it.finding.text = described(*own_) + " has no signature, and its octets were cut anew; they were sent in " +
                        std::to_string(it.counterparts.size()) + " signed segments";
      return it;
    }
  }
  if (Answer answer = stripped_shifted()) return answer;
  return stripped_elsewhere();
}

WireJudge::Answer WireJudge::stripped_of(Candidate candidate, Flow& flow) {
  if (!candidate.kept->good) return known_bad(flow, *candidate.kept);
  const Segment sent = segment_of(*candidate.kept);
  Judgement it = fault(FaultClass::kOptionStripped, flow, {candidate.kept});
  EditedSegment undone(wire_);
  undone.take(candidate.fields, sent);
  undone.take_options(sent);
  it.finding.proven = undone.validates(*flow.keys);
  it.finding.text =
      described(flow) + " lost its signature: option 19 " + std::string(what_became_of_the_option(wire_, sent));
  if (!candidate.fields.empty()) it.finding.text += "; also " + differences(candidate.fields, wire_, sent);
  if (it.finding.proven) it.finding.text += "; it validates with what was sent";
  set_fields(it.finding, std::move(candidate.fields), sent);
  return it;
}

// What strips options may count the octets differently, too: the sequence numbers do not match then.
WireJudge::Answer WireJudge::stripped_shifted() {
  if (own_ == nullptr) return std::nullopt;
  const auto shift_of = [this](const KeptSegment* it) { return wire_.sequence - it->sequence; };
  std::vector<KeptSegment*> found;
  if ((wire_.flags & tcp_flag::kSyn) != 0) {
    found = own_->kept.with_flag(tcp_flag::kSyn, kCandidates);
    std::erase_if(found, [this](const KeptSegment* it) { return segment_of(*it).flags != wire_.flags; });
  } else if (!wire_.payload.empty()) {
    found = own_->kept.with_payload(wire_.payload, kCandidates);
  } else if (own_->wire_shift && *own_->wire_shift != 0) {
    found = own_->kept.at_sequence(wire_.sequence - *own_->wire_shift, 0, kCandidates);
    std::erase_if(found, [this](const KeptSegment* it) { return segment_of(*it).flags != wire_.flags; });
  }
  if (found.empty()) return std::nullopt;
  // The same octets may have been sent several times (KEEPALIVEs): the shift that is known says which this is,
  // otherwise the oldest that is still expected is.
  KeptSegment* chosen = found.front();
  for (KeptSegment* const it : found)
    if (it->expected) chosen = it;
  for (KeptSegment* const it : found)
    if (own_->wire_shift && shift_of(it) == *own_->wire_shift) chosen = it;
  const Segment sent = segment_of(*chosen);
  return stripped_of({.kept = chosen, .fields = differing_fields(wire_, sent)}, *own_);
}

// Behind an address translator, the reference is in a flow of other addresses or ports.
WireJudge::Answer WireJudge::stripped_elsewhere() {
  if (wire_.payload.empty() && (wire_.flags & tcp_flag::kSyn) == 0) return std::nullopt;
  for (Flow* const flow : others_) {
    for (KeptSegment* const kept : flow->kept.at_sequence(wire_.sequence, wire_.payload.size(), kCandidates)) {
      const Segment sent = segment_of(*kept);
      if (compare_octets(wire_.payload, kept->payload).count != 0 || sent.flags != wire_.flags) continue;
      return stripped_of({.kept = kept, .fields = differing_fields(wire_, sent)}, *flow);
    }
  }
  return std::nullopt;
}

}  // namespace tw::tcpmd5
