// What the peer's OPEN must say to be this neighbour's: the checks of RFC 4271 §6.2 that depend on configuration. The
// decoder has made those that do not.
//
// Pure; thread-safe.
#pragma once

#include "bgpd/message/message.h"
#include "bgpd/session/session.h"

#include <optional>

namespace tw::bgp {

// The first thing that is wrong with `received`, as the NOTIFICATION to send; nothing: it is acceptable. `ours` is the
// OPEN that was sent on the same connection.
std::optional<MessageError> check_open(const SessionConfig& config, const Open& ours, const Open& received);

// RFC 9234 §4.2, table 2.
bool roles_correspond(Role local, Role remote);

}  // namespace tw::bgp
