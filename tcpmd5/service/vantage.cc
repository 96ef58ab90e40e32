#include "tcpmd5/service/vantage.h"

#include "tcpmd5/capture/encapsulation.h"

#include <variant>

namespace tw::tcpmd5 {

void add_copy(Octets frame, LinkType link, TimePoint at, std::vector<Copy>& copies, Blindness& blindness) {
  const auto unwrapped = unwrap(frame, link);
  const auto* inner = std::get_if<Unwrapped>(&unwrapped);
  if (!inner) return;
  const auto parsed = parse_segment(inner->frame, inner->link);
  const auto* segment = std::get_if<Segment>(&parsed);
  if (segment && !inner->cut_by_mirror)
    copies.push_back({.segment = *segment, .frame = inner->frame, .link = inner->link, .at = at, .ifindex = 0});
  else if (segment || std::get<NoSegment>(parsed) == NoSegment::kTruncated)
    ++blindness.truncated;
}

}  // namespace tw::tcpmd5
