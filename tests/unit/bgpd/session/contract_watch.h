// Watches a SessionFsm from outside and objects to whatever breaks the contract of events.h: used by every test.
#pragma once

#include "bgpd/session/fsm.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace tw::bgp {

class ContractWatch {
 public:
  explicit ContractWatch(const SessionConfig& config) : may_connect_(!config.passive && !config.dynamic) {
    dynamic_ = config.dynamic;
  }
  void reconfigured(const SessionConfig& config) {
    may_connect_ = !config.passive && !config.dynamic;
    dynamic_ = config.dynamic;
  }

  // Call before the event is handed to the machine, and after. Returns what is wrong, one line each.
  void before(const Event& event) {
    offered_ = std::holds_alternative<Accepted>(event);
    if (const auto* gone = std::get_if<Disconnected>(&event); gone && has(gone->connection)) {
      tcp(gone->connection) = Tcp::kNone;
    }
    if (std::holds_alternative<ConnectFailed>(event) && tcp(Connection::kOutgoing) == Tcp::kConnecting) {
      tcp(Connection::kOutgoing) = Tcp::kNone;
    }
    if (std::holds_alternative<Connected>(event)) {
      stray_connected_ = tcp(Connection::kOutgoing) == Tcp::kNone;
      if (tcp(Connection::kOutgoing) == Tcp::kConnecting) tcp(Connection::kOutgoing) = Tcp::kFresh;
    }
  }
  std::vector<std::string> after(const Actions& actions, const SessionFsm& fsm, TimePoint now);

  bool connecting() const { return tcp_[0] == Tcp::kConnecting; }
  bool has(Connection c) const { return open(tcp_[static_cast<std::size_t>(index_of(c))]); }
  bool up() const { return up_.has_value(); }

 private:
  // Fresh: nothing was sent on it yet. Farewell: a NOTIFICATION was, so only the close may follow.
  enum class Tcp { kNone, kConnecting, kFresh, kOpen, kFarewell };
  static bool open(Tcp t) { return t == Tcp::kFresh || t == Tcp::kOpen || t == Tcp::kFarewell; }
  Tcp& tcp(Connection c) { return tcp_[static_cast<std::size_t>(index_of(c))]; }
  void expect(bool good, const char* what) {
    if (!good) wrong_.emplace_back(what);
  }
  void see(const Connect&);
  void see(const AbandonConnect&);
  void see(const Admit&);
  void see(const Refuse&);
  void see(const Send&);
  void see(const CloseConnection&);
  void see(const SessionUp&);
  void see(const SessionDown&);
  void see(const AttemptFailed&);
  void see(const StateChanged&);
  void see(const Forget&);

  bool may_connect_, dynamic_ = false;
  std::array<Tcp, kConnections> tcp_{};
  bool offered_ = false, stray_connected_ = false;
  std::optional<Connection> up_;
  State told_ = State::kIdle;
  std::vector<std::string> wrong_;
};

inline std::vector<std::string> ContractWatch::after(const Actions& actions, const SessionFsm& fsm, TimePoint now) {
  wrong_.clear();
  for (const Action& action : actions) std::visit([&](const auto& a) { see(a); }, action);
  stray_connected_ = false;
  expect(!offered_, "Accepted was answered by neither Admit nor Refuse");
  expect(told_ == fsm.state(), "the last StateChanged does not lead to state()");
  expect(up_ == fsm.established(), "SessionUp and SessionDown do not say what established() says");
  expect(!up_ || !(tcp_[0] != Tcp::kNone && tcp_[1] != Tcp::kNone), "a second connection beside an Established one");
  expect(fsm.negotiated().has_value() == up_.has_value(), "negotiated() without session, or the reverse");
  const auto deadline = fsm.deadline();
  expect(!deadline || *deadline >= now, "deadline() is past");
  const bool any = tcp_[0] != Tcp::kNone || tcp_[1] != Tcp::kNone;
  if (fsm.admin_down()) {
    expect(!any, "administratively down with a connection");
    expect(!deadline, "administratively down with a timer");
  }
  if (fsm.state() == State::kIdle) expect(!any, "Idle with a connection");
  expect((fsm.state() >= State::kOpenSent) == (open(tcp_[0]) || open(tcp_[1])), "OpenSent or later without connection");
  expect((fsm.state() == State::kConnect) == (tcp_[0] == Tcp::kConnecting && !open(tcp_[1])),
         "Connect without connect()");
  expect(tcp_[0] != Tcp::kFresh && tcp_[1] != Tcp::kFresh, "no OPEN was sent on a new connection");
  expect(tcp_[0] != Tcp::kFarewell && tcp_[1] != Tcp::kFarewell, "NOTIFICATION without close");
  return std::move(wrong_);
}

inline void ContractWatch::see(const Connect&) {
  expect(may_connect_, "a passive neighbour connects");
  expect(tcp(Connection::kOutgoing) == Tcp::kNone, "Connect beside another outgoing connection");
  tcp(Connection::kOutgoing) = Tcp::kConnecting;
}
inline void ContractWatch::see(const AbandonConnect&) {
  expect(connecting(), "AbandonConnect without Connect");
  tcp(Connection::kOutgoing) = Tcp::kNone;
}
inline void ContractWatch::see(const Admit&) {
  expect(offered_, "Admit without Accepted");
  expect(tcp(Connection::kIncoming) == Tcp::kNone, "Admit beside another incoming connection");
  offered_ = false;
  tcp(Connection::kIncoming) = Tcp::kFresh;
}
inline void ContractWatch::see(const Refuse&) {
  expect(offered_, "Refuse without Accepted");
  offered_ = false;
}
inline void ContractWatch::see(const Send& send) {
  Tcp& t = tcp(send.connection);
  expect(t == Tcp::kFresh || t == Tcp::kOpen, "Send on a connection that is not open, or after a NOTIFICATION");
  const auto type = static_cast<MessageType>(send.message.at(kHeaderSize - 1));
  expect((type == MessageType::kOpen) == (t == Tcp::kFresh), "OPEN must be the first message and only that");
  if (open(t)) t = type == MessageType::kNotification ? Tcp::kFarewell : Tcp::kOpen;
}
inline void ContractWatch::see(const CloseConnection& close) {
  const bool stray = close.connection == Connection::kOutgoing && stray_connected_;
  expect(stray || open(tcp(close.connection)), "CloseConnection of what is not open");
  tcp(close.connection) = Tcp::kNone;
}
inline void ContractWatch::see(const SessionUp& session) {
  expect(!up_, "two sessions");
  expect(has(session.connection), "SessionUp without connection");
  up_ = session.connection;
}
inline void ContractWatch::see(const SessionDown& down) {
  expect(up_.has_value(), "SessionDown without SessionUp");
  expect(!down.reason.text.empty(), "SessionDown without reason");
  up_.reset();
}
inline void ContractWatch::see(const AttemptFailed& failed) {
  expect(!failed.reason.text.empty(), "AttemptFailed without reason");
}
inline void ContractWatch::see(const StateChanged& change) {
  expect(change.from == told_, "StateChanged does not start where the last one ended");
  expect(change.from != change.to, "StateChanged without change");
  told_ = change.to;
}
inline void ContractWatch::see(const Forget&) {
  expect(dynamic_, "Forget of a configured neighbour");
  expect(!has(Connection::kIncoming) && !has(Connection::kOutgoing), "Forget with a connection");
}

}  // namespace tw::bgp
