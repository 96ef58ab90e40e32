// Events and actions as text.
#include "bgpd/session/trace.h"

#include "bgpd/session/reason.h"

#include <cstddef>

namespace tw::bgp {
namespace {

std::string code_text(unsigned code, unsigned subcode) { return std::to_string(code) + '/' + std::to_string(subcode); }
std::string quoted(const std::string& text) { return text.empty() ? "" : " \"" + text + '"'; }
std::string on(const char* what, Connection connection) {
  return std::string(what) + ' ' + std::string(name(connection));
}

// Type, and the codes of a NOTIFICATION.
std::string message_text(const Bytes& message) {
  constexpr std::size_t kTypeAt = kHeaderSize - 1;
  if (message.size() < kHeaderSize) return "nothing";
  switch (static_cast<MessageType>(message[kTypeAt])) {
    case MessageType::kOpen: return "OPEN";
    case MessageType::kUpdate: return "UPDATE";
    case MessageType::kKeepalive: return "KEEPALIVE";
    case MessageType::kRouteRefresh: return "ROUTE-REFRESH";
    case MessageType::kNotification: break;
  }
  if (message.size() < kHeaderSize + 2) return "NOTIFICATION";
  return "NOTIFICATION " + code_text(message[kHeaderSize], message[kHeaderSize + 1]);
}

struct EventText {
  std::string operator()(const Start&) const { return "Start"; }
  std::string operator()(const Stop& e) const { return "Stop " + code_text(6, e.cease_subcode) + quoted(e.text); }
  std::string operator()(const Reset& e) const { return "Reset " + code_text(6, e.cease_subcode) + quoted(e.text); }
  std::string operator()(const Trip& e) const {
    return "Trip " + code_text(6, e.cease_subcode) + " for " + duration_text(e.stay_down) + quoted(e.why);
  }
  std::string operator()(const Connected&) const { return "Connected"; }
  std::string operator()(const ConnectFailed& e) const { return "ConnectFailed" + quoted(e.why); }
  std::string operator()(const Accepted&) const { return "Accepted"; }
  std::string operator()(const Disconnected& e) const { return on("Disconnected", e.connection) + quoted(e.why); }
  std::string operator()(const SendStalled& e) const { return on("SendStalled", e.connection); }
  std::string operator()(const SendProgress& e) const { return on("SendProgress", e.connection); }
  std::string operator()(const OpenReceived& e) const {
    return on("OpenReceived", e.connection) + " AS" + std::to_string(e.open.as.value) + " id " +
           rib::to_string(rib::IpAddress::v4(e.open.identifier)) + " hold " + std::to_string(e.open.hold_time);
  }
  std::string operator()(const KeepaliveReceived& e) const { return on("KeepaliveReceived", e.connection); }
  std::string operator()(const UpdateReceived& e) const { return on("UpdateReceived", e.connection); }
  std::string operator()(const RefreshReceived& e) const { return on("RefreshReceived", e.connection); }
  std::string operator()(const NotificationReceived& e) const {
    return on("NotificationReceived", e.connection) + ' ' +
           code_text(static_cast<unsigned>(e.notification.code), e.notification.subcode);
  }
  std::string operator()(const BadMessage& e) const {
    return on("BadMessage", e.connection) + ' ' + code_text(static_cast<unsigned>(e.error.code), e.error.subcode) +
           quoted(e.error.what);
  }
  std::string operator()(const Tick&) const { return "Tick"; }
};

struct ActionText {
  std::string operator()(const Connect&) const { return "Connect"; }
  std::string operator()(const AbandonConnect&) const { return "AbandonConnect"; }
  std::string operator()(const Admit&) const { return "Admit"; }
  std::string operator()(const Refuse& a) const { return "Refuse " + message_text(a.message); }
  std::string operator()(const Send& a) const { return on("Send", a.connection) + ' ' + message_text(a.message); }
  std::string operator()(const CloseConnection& a) const { return on("CloseConnection", a.connection); }
  std::string operator()(const SessionUp& a) const {
    return on("SessionUp", a.connection) + " hold " + duration_text(a.negotiated.hold);
  }
  std::string operator()(const SessionDown& a) const { return "SessionDown" + quoted(a.reason.text); }
  std::string operator()(const AttemptFailed& a) const { return "AttemptFailed" + quoted(a.reason.text); }
  std::string operator()(const StateChanged& a) const {
    return "StateChanged " + std::string(name(a.from)) + " " + std::string(name(a.to));
  }
  std::string operator()(const Forget&) const { return "Forget"; }
};

}  // namespace

std::string to_text(const Event& event) { return std::visit(EventText{}, event); }
std::string to_text(const Action& action) { return std::visit(ActionText{}, action); }

}  // namespace tw::bgp
