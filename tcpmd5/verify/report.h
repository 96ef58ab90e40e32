// Puts findings together: whose, when, and with how much evidence.
//
// Pure; any thread.
#pragma once

#include "tcpmd5/verify/flow.h"

#include <string>
#include <string_view>
#include <vector>

namespace tw::tcpmd5 {

// A finding about this segment; `at` and `ifindex` are those of the copy that it was seen in.
Finding finding_about(FaultClass fault, const FlowId& flow, const Segment& segment, TimePoint at, unsigned ifindex);

SeenSegment seen(Octets frame, Link link, TimePoint at, std::string_view where);
SeenSegment seen(const KeptSegment& reference);
// "reference device 3": by number, because names are the system's.
std::string reference_at(unsigned ifindex);

void attach(Finding& finding, std::vector<SeenSegment> segments);

}  // namespace tw::tcpmd5
