// What we offer in an OPEN, and what two OPENs agree on.
//
// Pure; thread-safe. RFC 4271 §4.2 (hold time), 4760 (families), 6793 (four-octet AS), 2918 and 7313 (route refresh),
// 8654 (extended messages), 7911 (add-path), 9234 (roles).
#pragma once

#include "bgpd/message/message.h"
#include "bgpd/session/session.h"

namespace tw::bgp {

// `plain`: without capabilities, for a peer that knows no optional parameters (RFC 5492 §3).
Open make_open(const SessionConfig& config, bool plain);

// The families that the sender of these capabilities can exchange: without any multiprotocol capability, IPv4 unicast.
rib::FamilySet implied_families(const Capabilities& capabilities);

Negotiated negotiate(const Open& ours, const Open& theirs);

}  // namespace tw::bgp
