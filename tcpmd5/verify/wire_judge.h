// What happened to a wire copy that is unsigned or not validly signed: one ladder, the first rung that can be shown.
//
// Pure; not thread-safe; a judge holds for one copy. Cost: a few linear searches through what the flows keep.
#pragma once

#include "tcpmd5/verify/flow.h"
#include "tcpmd5/verify/stream_match.h"

#include <optional>
#include <span>
#include <vector>

namespace tw::tcpmd5 {

struct Judgement {
  enum class Outcome {
    kFault,     // `finding` says what
    kIntact,    // repeats a valid reference: the keys have changed since
    kKnownBad,  // left this host as bad as it is; its reference has its finding
  };
  Outcome outcome = Outcome::kFault;
  Finding finding;                         // the class and what belongs to it; who and when is the caller's
  Flow* flow = nullptr;                    // that the copy belongs to
  std::vector<KeptSegment*> counterparts;  // the references that this is the copy of
  KeptSegment* donor = nullptr;            // whose digest it carries, where that is another
};

class WireJudge {
 public:
  // `own`: the flow of the copy's own addresses and ports, or nullptr. `others`: where else its reference may be, those
  // of the same peer first. All must outlive the judge.
  WireJudge(const Segment& wire, Flow* own, std::span<Flow* const> others) : wire_(wire), own_(own), others_(others) {}

  // Nothing: cannot be said (yet). Until the last chance only what later references cannot refute is said.
  std::optional<Judgement> judge(bool last_chance);

 private:
  using Answer = std::optional<Judgement>;
  struct Candidate {
    KeptSegment* kept;
    std::vector<HeaderField> fields;  // that differ
  };

  // The rungs, in their order.
  Answer stripped(bool last_chance);
  Answer alike_but_for_options(bool last_chance);
  Answer digest_known(bool last_chance);
  Answer digest_unknown();

  Answer stripped_of(Candidate it, Flow& flow);
  Answer stripped_elsewhere();
  Answer stripped_shifted();
  Answer digest_of_own(KeptSegment& donor, bool last_chance);
  Answer rewritten(KeptSegment& reference, Flow& flow, bool last_chance);
  Answer resized(KeptSegment& reference, Flow& flow);
  Answer payload_changed(KeptSegment& reference, const OctetDifferences& differences);
  Answer copied(Flow& donor_flow, KeptSegment& donor, std::vector<KeptSegment*> counterparts);
  Answer merged(StreamMatch match, KeptSegment* donor);
  Answer rebuilt(Candidate it, Flow& flow);

  std::vector<Candidate> same_octets(Flow& flow);
  std::pair<Flow*, KeptSegment*> find_donor(const KeptSegment* except);
  Judgement fault(FaultClass fault, Flow& flow, std::vector<KeptSegment*> counterparts) const;
  Judgement known_bad(Flow& flow, KeptSegment& reference) const;
  void set_fields(Finding& finding, std::vector<HeaderField> fields, const Segment& sent) const;
  std::string described(const Flow& flow) const;

  const Segment& wire_;
  Flow* own_;
  std::span<Flow* const> others_;
};

}  // namespace tw::tcpmd5
