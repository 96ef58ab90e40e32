// The intake: valid copies are ticked off here; suspects are judged in wire_suspects.cc.
#include "tcpmd5/verify/wire_check.h"

#include "tcpmd5/decoy/decoy_port.h"
#include "tcpmd5/verify/describe.h"
#include "tcpmd5/verify/report.h"

#include <algorithm>

namespace tw::tcpmd5 {
namespace {

// Zero has two representations in one's complement.
bool same_checksum(std::uint16_t a, std::uint16_t b) { return a % 0xffff == b % 0xffff; }

}  // namespace

void WireCheck::on_the_wire(std::span<const Copy> copies, std::string_view vantage, std::vector<Finding>& findings) {
  if (!vantage_ || *vantage_ != vantage) vantage_ = std::make_shared<const std::string>(vantage);
  questions_.clear();
  to_check_.clear();
  for (const Copy& copy : copies) {
    if (Flow* const flow = flows_.find(flow_of_sent(copy.segment))) {
      if (KeptSegment* twin = flow->kept.twin(copy.segment)) {
        // Sent twice alike, digest and all, it is to come twice.
        if (!twin->expected)
          if (KeptSegment* const again = flow->kept.expected_with_digest(copy.segment.digest)) twin = again;
        passed(copy, flow, twin, findings);
        continue;
      }
      questions_.push_back({.segment = &copy.segment, .keys = *flow->keys});
    } else {
      if (whose(copy.segment) == Whose::kPeers) continue;
      const std::vector<Key>* const keys = flows_.peers().keys_of(copy.segment.destination);
      questions_.push_back({.segment = &copy.segment, .keys = keys ? std::span(*keys) : std::span<const Key>{}});
    }
    to_check_.push_back(&copy);
  }
  const std::span<const Signature> answers = signatures_.check(questions_);
  for (std::size_t i = 0; i < questions_.size(); ++i) {
    const Copy& copy = *to_check_[i];
    if (answers[i] == Signature::kValid)
      valid_by_digest(copy, findings);
    else
      suspect(copy, whose(copy.segment) == Whose::kOurs, findings);
  }
}

// A mirror shows both directions, and other hosts.
WireCheck::Whose WireCheck::whose(const Segment& segment) const {
  if (flows_.has(flow_of_sent(segment))) return Whose::kOurs;
  if (flows_.has(flow_of_received(segment))) return Whose::kPeers;
  const PeerTable& peers = flows_.peers();
  const KnownPeer* const sender = peers.keys_of(segment.source) ? peers.find_known(segment.source) : nullptr;
  if (sender != nullptr && sender->talks_from(segment.destination)) return Whose::kPeers;
  if (peers.keys_of(segment.destination) == nullptr)
    return flows_.is_local(segment.source) ? Whose::kStrangers : Whose::kPeers;
  const KnownPeer* const peer = peers.find_known(segment.destination);
  // Without references there is nothing to tell ours by.
  if (peer == nullptr || !peer->kept_since) return Whose::kOurs;
  return peer->talks_from(segment.source) ? Whose::kOurs : Whose::kStrangers;
}

void WireCheck::valid_by_digest(const Copy& copy, std::vector<Finding>& findings) {
  Flow* const flow = flows_.find(flow_of_sent(copy.segment));
  if (flow == nullptr) {
    if (whose(copy.segment) == Whose::kOurs) passed(copy, nullptr, nullptr, findings);
    return;
  }
  KeptSegment* const reference = flow->kept.expected_with_digest(copy.segment.digest);
  const bool duplicate = reference == nullptr && !flow->kept.with_digest(copy.segment.digest, 1).empty();
  if (reference == nullptr && !duplicate) {
    if (flow->early.size() >= Flow::kMaxEarly) flow->early.pop_front();
    Flow::Early early{.at = copy.at};
    std::copy(copy.segment.digest.begin(), copy.segment.digest.end(), early.digest.begin());
    flow->early.push_back(early);
  }
  passed(copy, flow, reference, findings);
}

void WireCheck::passed(const Copy& copy, Flow* flow, KeptSegment* reference, std::vector<Finding>& findings) {
  PeerCounts& counts = flow ? flow->peer->counts : peer_of(copy.segment.destination).counts;
  ++counts.wire;
  if (reference != nullptr) came(*flow, *reference);
  if (!copy.checksum_unfinished && !same_checksum(copy.segment.checksum, expected_checksum(copy.segment))) {
    ++counts.wire_bad;
    checksum_wrong(copy, flow, reference, findings);
    return;
  }
  ++counts.wire_valid;
  if (!report_valid_) return;
  Finding it =
      finding_about(FaultClass::kNone, flow_of_sent(copy.segment), copy.segment, copy.at, flow ? flow->ifindex : 0);
  if (reference != nullptr) {
    it.sent_at = reference->at;
    it.ifindex = reference->ifindex;
  }
  it.proven = true;
  findings.push_back(std::move(it));
}

void WireCheck::checksum_wrong(const Copy& copy, const Flow* flow, const KeptSegment* reference,
                               std::vector<Finding>& findings) {
  const FaultClass fault = FaultClass::kChecksumWrong;
  const FlowId id = flow_of_sent(copy.segment);
  Finding it = finding_about(fault, id, copy.segment, copy.at, flow ? flow->ifindex : 0);
  if (reference != nullptr) {
    it.sent_at = reference->at;
    it.ifindex = reference->ifindex;
  }
  it.proven = true;
  it.text = describe(copy.segment, flow ? flow->initial : std::nullopt) + " has a valid digest but the TCP checksum " +
            std::to_string(copy.segment.checksum) + " instead of " + std::to_string(expected_checksum(copy.segment));
  EvidenceMeter& meter = flow ? flow->peer->meter : peer_of(id.remote).meter;
  if (meter.admits(fault, copy.at)) {
    std::vector<SeenSegment> shown{seen(copy.frame, copy.link, copy.at, *vantage_)};
    if (reference != nullptr) shown.push_back(seen(*reference));
    attach(it, std::move(shown));
  }
  findings.push_back(std::move(it));
}

void WireCheck::came(Flow& flow, KeptSegment& reference) {
  constexpr std::size_t kMaxDevices = 256;
  flow.kept.came(reference);
  // That a decoy reached a probe says nothing about whether the probe sees what goes to others.
  if (flow.id.remote_port == kDecoyPort) return;
  if (latest_seen_.size() >= kMaxDevices && !latest_seen_.contains(reference.ifindex)) return;
  TimePoint& latest = latest_seen_[reference.ifindex];
  latest = std::max(latest, reference.at);
}

// References whose time is over. Silence is blindness: only if what was sent later by the same device was seen is
// a copy lost.
void WireCheck::lose(Flow& flow, TimePoint now, std::vector<Finding>& findings) {
  while (KeptSegment* const due = flow.kept.oldest_expected()) {
    if (due->at + Verifier::kLostAfter > now) return;
    flow.kept.came(*due);
    const auto latest = latest_seen_.find(due->ifindex);
    const bool saw_later = latest != latest_seen_.end() && latest->second > due->at;
    const bool was_blind = wire_blind_ && *wire_blind_ >= due->at;
    if (!saw_later || was_blind) continue;
    const Segment segment = segment_of(*due);
    Finding it = finding_about(FaultClass::kLost, flow.id, segment, due->at, due->ifindex);
    it.text = describe(segment, flow.initial) + " was handed to the NIC and did not arrive at the vantage within " +
              std::to_string(Verifier::kLostAfter.count()) + " ms, though later ones did";
    if (flow.meter.admits(it.fault, now)) attach(it, {seen(*due)});
    findings.push_back(std::move(it));
  }
}

void WireCheck::tick(TimePoint now, std::vector<Finding>& findings) {
  judgements_.refill(now);
  while (!suspects_.empty() && suspects_.front().due <= now) {
    Suspect& first = suspects_.front();
    const Look look = first.settled ? Look::kSettled : look_at(first, true, findings);
    if (look == Look::kUndecided) nothing_known(first, findings);
    if (look == Look::kNotDone) uncheckable_copy(first);
    drop_settled();
  }
  flows_.for_each([&](Flow& flow) {
    lose(flow, now, findings);
    while (!flow.early.empty() && flow.early.front().at + Verifier::kLostAfter <= now) flow.early.pop_front();
  });
}

TimePoint WireCheck::next_tick() {
  TimePoint next = suspects_.empty() ? TimePoint::max() : suspects_.front().due;
  flows_.for_each([&next](Flow& flow) {
    if (const KeptSegment* const due = flow.kept.oldest_expected())
      next = std::min(next, due->at + Verifier::kLostAfter);
  });
  return next;
}

void WireCheck::clear() {
  suspects_.clear();
  suspect_octets_ = 0;
  latest_seen_.clear();
}

}  // namespace tw::tcpmd5
