// A SessionFsm in virtual time, every step of which ContractWatch watches, and the words that tests use about it.
#pragma once

#include "bgpd/session/fsm.h"
#include "bgpd/session/trace.h"
#include "tests/unit/bgpd/session/contract_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tw::bgp {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr Connection kOut = Connection::kOutgoing;
inline constexpr Connection kIn = Connection::kIncoming;

inline constexpr std::uint32_t kOurAs = 64496, kTheirAs = 64497;
inline constexpr std::uint32_t kOurId = 0xC0000202, kLowerId = 0xC0000201, kHigherId = 0xC0000203;

inline rib::FamilySet both_families() {
  rib::FamilySet set;
  for (const rib::Family f : rib::kAllFamilies) set.add(f);
  return set;
}
inline rib::FamilySet only(rib::Family family) {
  rib::FamilySet set;
  set.add(family);
  return set;
}

// An external neighbour, both families.
inline SessionConfig neighbor_config() {
  SessionConfig config;
  config.local_as = {kOurAs};
  config.peer_as = {kTheirAs};
  config.router_id = kOurId;
  config.capabilities.families = both_families();
  config.capabilities.has_multiprotocol = true;
  config.capabilities.route_refresh = true;
  return config;
}

// What such a neighbour says.
inline Open their_open(std::uint32_t identifier = kLowerId) {
  Open open;
  open.as = {kTheirAs};
  open.as_field = kTheirAs;
  open.hold_time = 90;
  open.identifier = identifier;
  open.capabilities = neighbor_config().capabilities;
  open.capabilities.four_octet_as = open.as;
  return open;
}

class Rig {
 public:
  explicit Rig(SessionConfig config = neighbor_config()) : fsm_(config, now_), watch_(config) {}

  // Hands an event over; its actions replace those of the step before.
  Rig& feed(const Event& event) {
    watch_.before(event);
    actions_.clear();
    fsm_.on(event, now_, actions_);
    note(event);
    return *this;
  }
  Rig& reconfigure(const SessionConfig& config) {
    watch_.reconfigured(config);
    actions_.clear();
    fsm_.reconfigure(config, now_, actions_);
    note(std::nullopt);
    return *this;
  }
  // Lets time pass, with a Tick at every deadline on the way; the actions of all of them.
  Rig& pass(Millis duration) {
    const TimePoint until = now_ + duration;
    Actions all;
    for (auto next = fsm_.deadline(); next && *next <= until; next = fsm_.deadline()) {
      now_ = std::max(now_, *next);
      feed(Tick{});
      all.insert(all.end(), actions_.begin(), actions_.end());
    }
    now_ = until;
    actions_ = std::move(all);
    return *this;
  }
  // Lets time pass without any Tick: the driver was busy.
  Rig& pass_unwatched(Millis duration) {
    now_ += duration;
    return *this;
  }

  // Shorthands for the way up.
  Rig& start() { return feed(Start{}); }
  Rig& to_open_sent(Connection c = kOut) {
    if (fsm_.admin_down()) start();
    return c == kOut ? feed(Connected{}) : feed(Accepted{});
  }
  Rig& to_open_confirm(Connection c = kOut, const Open& open = their_open()) {
    to_open_sent(c);
    return feed(OpenReceived{c, open});
  }
  Rig& to_established(Connection c = kOut, const Open& open = their_open()) {
    to_open_confirm(c, open);
    return feed(KeepaliveReceived{c});
  }
  Rig& to(State state, Connection c = kOut) {
    switch (state) {
      case State::kIdle: break;
      case State::kConnect: start(); break;
      case State::kActive: start().feed(ConnectFailed{"connection refused"}); break;
      case State::kOpenSent: to_open_sent(c); break;
      case State::kOpenConfirm: to_open_confirm(c); break;
      case State::kEstablished: to_established(c); break;
    }
    return *this;
  }
  // Keeps an Established session alive for so long.
  Rig& live(Millis duration, Connection c) {
    for (const TimePoint until = now_ + duration; now_ < until;) {
      pass(std::min<Millis>(std::chrono::duration_cast<Millis>(until - now_), seconds(20)));
      feed(KeepaliveReceived{c});
    }
    return *this;
  }

  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Action& action : actions_) {
      if (const T* one = std::get_if<T>(&action)) found.push_back(*one);
    }
    return found;
  }
  template <class T>
  std::optional<T> first() const {
    const auto found = all<T>();
    return found.empty() ? std::nullopt : std::optional(found.front());
  }
  template <class T>
  bool did() const {
    return first<T>().has_value();
  }
  // The NOTIFICATION sent in this step, if any.
  std::optional<Notification> notification(Connection c) const {
    for (const Send& send : all<Send>()) {
      if (send.connection == c && type_of(send.message) == MessageType::kNotification) return parse(send.message);
    }
    return std::nullopt;
  }
  int sent(MessageType type) const {
    int count = 0;
    for (const Send& send : all<Send>()) count += type_of(send.message) == type;
    return count;
  }
  static Notification parse(const Bytes& message) {
    return decode_notification(ByteView(message).subspan(kHeaderSize));
  }
  static MessageType type_of(const Bytes& message) { return static_cast<MessageType>(message.at(kHeaderSize - 1)); }

  State state() const { return fsm_.state(); }
  SessionFsm& fsm() { return fsm_; }
  const SessionFsm& fsm() const { return fsm_; }
  const ContractWatch& watch() const { return watch_; }
  const Actions& actions() const { return actions_; }
  TimePoint now() const { return now_; }
  std::string why() const { return fsm_.last_down().text; }
  // How long until the next try; a large number: none is planned.
  Millis retry_in() const {
    return fsm_.retry_at() ? std::chrono::duration_cast<Millis>(*fsm_.retry_at() - now_) : Millis::max();
  }
  std::string history() const {
    std::string text;
    for (const Noted& step : history_) {
      text += std::to_string(std::chrono::duration_cast<Millis>(step.at.time_since_epoch()).count()) +
              " ms: " + (step.event ? to_text(*step.event) : "reconfigure") + '\n';
      for (const Action& action : step.actions) text += "      " + to_text(action) + '\n';
    }
    return text;
  }

 private:
  struct Noted {
    TimePoint at;
    std::optional<Event> event;  // nothing: reconfigure
    Actions actions;
  };
  void note(std::optional<Event> event) {
    history_.push_back({now_, std::move(event), actions_});
    if (history_.size() > 40) history_.pop_front();
    for (const std::string& wrong : watch_.after(actions_, fsm_, now_)) {
      ADD_FAILURE() << wrong << "; the last steps were\n" << history();
    }
  }

  TimePoint now_{seconds(1'000'000)};
  SessionFsm fsm_;
  ContractWatch watch_;
  Actions actions_;
  std::deque<Noted> history_;
};

inline void PrintTo(State state, std::ostream* out) { *out << name(state); }
inline void PrintTo(const Action& action, std::ostream* out) { *out << to_text(action); }

// A NOTIFICATION's code and subcode.
MATCHER_P2(Says, code, subcode, "") {
  if (!arg) {
    *result_listener << "no NOTIFICATION";
    return false;
  }
  *result_listener << "NOTIFICATION " << static_cast<int>(arg->code) << '/' << static_cast<int>(arg->subcode);
  return arg->code == code && arg->subcode == subcode;
}

}  // namespace tw::bgp
