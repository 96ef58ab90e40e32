#include "tcpmd5/verify/reference_check.h"

#include "tcpmd5/verify/describe.h"
#include "tcpmd5/verify/reassembly.h"
#include "tcpmd5/verify/report.h"

#include <algorithm>

namespace tw::tcpmd5 {
namespace {

constexpr std::chrono::seconds kKeptFor{10}, kSweepInterval{1};
constexpr std::size_t kKeptAnyway = 32;  // of each flow, however old: a digest may be copied from long ago

}  // namespace

void ReferenceCheck::set_keep(bool keep) {
  keep_ = keep;
  if (keep) return;
  flows_.for_each([](Flow& flow) {
    flow.kept = KeptSegments();
    flow.early.clear();
    flow.peer->kept_since.reset();
  });
  kept_octets_ = 0;
}

void ReferenceCheck::sent(std::span<const Copy> references, std::vector<Finding>& findings) {
  questions_.clear();
  for (const Copy& it : references) {
    const Flow* const flow = flows_.find(flow_of_sent(it.segment));
    const std::vector<Key>* const keys = flow ? flow->keys : flows_.peers().keys_of(it.segment.destination);
    // Who is in no entry is nobody's business: no keys, no digest to compute.
    questions_.push_back({.segment = &it.segment, .keys = keys ? std::span(*keys) : std::span<const Key>{}});
  }
  const std::span<const Signature> answers = signatures_.check(questions_);
  for (std::size_t i = 0; i < references.size(); ++i)
    if (!questions_[i].keys.empty()) check(references[i], answers[i], findings);
}

void ReferenceCheck::check(const Copy& copy, Signature signature, std::vector<Finding>& findings) {
  const Segment& segment = copy.segment;
  const FlowId id = flow_of_sent(segment);
  // Answers to whatever meets no socket must not push out the flows that matter.
  const bool stray = signature == Signature::kUnsigned && (segment.flags & tcp_flag::kRst) != 0;
  Flow* const flow = stray ? flows_.find(id) : &flows_.obtain(id, copy.at);
  KnownPeer& peer = flow ? *flow->peer : flows_.peers().known(segment.destination);
  ++peer.counts.reference;
  if (signature != Signature::kValid) ++peer.counts.reference_bad;
  peer.learn_local(segment.source);
  if (flow != nullptr) {
    flow->ifindex = copy.ifindex;
    note_connection(*flow, segment);
    const bool continues_run =
        signature == Signature::kInvalid && !flow->wrong_run.empty() &&
        std::equal(segment.digest.begin(), segment.digest.end(), flow->wrong_run.front().segment.digest.begin());
    if (!flow->wrong_run.empty() && !continues_run) settle_run(*flow, findings);
  }
  const bool uncut = signature != Signature::kUnsigned && copy.gso_size != 0 && segment.payload.size() > copy.gso_size;
  if (uncut && signature == Signature::kValid) ++peer.counts.reference_bad;
  if (signature == Signature::kUnsigned)
    unsigned_reference(copy, flow, peer, findings);
  else if (uncut)
    uncut_reference(copy, *flow, findings);
  else if (signature == Signature::kInvalid)
    wrong_reference(copy, *flow, findings);
  if (keep_ && flow != nullptr) keep(*flow, copy, signature == Signature::kValid && !uncut);
}

void ReferenceCheck::unsigned_reference(const Copy& copy, Flow* flow, KnownPeer& peer, std::vector<Finding>& findings) {
  const Segment& segment = copy.segment;
  const bool reset = (segment.flags & tcp_flag::kRst) != 0;
  const FaultClass fault = reset ? FaultClass::kUnsignedReset : FaultClass::kSentUnsigned;
  Finding it = finding_about(fault, flow_of_sent(segment), segment, copy.at, copy.ifindex);
  it.text = describe(segment, flow ? flow->initial : std::nullopt) + " left this host without a signature";
  if (reset) it.text += ": the kernel's answer to something unsigned, or a firewall's";
  EvidenceMeter& meter = flow ? flow->meter : peer.meter;
  if (meter.admits(fault, copy.at)) attach(it, {seen(copy.frame, copy.link, copy.at, reference_at(copy.ifindex))});
  findings.push_back(std::move(it));
}

void ReferenceCheck::uncut_reference(const Copy& copy, Flow& flow, std::vector<Finding>& findings) {
  const std::size_t pieces = (copy.segment.payload.size() + copy.gso_size - 1) / copy.gso_size;
  Finding it = finding_about(FaultClass::kSignedUncut, flow.id, copy.segment, copy.at, copy.ifindex);
  it.proven = true;
  it.text = describe(copy.segment, flow.initial) + " was signed as one and is to be cut into " +
            std::to_string(pieces) + " of at most " + octets_text(copy.gso_size) +
            ": each will carry its digest; the key was set after the connection was there";
  if (flow.meter.admits(it.fault, copy.at))
    attach(it, {seen(copy.frame, copy.link, copy.at, reference_at(copy.ifindex))});
  findings.push_back(std::move(it));
}

// Held back until it is known whether more with this digest follow: cut in software after it was signed.
void ReferenceCheck::wrong_reference(const Copy& copy, Flow& flow, std::vector<Finding>& findings) {
  if (flow.wrong_run.size() >= Flow::kMaxRun) settle_run(flow, findings);
  if (flow.wrong_run.empty()) runs_.push_back({.flow = flow.id, .due = copy.at + Verifier::kPatience});
  flow.wrong_run.emplace_back(copy);
}

void ReferenceCheck::settle_run(Flow& flow, std::vector<Finding>& findings) {
  std::vector<Segment> pieces;
  for (const HeldSegment& it : flow.wrong_run) pieces.push_back(it.segment);
  const bool cut = reassembly_validates(pieces, *flow.keys);
  for (const HeldSegment& held : flow.wrong_run) {
    const FaultClass fault = cut ? FaultClass::kSignedUncut : FaultClass::kSentWrongDigest;
    Finding it = finding_about(fault, flow.id, held.segment, held.at, held.ifindex);
    it.proven = cut;
    it.text = describe(held.segment, flow.initial);
    it.text += cut ? " is one of " + std::to_string(pieces.size()) +
                         " that were cut by software after they had been signed as one, which validates; the key was "
                         "set after the connection was there"
                   : " left this host signed with none of the peer's keys";
    if (flow.meter.admits(fault, held.at)) {
      std::vector<SeenSegment> shown{seen(held.frame, held.link, held.at, reference_at(held.ifindex))};
      for (const HeldSegment& other : flow.wrong_run)
        if (cut && &other != &held && shown.size() < Evidence::kMaxSegments)
          shown.push_back(seen(other.frame, other.link, other.at, reference_at(other.ifindex)));
      attach(it, std::move(shown));
    }
    findings.push_back(std::move(it));
  }
  flow.wrong_run.clear();
  std::erase_if(runs_, [&flow](const Run& it) { return it.flow == flow.id; });
}

void ReferenceCheck::note_connection(Flow& flow, const Segment& segment) {
  if (segment.is_signed()) flow.largest_payload = std::max(flow.largest_payload, segment.payload.size());
  if ((segment.flags & tcp_flag::kSyn) == 0 || flow.initial == segment.sequence) return;
  if (flow.initial) ++flow.connection;
  flow.initial = segment.sequence;
  flow.wire_shift.reset();
}

void ReferenceCheck::keep(Flow& flow, const Copy& copy, bool good) {
  if (!flow.peer->kept_since) flow.peer->kept_since = copy.at;
  flow.kept.forget_older(copy.at - kKeptFor, kKeptAnyway);
  const std::size_t before = flow.kept.octets();
  KeptSegment& kept = flow.kept.add(copy, good, flow.connection);
  kept_octets_ += flow.kept.octets() - before;
  while (kept_octets_ > Verifier::kMaxOctets && flow.kept.size() > 1) {
    const std::size_t full = flow.kept.octets();
    flow.kept.forget_oldest();
    kept_octets_ -= full - flow.kept.octets();
  }
  flow.has_news = true;
  if (!good) return;
  const Octets digest{kept.digest, kDigestLength};
  const auto early = std::find_if(flow.early.begin(), flow.early.end(), [digest](const Flow::Early& it) {
    return std::equal(digest.begin(), digest.end(), it.digest.begin());
  });
  if (early == flow.early.end()) return;
  flow.early.erase(early);
  flow.kept.came(kept);
}

void ReferenceCheck::tick(TimePoint now, std::vector<Finding>& findings) {
  while (!runs_.empty() && runs_.front().due <= now) {
    Flow* const flow = flows_.find(runs_.front().flow);
    if (flow != nullptr && !flow->wrong_run.empty())
      settle_run(*flow, findings);
    else
      runs_.erase(runs_.begin());
  }
  if (!keep_ || now < next_sweep_) return;
  next_sweep_ = now + kSweepInterval;
  kept_octets_ = 0;
  flows_.for_each([&](Flow& flow) {
    flow.kept.forget_older(now - kKeptFor, kKeptAnyway);
    kept_octets_ += flow.kept.octets();
  });
}

TimePoint ReferenceCheck::next_tick() const { return runs_.empty() ? TimePoint::max() : runs_.front().due; }

}  // namespace tw::tcpmd5
