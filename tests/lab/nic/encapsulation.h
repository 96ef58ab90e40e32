// How a switch wraps mirrored frames to carry them elsewhere: GRE, ERSPAN (types I, II, III), VXLAN.
//
// GRE: RFC 2784, 2890; ERSPAN: draft-foschiano-erspan; VXLAN: RFC 7348. Pure; a value.
#pragma once

#include "tests/lab/nic/frame.h"

#include <string_view>

namespace tw::lab {

enum class Encapsulation : std::uint8_t { kNone, kGre, kErspan1, kErspan2, kErspan3, kVxlan };

// Throws std::invalid_argument for a name that is none of: none, gre, erspan1, erspan2, erspan3, vxlan.
Encapsulation encapsulation_named(std::string_view name);

struct Wrapping {
  bool truncated = false;      // the frame is not whole; ERSPAN II and III can say so
  std::uint32_t sequence = 0;  // of ERSPAN II and III
};
// The frame inside Ethernet, IPv4 and what the encapsulation adds, addressed to a host that is not there: what is on
// the wire of a mirror port is for nobody's stack.
Frame wrapped(const Frame& frame, Encapsulation encapsulation, Wrapping wrapping);

}  // namespace tw::lab
