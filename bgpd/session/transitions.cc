// The transition table.
#include "bgpd/session/transitions.h"

#include <iterator>

namespace tw::bgp {
namespace {

using enum Reaction;

struct Row {
  Input input;
  Reaction open_sent, open_confirm, established;
};
// clang-format off
constexpr Row kTable[] = {
    //                         OpenSent        OpenConfirm     Established
    {Input::kTcpFails,        kBackToActive,  kLost,          kLost},           // 18
    {Input::kOpen,            kJudgeOpen,     kUnexpected,    kUnexpected},     // 19. A second OPEN: RFC 6608 §4
    {Input::kKeepalive,       kUnexpected,    kEstablish,     kHeard},          // 26
    {Input::kUpdate,          kUnexpected,    kUnexpected,    kHeard},          // 27
    {Input::kRefresh,         kUnexpected,    kUnexpected,    kHeard},          // RFC 6608 §4
    {Input::kNotification,    kPeerEnds,      kPeerEnds,      kPeerEnds},       // 24, 25. OpenSent: the text wants an
                                                                                // FSM Error for 25; §6.4 forbids it
    {Input::kHeaderError,     kReportError,   kReportError,   kReportError},    // 21. Established: the text wants an
                                                                                // FSM Error, §6.1 (MUST) the header's
    {Input::kOpenError,       kReportError,   kUnexpected,    kUnexpected},     // 22. As 19: an OPEN is out of place
    {Input::kUpdateError,     kUnexpected,    kUnexpected,    kReportError},    // 28. As 27
    {Input::kRefreshError,    kUnexpected,    kUnexpected,    kReportError},    // RFC 7313 §5
    {Input::kLocalError,      kReportError,   kReportError,   kReportError},    // 8: our own reason, as a Cease
    {Input::kHoldExpires,     kReportHold,    kReportHold,    kReportHold},     // 10
    {Input::kKeepaliveDue,    kUnexpected,    kSendKeepalive, kSendKeepalive},  // 11. Does not run in OpenSent
    {Input::kSendHoldExpires, kReportSendHold, kReportSendHold, kReportSendHold},  // RFC 9687. Runs in Established only
};
// clang-format on

constexpr bool in_order() {
  for (int i = 0; i < kInputs; ++i) {
    if (static_cast<int>(kTable[i].input) != i) return false;
  }
  return std::size(kTable) == kInputs;
}
static_assert(in_order(), "one row per input, in the order of the enumeration");

}  // namespace

Reaction reaction(State state, Input input) {
  const Row& row = kTable[static_cast<int>(input)];
  if (state == State::kOpenSent) return row.open_sent;
  if (state == State::kOpenConfirm) return row.open_confirm;
  return row.established;
}

std::uint8_t fsm_error_subcode(State state) {
  if (state == State::kOpenSent) return fsm_error::kInOpenSent;
  if (state == State::kOpenConfirm) return fsm_error::kInOpenConfirm;
  return fsm_error::kInEstablished;
}

Input input_of(const MessageError& error) {
  switch (error.code) {
    case ErrorCode::kMessageHeader: return Input::kHeaderError;
    case ErrorCode::kOpen: return Input::kOpenError;
    case ErrorCode::kUpdate: return Input::kUpdateError;
    case ErrorCode::kRouteRefresh: return Input::kRefreshError;
    case ErrorCode::kHoldTimerExpired:
    case ErrorCode::kFiniteStateMachine:
    case ErrorCode::kCease:
    case ErrorCode::kSendHoldTimerExpired: break;
  }
  return Input::kLocalError;
}

std::optional<MessageType> message_of(Input input) {
  switch (input) {
    case Input::kOpen:
    case Input::kOpenError: return MessageType::kOpen;
    case Input::kKeepalive: return MessageType::kKeepalive;
    case Input::kUpdate:
    case Input::kUpdateError: return MessageType::kUpdate;
    case Input::kRefresh:
    case Input::kRefreshError: return MessageType::kRouteRefresh;
    case Input::kNotification: return MessageType::kNotification;
    case Input::kTcpFails:
    case Input::kHeaderError:
    case Input::kLocalError:
    case Input::kHoldExpires:
    case Input::kKeepaliveDue:
    case Input::kSendHoldExpires: break;
  }
  return std::nullopt;
}

}  // namespace tw::bgp
