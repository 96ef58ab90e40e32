// Names of states and connections.
#include "bgpd/session/session.h"

namespace tw::bgp {

std::string_view name(State state) {
  switch (state) {
    case State::kIdle: return "Idle";
    case State::kConnect: return "Connect";
    case State::kActive: return "Active";
    case State::kOpenSent: return "OpenSent";
    case State::kOpenConfirm: return "OpenConfirm";
    case State::kEstablished: return "Established";
  }
  return "?";
}

std::string_view name(Connection connection) { return connection == Connection::kOutgoing ? "outgoing" : "incoming"; }

}  // namespace tw::bgp
