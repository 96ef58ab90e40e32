// Carrying out what a policy rule sets (RFC 4271 §9.1.1, 5.1), and asking what it matches on.
//
// Pure; any thread.
#pragma once

#include "bgpd/policy/policy.h"

namespace tw::bgp {

// Whether the attribute conditions of `match` hold; prefix, family and origin are the caller's.
bool attributes_match(const Match& match, const PathAttributes& attributes);
// Whether `match` has such conditions.
bool looks_at_attributes(const Match& match);
// Whether `set` does anything.
bool changes_anything(const Set& set);
// `prefix_family`: of the route, for the next hop.
void apply_set(const Set& set, rib::AsNumber local_as, rib::Family prefix_family, PathAttributes& attributes);

}  // namespace tw::bgp
