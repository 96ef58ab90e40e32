// What a device did not do of what it was asked, told apart from what another bit forbids.
//
// The kernel answers "done" in either case (netdev_fix_features of Linux). Pure; any thread.
#pragma once

#include "tcpmd5/offload/offloads.h"

#include <string>
#include <string_view>
#include <vector>

namespace tw::tcpmd5 {

// Whether a knob that is off keeps this bit from being on.
bool is_held_down(std::string_view bit, const DeviceFeatures& now);
// The bits, and "gso_max_segs", that are not as asked though nothing forbids them.
std::vector<std::string> not_followed(const FeatureChange& change, const DeviceFeatures& now);

}  // namespace tw::tcpmd5
