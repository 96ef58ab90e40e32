// Two SessionFsms joined by a simulated network: TCP connections with random delays, lost SYNs, resets, and hosts that
// crash or lose their power. Virtual time; everything follows from the seed.
#pragma once

#include "bgpd/session/fsm.h"
#include "bgpd/session/trace.h"
#include "tests/unit/bgpd/session/contract_watch.h"
#include "tests/unit/bgpd/session/rig.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace tw::bgp {

struct Weather {
  Millis least_delay{1}, most_delay{50};  // one way
  int lost_syns_percent = 0;              // each costs a retransmission of 1 s, 2 s, 4 s …
  Millis accept_delay{5};                 // until the daemon takes a connection that its kernel has
};

class TwoSpeakers {
 public:
  TwoSpeakers(SessionConfig a, SessionConfig b, Weather weather, std::uint64_t seed)
      : weather_(weather), random_(seed), speakers_{Speaker(std::move(a)), Speaker(std::move(b))} {
    for (Speaker& s : speakers_) s.config.jitter_seed = random_();
  }

  // Switches the daemon of speaker 0 or 1 on.
  void boot(int who) {
    Speaker& s = speakers_[static_cast<std::size_t>(who)];
    s.fsm.emplace(s.config, now_);
    s.watch.emplace(s.config);
    s.host_up = true;
    s.config.jitter_seed = random_();
    feed(who, Start{});
  }
  // The daemon dies; its kernel closes its connections.
  void kill(int who) {
    Speaker& s = speakers_[static_cast<std::size_t>(who)];
    for (auto& slot : s.slots) {
      if (slot) send_end(slot, who, "peer closed the connection");
      slot.reset();
    }
    s.stop();
  }
  // The host vanishes without a word. Once it is booted again, its kernel answers what it does not know with a reset.
  void cut_power(int who) {
    Speaker& s = speakers_[static_cast<std::size_t>(who)];
    for (auto& slot : s.slots) slot.reset();
    s.stop();
    s.host_up = false;
  }
  // A connection breaks, at both ends.
  void break_connections() {
    for (int who : {0, 1}) {
      for (const Connection c : {kOut, kIn}) {
        auto& slot = slot_of(who, c);
        if (!slot) continue;
        slot.reset();
        feed(who, Disconnected{c, "connection reset by peer"});
      }
    }
  }
  void feed(int who, const Event& event) {
    Speaker& s = speakers_[static_cast<std::size_t>(who)];
    if (!s.fsm) return;
    s.watch->before(event);
    Actions actions;
    s.fsm->on(event, now_, actions);
    note(who, event, actions);
    for (const std::string& wrong : s.watch->after(actions, *s.fsm, now_)) ADD_FAILURE() << wrong << '\n' << history();
    for (const Action& action : actions) std::visit([&](const auto& a) { carry_out(who, a); }, action);
    arm(who);
  }

  void run(Millis duration) {
    const TimePoint until = now_ + duration;
    while (!queue_.empty() && queue_.begin()->first <= until) {
      auto next = queue_.extract(queue_.begin());
      now_ = std::max(now_, next.key());
      next.mapped()();
    }
    now_ = until;
  }
  // Runs until the two share one session; how long that took, or nothing: longer than `limit`.
  std::optional<Millis> run_until_joined(Millis limit) {
    for (Millis passed{0}; passed <= limit; passed += Millis(10)) {
      if (joined()) return passed;
      run(Millis(10));
    }
    return std::nullopt;
  }
  // Both Established over the same connection, and no other connection between them.
  bool joined() const {
    const auto& [a, b] = speakers_;
    if (!a.fsm || !b.fsm || !a.fsm->established() || !b.fsm->established()) return false;
    const auto& at_a = a.slots[static_cast<std::size_t>(index_of(*a.fsm->established()))];
    const auto& at_b = b.slots[static_cast<std::size_t>(index_of(*b.fsm->established()))];
    return at_a && at_a == at_b && count(a) == 1 && count(b) == 1;
  }
  const SessionFsm& fsm(int who) const { return *speakers_[static_cast<std::size_t>(who)].fsm; }
  int ups(int who) const { return speakers_[static_cast<std::size_t>(who)].ups; }
  int connects(int who) const { return speakers_[static_cast<std::size_t>(who)].connects; }
  std::string history() const {
    std::string text;
    for (const Noted& step : history_) {
      text += std::to_string(std::chrono::duration_cast<Millis>(step.at - TimePoint{}).count()) +
              (step.who == 0 ? " A " : " B ") + to_text(step.event) + '\n';
      for (const Action& action : step.actions) text += "             " + to_text(action) + '\n';
    }
    return text;
  }

 private:
  struct Pipe {  // one TCP connection
    int opener = 0;
    bool reset = false;
    std::array<TimePoint, 2> last_delivery{};  // towards speaker 0 and 1: octets arrive in order
    Connection kind_at(int who) const { return who == opener ? kOut : kIn; }
  };
  using PipePtr = std::shared_ptr<Pipe>;
  struct Speaker {
    explicit Speaker(SessionConfig c) : config(std::move(c)) {}
    void stop() {
      fsm.reset();
      watch.reset();
      ++attempt;
      armed.reset();
    }
    SessionConfig config;
    std::optional<SessionFsm> fsm;  // nothing: the daemon does not run
    std::optional<ContractWatch> watch;
    bool host_up = true;
    std::array<PipePtr, kConnections> slots;
    PipePtr offered;
    std::uint64_t attempt = 0;  // which connect() is the current one
    std::optional<TimePoint> armed;
    int ups = 0, connects = 0;
  };

  static int count(const Speaker& s) { return (s.slots[0] != nullptr) + (s.slots[1] != nullptr); }
  Speaker& speaker(int who) { return speakers_[static_cast<std::size_t>(who)]; }
  PipePtr& slot_of(int who, Connection c) { return speaker(who).slots[static_cast<std::size_t>(index_of(c))]; }
  Millis delay() {
    return Millis(
        std::uniform_int_distribution<Millis::rep>(weather_.least_delay.count(), weather_.most_delay.count())(random_));
  }
  void at(TimePoint when, std::function<void()> what) { queue_.emplace(when, std::move(what)); }
  void arm(int who) {
    Speaker& s = speaker(who);
    if (!s.fsm) return;
    const auto deadline = s.fsm->deadline();
    if (!deadline || deadline == s.armed) return;
    s.armed = deadline;
    at(*deadline, [this, who, deadline] {
      if (speaker(who).armed != deadline) return;
      speaker(who).armed.reset();
      feed(who, Tick{});
      arm(who);
    });
  }

  // --- connecting

  void carry_out(int who, const Connect&) {
    Speaker& s = speaker(who);
    ++s.connects;
    const std::uint64_t attempt = ++s.attempt;
    Millis retransmissions{0};
    for (Millis again{1000}; std::uniform_int_distribution<int>(0, 99)(random_) < weather_.lost_syns_percent;
         again *= 2) {
      retransmissions += again;
    }
    at(now_ + retransmissions + delay(), [this, who, attempt] { syn_arrives(1 - who, attempt); });
  }
  void syn_arrives(int at_whom, std::uint64_t attempt) {
    const int opener = 1 - at_whom;
    if (!speaker(at_whom).host_up) return;
    if (!speaker(at_whom).fsm) {
      at(now_ + delay(), [this, opener, attempt] {
        if (speaker(opener).attempt == attempt) feed(opener, ConnectFailed{"connection refused"});
      });
      return;
    }
    const auto pipe = std::make_shared<Pipe>();
    pipe->opener = opener;
    const TimePoint connected = now_ + delay(), taken = now_ + weather_.accept_delay;
    pipe->last_delivery[static_cast<std::size_t>(opener)] = connected;
    pipe->last_delivery[static_cast<std::size_t>(at_whom)] = taken;
    at(connected, [this, opener, pipe, attempt] {
      Speaker& s = speaker(opener);
      if (s.attempt != attempt || !s.fsm || pipe->reset) return send_end(pipe, opener, "connection reset by peer");
      ++s.attempt;
      slot_of(opener, kOut) = pipe;
      feed(opener, Connected{});
    });
    at(taken, [this, at_whom, pipe] {
      Speaker& s = speaker(at_whom);
      if (!s.fsm) return send_end(pipe, at_whom, "connection reset by peer");
      s.offered = pipe;
      feed(at_whom, Accepted{});
    });
  }
  void carry_out(int who, const AbandonConnect&) { ++speaker(who).attempt; }
  void carry_out(int who, const Admit&) { slot_of(who, kIn) = std::move(speaker(who).offered); }
  void carry_out(int who, const Refuse& refuse) {
    const PipePtr pipe = std::move(speaker(who).offered);
    if (!refuse.message.empty()) deliver(pipe, who, refuse.message);
    send_end(pipe, who, "peer closed the connection");
  }

  // --- talking

  void carry_out(int who, const Send& send) {
    if (const PipePtr pipe = slot_of(who, send.connection)) deliver(pipe, who, send.message);
  }
  void carry_out(int who, const CloseConnection& close) {
    if (const PipePtr pipe = std::exchange(slot_of(who, close.connection), nullptr)) {
      send_end(pipe, who, "peer closed the connection");
    }
  }
  TimePoint arrival(const PipePtr& pipe, int to) {
    TimePoint& last = pipe->last_delivery[static_cast<std::size_t>(to)];
    return last = std::max(last, now_ + delay());
  }
  void deliver(const PipePtr& pipe, int from, const Bytes& message) {
    const int to = 1 - from;
    at(arrival(pipe, to), [this, pipe, to, message] {
      const Connection c = pipe->kind_at(to);
      if (slot_of(to, c) == pipe) return hand_over(to, c, message);
      // A host that does not know the connection answers with a reset.
      if (speaker(to).host_up) send_end(pipe, to, "connection reset by peer");
    });
  }
  void send_end(const PipePtr& pipe, int from, std::string why) {
    const int to = 1 - from;
    at(arrival(pipe, to), [this, pipe, to, why = std::move(why)] {
      const Connection c = pipe->kind_at(to);
      if (slot_of(to, c) != pipe) {
        pipe->reset = true;
        return;
      }
      slot_of(to, c).reset();
      feed(to, Disconnected{c, why});
    });
  }
  void hand_over(int who, Connection c, const Bytes& message) {
    const auto frame = next_frame(message, false);
    ASSERT_TRUE(frame && *frame);
    const ByteView body = (*frame)->body;
    switch ((*frame)->type) {
      case MessageType::kOpen: {
        const auto open = decode_open(body);
        ASSERT_TRUE(open);
        return feed(who, OpenReceived{c, *open});
      }
      case MessageType::kKeepalive: return feed(who, KeepaliveReceived{c});
      case MessageType::kUpdate: return feed(who, UpdateReceived{c});
      case MessageType::kRouteRefresh: return feed(who, RefreshReceived{c});
      case MessageType::kNotification: return feed(who, NotificationReceived{c, decode_notification(body)});
    }
  }

  void carry_out(int who, const SessionUp&) { ++speaker(who).ups; }
  void carry_out(int, const SessionDown&) {}
  void carry_out(int, const AttemptFailed&) {}
  void carry_out(int, const StateChanged&) {}
  void carry_out(int, const Forget&) {}

  struct Noted {
    TimePoint at;
    int who;
    Event event;
    Actions actions;
  };
  void note(int who, const Event& event, const Actions& actions) {
    history_.push_back({now_, who, event, actions});
    if (history_.size() > 60) history_.pop_front();
  }

  Weather weather_;
  std::mt19937_64 random_;
  TimePoint now_{};
  std::multimap<TimePoint, std::function<void()>> queue_;
  std::array<Speaker, 2> speakers_;
  std::deque<Noted> history_;
};

}  // namespace tw::bgp
