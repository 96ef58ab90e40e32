// Events and actions as one line of text each: for journals, and for tests that fail.
//
//   Stop 6/2 "maintenance"    OpenReceived outgoing AS64496 id 192.0.2.1 hold 90    Send incoming NOTIFICATION 6/7
//
// Pure; thread-safe.
#pragma once

#include "bgpd/session/events.h"

#include <string>

namespace tw::bgp {

std::string to_text(const Event& event);
std::string to_text(const Action& action);

}  // namespace tw::bgp
