// RFC 4271 §8.2.2 for a connection on which our OPEN has been sent, as a table: what happens × state → what is done.
//
// Pure; thread-safe. The states without such a connection (Idle, Connect, Active) are in fsm.cc. Event numbers in the
// table are §8.1's; where it departs from the RFC's text, it says why.
#pragma once

#include "bgpd/message/message.h"
#include "bgpd/session/session.h"

#include <cstdint>
#include <optional>

namespace tw::bgp {

enum class Input : std::uint8_t {
  kTcpFails,
  kOpen,
  kKeepalive,
  kUpdate,
  kRefresh,
  kNotification,
  kHeaderError,
  kOpenError,
  kUpdateError,
  kRefreshError,
  kLocalError,
  kHoldExpires,
  kKeepaliveDue,
  kSendHoldExpires,
};
inline constexpr int kInputs = 14;

enum class Reaction : std::uint8_t {
  kJudgeOpen,       // check it, resolve a collision; good: KEEPALIVE, OpenConfirm
  kEstablish,       // the session is up
  kHeard,           // hold timer restarts
  kSendKeepalive,   // keepalive timer restarts
  kUnexpected,      // NOTIFICATION FSM Error with the state's subcode (RFC 6608); Idle, damped
  kReportError,     // NOTIFICATION as the error says; Idle, damped
  kReportHold,      // NOTIFICATION Hold Timer Expired; Idle, damped
  kReportSendHold,  // NOTIFICATION Send Hold Timer Expired, which may not get through; Idle, damped
  kPeerEnds,        // never answered (§6.4); Idle, damped
  kBackToActive,    // ConnectRetryTimer starts; Active
  kLost,            // Idle, damped
};

// REQUIRES: state is OpenSent, OpenConfirm or Established.
Reaction reaction(State state, Input input);

// RFC 6608 §3: "Receive Unexpected Message in …". REQUIRES: as reaction.
std::uint8_t fsm_error_subcode(State state);

// The input that a decoding error is.
Input input_of(const MessageError& error);
// The message type that an unexpected input is about: the data of RFC 6608; nothing: it is not about a message.
std::optional<MessageType> message_of(Input input);

}  // namespace tw::bgp
