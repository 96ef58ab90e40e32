// What an UPDATE from a speaker of two-octet AS numbers really says: RFC 6793 §4.2.3.
//
// Pure.
#pragma once

#include "bgpd/message/canonical_form.h"

namespace tw::bgp {

// Scratch that join_four_octet_numbers() may take for `attributes` octets of path attributes.
constexpr std::size_t scratch_for_join(std::size_t attributes) { return 4 * attributes + 8; }

// Puts AS_PATH and AGGREGATOR into four-octet form, with what AS4_PATH and AS4_AGGREGATOR know, and removes these two.
// All four have been checked. New values lie in `scratch`. Returns whether AS4_PATH had confederation segments, which
// must not be there and are left out (§6).
// REQUIRES: `scratch` has that much capacity to spare, so that appending to it moves nothing.
bool join_four_octet_numbers(AttributeSlots& attributes, Bytes& scratch);

}  // namespace tw::bgp
