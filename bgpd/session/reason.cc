// Reasons as text.
#include "bgpd/session/reason.h"

#include <utility>

namespace tw::bgp {

std::string duration_text(Millis duration) {
  const auto ms = duration.count();
  std::string text = std::to_string(ms / 1000);
  if (ms % 1000 != 0) text += '.' + std::to_string(ms % 1000 / 100);
  return text + " s";
}

std::string describe(const Notification& notification) {
  std::string text = describe(notification.code, notification.subcode);
  const bool hard_reset = notification.code == ErrorCode::kCease && notification.subcode == cease::kHardReset;
  if (hard_reset && notification.data.size() >= 2) {  // RFC 8538 §3: what it would have been
    text += " (" + describe(static_cast<ErrorCode>(notification.data[0]), notification.data[1]) + ')';
  }
  if (const auto said = notification.shutdown_communication(); said && !said->empty()) text += ": \"" + *said + '"';
  return text;
}

DownReason told_by_peer(const Notification& received) {
  return {.text = "received " + describe(received), .sent = std::nullopt, .received = received};
}

DownReason told_to_peer(const Notification& sent) { return told_to_peer(sent, {}); }

DownReason told_to_peer(const Notification& sent, std::string because) {
  if (because.empty()) because = "sent " + describe(sent);
  return {.text = std::move(because), .sent = sent, .received = std::nullopt};
}

DownReason lost_connection(State state, const std::string& why) {
  std::string text = why;
  if (state != State::kEstablished) text += " in " + std::string(name(state));
  return {.text = std::move(text), .sent = std::nullopt, .received = std::nullopt};
}

std::string hold_expired_text(State state, Millis waited) {
  const std::string_view missing = state == State::kOpenSent ? "no OPEN" : "nothing";
  return "hold timer expired: " + std::string(missing) + " received for " + duration_text(waited) +
         (state == State::kEstablished ? "" : " in " + std::string(name(state)));
}

std::string unexpected_text(State state, Input input) {
  std::string_view what = "event";
  switch (message_of(input).value_or(MessageType{})) {
    case MessageType::kOpen: what = "OPEN"; break;
    case MessageType::kUpdate: what = "UPDATE"; break;
    case MessageType::kNotification: what = "NOTIFICATION"; break;
    case MessageType::kKeepalive: what = "KEEPALIVE"; break;
    case MessageType::kRouteRefresh: what = "ROUTE-REFRESH"; break;
  }
  return "unexpected " + std::string(what) + " in " + std::string(name(state));
}

}  // namespace tw::bgp
