#include "tcpmd5/verify/report.h"

namespace tw::tcpmd5 {

Finding finding_about(FaultClass fault, const FlowId& flow, const Segment& segment, TimePoint at, unsigned ifindex) {
  return {.fault = fault,
          .at = at,
          .sent_at = at,
          .local = flow.local,
          .remote = flow.remote,
          .local_port = flow.local_port,
          .remote_port = flow.remote_port,
          .sequence = segment.sequence,
          .flags = segment.flags,
          .payload_size = segment.payload.size(),
          .ifindex = ifindex};
}

SeenSegment seen(Octets frame, Link link, TimePoint at, std::string_view where) {
  return {.frame = {frame.begin(), frame.end()}, .link = link, .at = at, .where = std::string(where)};
}

SeenSegment seen(const KeptSegment& reference) {
  return seen(reference.frame, reference.link, reference.at, reference_at(reference.ifindex));
}

std::string reference_at(unsigned ifindex) { return "reference device " + std::to_string(ifindex); }

void attach(Finding& finding, std::vector<SeenSegment> segments) {
  if (segments.size() > Evidence::kMaxSegments) segments.resize(Evidence::kMaxSegments);
  auto evidence = std::make_shared<Evidence>();
  evidence->segments = std::move(segments);
  finding.evidence = std::move(evidence);
}

}  // namespace tw::tcpmd5
