// Large communities on reception: RFC 8092 §3, redundant values are removed.
//
// Pure.
#pragma once

#include "bgpd/message/message.h"

namespace tw::bgp {

// If a value of the attribute appears more than once, appends the distinct ones to `out`, in the order of their first
// appearance, and returns true. O(n log n). REQUIRES: value.size() is a multiple of 12.
bool remove_duplicate_large_communities(ByteView value, Bytes& out);

}  // namespace tw::bgp
