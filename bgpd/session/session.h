// What a session is configured to be, what both ends agreed on, and why it ended: the values the FSM takes and gives.
#pragma once

#include "bgpd/message/message.h"
#include "bgpd/session/timers.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tw::bgp {

enum class State : std::uint8_t { kIdle, kConnect, kActive, kOpenSent, kOpenConfirm, kEstablished };
std::string_view name(State state);  // "Idle", "Connect", …

// Who opened it. A neighbour has at most one connection of each kind.
enum class Connection : std::uint8_t { kOutgoing, kIncoming };
inline constexpr int kConnections = 2;
constexpr int index_of(Connection connection) { return static_cast<int>(connection); }
constexpr Connection other(Connection connection) {
  return connection == Connection::kOutgoing ? Connection::kIncoming : Connection::kOutgoing;
}
std::string_view name(Connection connection);  // "outgoing", "incoming"

struct SessionConfig {
  rib::AsNumber local_as{};
  rib::AsNumber peer_as{};  // 0: any of `allowed_as` (neighbour ranges)
  std::vector<rib::AsNumber> allowed_as;
  std::uint32_t router_id = 0;  // host byte order, not 0
  bool passive = false;         // never connects
  bool dynamic = false;         // from a neighbour range: passive, and gone when its session is
  Capabilities capabilities;    // what we offer; four_octet_as and, towards iBGP, role are the FSM's to fill or drop
  bool strict_role = false;     // RFC 9234 §4.2: a peer without role is refused
  // What it may mean that connect() is not answered at all, for people. Keyed neighbours: "unreachable, or wrong or
  // missing key".
  std::string silence_means = "unreachable";
  SessionTimers timers;
  std::uint64_t jitter_seed = 1;
};

// What both OPENs agreed on.
struct Negotiated {
  Open received;
  rib::FamilySet families;
  bool four_octet_as = false, route_refresh = false, enhanced_route_refresh = false, extended_message = false;
  bool receive_add_path[rib::kFamilies] = {false, false}, send_add_path[rib::kFamilies] = {false, false};
  Millis hold{0}, keepalive{0};    // keepalive: a third of hold
  std::optional<Role> local_role;  // set when RFC 9234 is in force: ours is configured and the peer is external
};

// Why a session, or an attempt at one, ended; one line for people, and how the parties told each other.
struct DownReason {
  std::string text;
  std::optional<Notification> sent, received;
};

}  // namespace tw::bgp
