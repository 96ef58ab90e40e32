// Which of two connections between the same two speakers stays (RFC 4271 §6.8, RFC 6286 §2.3).
//
// Pure; thread-safe.
#pragma once

#include "bgpd/message/message.h"
#include "bgpd/session/session.h"

namespace tw::bgp {

// The one opened by the speaker with the higher BGP Identifier; if they are equal (external peers only), by the one
// with the higher AS number. Both sides come to the same connection.
Connection preferred_connection(const Open& ours, const Open& theirs);

}  // namespace tw::bgp
