// The ingress rules of the Only to Customer attribute: RFC 9234 §5.
//
// Pure.
#pragma once

#include "bgpd/message/message.h"

#include <optional>

namespace tw::bgp {

enum class OnIngress : std::uint8_t { kKeep, kAdd, kLeak };

// `local_role`: ours on this session, so that the neighbour's is its counterpart. `value`: the attribute's, if present.
// kAdd: to be added with `peer` as its value.
OnIngress judge_only_to_customer(Role local_role, std::optional<rib::AsNumber> value, rib::AsNumber peer);

}  // namespace tw::bgp
