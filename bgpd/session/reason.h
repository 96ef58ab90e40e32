// The sentences that say why a session ended, for logs and for people.
//
// Pure; thread-safe.
#pragma once

#include "bgpd/session/session.h"
#include "bgpd/session/transitions.h"

#include <string>

namespace tw::bgp {

std::string duration_text(Millis duration);  // "90 s", "1.5 s"
// `Cease/Administrative Shutdown: "maintenance"`
std::string describe(const Notification& notification);

DownReason told_by_peer(const Notification& received);                   // received Cease/…
DownReason told_to_peer(const Notification& sent);                       // sent Cease/…
DownReason told_to_peer(const Notification& sent, std::string because);  // the cause alone; empty: as above
DownReason lost_connection(State state, const std::string& why);         // peer closed the connection in OpenSent

std::string hold_expired_text(State state, Millis waited);
std::string unexpected_text(State state, Input input);

}  // namespace tw::bgp
