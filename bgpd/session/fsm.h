// The session state machine of RFC 4271 §8, for one neighbour and the up to two connections it may have at a time.
//
// Pure: on(event, now) → actions; no socket, clock, thread or log. Routing thread. Time is a steady clock's, in
// milliseconds; jitter comes from a seed. The driver carries actions out in order, and calls tick() at deadline().
//
// What is where: §8.1 events are the Event structs; §8.2.1.2 states are kept per connection (a neighbour's own state is
// that of its most advanced connection); §6.8 collision detection decides between the two; 6608 FSM error subcodes;
// 9687 send hold timer; 8538 hard reset; 9003 shutdown text. DelayOpen and the optional TCP-state attributes of §8 are
// not implemented.
#pragma once

#include "bgpd/message/message.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tw::bgp {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Millis = std::chrono::milliseconds;

enum class State : std::uint8_t { kIdle, kConnect, kActive, kOpenSent, kOpenConfirm, kEstablished };
std::string_view name(State state);  // "Idle", "Connect", …

struct SessionTimers {
  Millis connect_retry{30'000};    // 8.2.1.3; jittered to 75…100 %
  Millis connect_timeout{10'000};  // how long one connect() may take
  Millis hold{90'000};             // proposed; 0: none
  Millis open_hold{
      60'000};  // hold timer while waiting for OPEN ("a large value": RFC suggests 4 minutes; we wait less)
  Millis idle_hold_min{1'000};       // damping of peer oscillation (8.1.1): doubles with every failure …
  Millis idle_hold_max{120'000};     // … up to this
  Millis idle_hold_forget{300'000};  // an Established session must last this long for the back-off to start afresh
  Millis send_hold{480'000};         // RFC 9687: max(8 min, 2 × hold time) by default; 0: none
};

struct SessionConfig {
  rib::AsNumber local_as{};
  rib::AsNumber peer_as{};  // 0: any of `allowed_as` (neighbour ranges)
  std::vector<rib::AsNumber> allowed_as;
  std::uint32_t router_id = 0;
  bool passive = false;       // never connects
  bool dynamic = false;       // from a neighbour range: passive, and gone when its session is
  Capabilities capabilities;  // what we offer
  bool strict_role = false;   // RFC 9234 §4.2: a peer without role is refused
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
  std::optional<Role> local_role;  // set when roles are in force
};

enum class Connection : std::uint8_t { kOutgoing, kIncoming };

// --- events
// -----------------------------------------------------------------------------------------------------------
struct Start {};  // events 1, 3, 4: administratively up
struct Stop {
  std::uint8_t cease_subcode = cease::kAdministrativeShutdown;
  std::string text;
};  // events 2, 8: down until Start
struct Reset {
  std::uint8_t cease_subcode = cease::kAdministrativeReset;
  std::string text;
};  // torn down, then tried again at once
// Torn down and kept down for a while (maximum prefix): Idle until `stay_down` has passed; zero: until Start.
struct Trip {
  std::uint8_t cease_subcode = cease::kMaxPrefixes;
  std::vector<std::uint8_t> data;
  Millis stay_down{0};
  std::string why;
};
struct Connected {};  // event 17: our connect() succeeded
struct ConnectFailed {
  std::string why;
};                   // event 18 while connecting
struct Accepted {};  // event 17: the listener accepted the neighbour; refused by a CloseConnection action
struct Disconnected {
  Connection connection;
  std::string why;
};  // event 18: end of file or error
struct OpenReceived {
  Connection connection;
  Open open;
};
struct KeepaliveReceived {
  Connection connection;
};
struct UpdateReceived {
  Connection connection;
};  // only its arrival; the content is the RIB's
struct RefreshReceived {
  Connection connection;
};
struct NotificationReceived {
  Connection connection;
  Notification notification;
};
struct BadMessage {
  Connection connection;
  MessageError error;
};  // events 21, 22, 28: framing or decoding failed
struct SendStalled {
  Connection connection;
};  // data waits and the socket takes none (starts the send hold timer)
struct SendProgress {
  Connection connection;
};               // the socket took something, or nothing waits
struct Tick {};  // deadline() has come
using Event = std::variant<Start, Stop, Reset, Trip, Connected, ConnectFailed, Accepted, Disconnected, OpenReceived,
                           KeepaliveReceived, UpdateReceived, RefreshReceived, NotificationReceived, BadMessage,
                           SendStalled, SendProgress, Tick>;

// --- actions
// ----------------------------------------------------------------------------------------------------------
struct Connect {};  // start connect(); answered by Connected or ConnectFailed
struct Send {
  Connection connection;
  Bytes message;
};
// Close after what was handed to Send has been flushed as far as the socket takes it without waiting.
struct CloseConnection {
  Connection connection;
};
struct AbandonConnect {};  // give the connect() in progress up
struct SessionUp {
  Connection connection;
  Negotiated negotiated;
};
// Why a session, or an attempt at one, ended; one line for people, and how the parties told each other.
struct DownReason {
  std::string text;
  std::optional<Notification> sent, received;
};
struct SessionDown {
  DownReason reason;
};  // after SessionUp only
struct AttemptFailed {
  DownReason reason;
};  // before SessionUp
struct StateChanged {
  State from, to;
};
struct Forget {};  // dynamic neighbour: its last connection is gone
using Action = std::variant<Connect, Send, CloseConnection, AbandonConnect, SessionUp, SessionDown, AttemptFailed,
                            StateChanged, Forget>;
using Actions = std::vector<Action>;

class SessionFsm {
 public:
  SessionFsm(SessionConfig config, TimePoint now);

  // Appends the actions to `out`. Any event is legal in any state; what makes no sense in the state is handled as
  // §8.2.2 says.
  void on(const Event& event, TimePoint now, Actions& out);
  // The hot path: as on(UpdateReceived{c}) in Established, without the variant.
  void update_received(Connection connection, TimePoint now);
  // When to send Tick next; nothing: no timer runs.
  std::optional<TimePoint> deadline() const;

  State state() const;
  bool admin_down() const;
  std::optional<Connection> established() const;  // the connection that is Established
  std::optional<Negotiated> negotiated() const;   // while Established
  std::optional<TimePoint> retry_at() const;      // Idle hold or connect-retry in force: when we try again
  const DownReason& last_down() const;
  // New proposals take effect with the next session (timers of the running one stay).
  void reconfigure(SessionConfig config);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // the implementer is free to replace this by plain members
};

}  // namespace tw::bgp
