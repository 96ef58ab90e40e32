// What happens to a session, and what is to be done about it. Event numbers are those of RFC 4271 §8.1.
#pragma once

#include "bgpd/message/message.h"
#include "bgpd/session/session.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace tw::bgp {

// --- Events: the operator's and our own decisions

struct Start {};  // 1, 3, 4: administratively up. Ends an idle hold or a trip at once
// 2: torn down, and down until Start. `text` (RFC 9003) goes out with the two administrative subcodes only.
struct Stop {
  std::uint8_t cease_subcode = cease::kAdministrativeShutdown;
  std::string text;
};
// Torn down, then tried again at once; the back-off starts afresh. Nothing happens while administratively down.
struct Reset {
  std::uint8_t cease_subcode = cease::kAdministrativeReset;
  std::string text;
};
// 8: torn down and kept down for a while (maximum prefix): Idle until `stay_down` has passed; zero: until Start or
// Reset.
struct Trip {
  std::uint8_t cease_subcode = cease::kMaxPrefixes;
  std::vector<std::uint8_t> data;
  Millis stay_down{0};
  std::string why;
};

// --- Events: TCP

struct Connected {};  // 16: our connect() succeeded
struct ConnectFailed {
  std::string why;
};                   // 18 while connecting
struct Accepted {};  // 17: the listener accepted the neighbour; answered by exactly one of Admit and Refuse
struct Disconnected {
  Connection connection;
  std::string why;  // "peer closed the connection", "connection reset by peer", …
};                  // 18: end of file or error
struct SendStalled {
  Connection connection;
};  // data waits and the socket takes none: the send hold timer runs. Repeating it does not restart the timer
struct SendProgress {
  Connection connection;
};  // the socket took something, or nothing waits any more: it stops. Stalled again: another SendStalled

// --- Events: messages

struct OpenReceived {
  Connection connection;
  Open open;
};  // 19
struct KeepaliveReceived {
  Connection connection;
};  // 26
struct UpdateReceived {
  Connection connection;
};  // 27: only its arrival; the content is the RIB's
struct RefreshReceived {
  Connection connection;
};
struct NotificationReceived {
  Connection connection;
  Notification notification;
};  // 24, 25
struct BadMessage {
  Connection connection;
  MessageError error;
};  // 21, 22, 28: framing or decoding failed

// --- Events: time

// deadline() has come. The driver reads what has already arrived first, so that a thread that was busy does not take
// its own delay for the peer's silence.
struct Tick {};

using Event = std::variant<Start, Stop, Reset, Trip, Connected, ConnectFailed, Accepted, Disconnected, SendStalled,
                           SendProgress, OpenReceived, KeepaliveReceived, UpdateReceived, RefreshReceived,
                           NotificationReceived, BadMessage, Tick>;

// --- Actions, to be carried out in order

struct Connect {};         // start connect(); answered by Connected or ConnectFailed, once
struct AbandonConnect {};  // give the connect() in progress up: neither answer follows any more
struct Admit {};           // the connection that Accepted spoke of is from now on Connection::kIncoming
// It is not: send `message`, if any, and close it. Whatever Connection::kIncoming is, it is untouched.
struct Refuse {
  Bytes message;
};
struct Send {
  Connection connection;
  Bytes message;
};
// Close after what was handed to Send has been flushed as far as the socket takes it without waiting. No event of this
// connection follows.
struct CloseConnection {
  Connection connection;
};
struct SessionUp {
  Connection connection;
  Negotiated negotiated;
};
struct SessionDown {
  DownReason reason;
};  // after SessionUp only
struct AttemptFailed {
  DownReason reason;
};  // before SessionUp
struct StateChanged {
  State from, to;
};  // of the neighbour: of the most advanced of its connections
// Dynamic neighbour: its last connection is gone, and so may this machine be. Not after Stop or Trip: what is down on
// purpose must stay known (after a Trip it follows when stay_down has passed).
struct Forget {};

using Action = std::variant<Connect, AbandonConnect, Admit, Refuse, Send, CloseConnection, SessionUp, SessionDown,
                            AttemptFailed, StateChanged, Forget>;
using Actions = std::vector<Action>;

}  // namespace tw::bgp
