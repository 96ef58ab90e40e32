// The session state machine of RFC 4271 §8, for one neighbour and the up to two connections it may have at a time.
//
// Pure: on(event, now) → actions; no socket, clock, thread or log. Routing thread. Time is a steady clock's, in
// milliseconds; jitter comes from a seed. The driver carries actions out in order, and sends Tick at deadline().
//
// What is where: events.h has §8.1's events and the actions; session.h the configuration and what is negotiated;
// timers.h the times, jitter and back-off; transitions.h §8.2.2 as a table; open_check.h what an OPEN must say;
// negotiate.h what two OPENs agree on; collision.h §6.8. The machine's own parts: fsm.cc is what the operator and time
// do, connections.cc what TCP and messages do.
//
// Where the RFC leaves a choice, or practice is wiser:
// - A failed connect() leads to Active and a ConnectRetryTimer, not to Idle: nobody oscillates who was never there.
// - Every other failure leads to Idle for a time that doubles with each (§8.1.1), and starts afresh only after a
// session
//   has lasted idle_hold_forget. While Idle, the RFC refuses incoming connections. We do so when the session flaps; but
//   after the first failure the peer may come back at once, and where no session came up, after at most
//   kMaxRefusal: a peer that has just been repaired is not to wait for a back-off that it cannot see. Such refusals are
//   silent, as a NOTIFICATION would feed the peer's own back-off. While administratively down or tripped the peer is
//   told: Cease/Connection Rejected (RFC 4486 §4).
// - A newcomer beside an Established session loses, as §6.8 says: it gets Cease/Connection Collision Resolution at
// once,
//   before any OPEN of ours could make the peer prefer it. It may however mean that the peer's host has lost the
//   session, so a KEEPALIVE goes out on that one: if there is nothing behind it, the peer's kernel answers with a
//   reset, and the session recovers in a second instead of a hold time.
// - Cease/Connection Collision Resolution received is not a failure and is not damped.
// - DelayOpen, CollisionDetectEstablishedState, TrackTcpState and the other optional attributes of §8 are not offered.
#pragma once

#include "bgpd/session/events.h"
#include "bgpd/session/link.h"
#include "bgpd/session/session.h"
#include "bgpd/session/timers.h"
#include "bgpd/session/transitions.h"

#include <array>
#include <optional>

namespace tw::bgp {

class SessionFsm {
 public:
  // For how long an Idle neighbour refuses connections when the failures were no sessions that went down.
  static constexpr Millis kMaxRefusal{5'000};

  // Begins administratively down: nothing happens before Start.
  SessionFsm(SessionConfig config, TimePoint now);

  // Appends the actions to `out`. Any event is legal in any state; what makes no sense in the state is handled as
  // §8.2.2 says. Events of a connection that is not open are ignored.
  void on(const Event& event, TimePoint now, Actions& out);
  // The hot path: as on(UpdateReceived{c}) in Established, without the variant. REQUIRES: `connection` is Established.
  void update_received(Connection connection, TimePoint now);
  // UPDATEs have been handed to the socket: §8.2.2 lets them stand for a KEEPALIVE. REQUIRES: as update_received.
  void update_sent(Connection connection, TimePoint now);
  // When to send Tick next; nothing: no timer runs. It moves later with what is received, so a driver may leave a timer
  // that runs out early alone: a Tick before its time does nothing.
  std::optional<TimePoint> deadline() const;

  State state() const;
  bool admin_down() const { return phase_ == Phase::kDown; }  // before Start, and since Stop
  std::optional<Connection> established() const;              // the connection that is Established
  std::optional<Negotiated> negotiated() const;               // while Established
  std::optional<TimePoint> retry_at() const;  // idle hold, trip or connect-retry in force: when we try again
  const DownReason& last_down() const { return last_down_; }  // why the last session or attempt ended; or empty
  // New proposals take effect with the next session: one that runs keeps what was negotiated, and its timers.
  // `passive` takes effect at once.
  void reconfigure(SessionConfig config, TimePoint now, Actions& out);

 private:
  // The moment an event is handled in, and where its actions go.
  struct Step {
    TimePoint now;
    Actions& out;
  };
  // Idle has three causes; kSeeking is all other states.
  enum class Phase : std::uint8_t {
    kDown,      // administratively
    kTripped,   // by Trip; until retry_at_, if set
    kIdleHold,  // by damping; until retry_at_
    kSeeking,   // a session is wanted; without connection: Active, and connect() at retry_at_, if set
  };
  enum class Aftermath : std::uint8_t { kDamp, kRetry, kRetrySoon };

  // What the operator, the RIB and time do: fsm.cc.
  void handle(const Start&, Step&);
  void handle(const Stop&, Step&);
  void handle(const Reset&, Step&);
  void handle(const Trip&, Step&);
  void handle(const Tick&, Step&);
  void seek(Step& step);
  void close_all(const Notification& why, const DownReason& reason, Step& step);
  void idle_hold(Millis session_lasted, bool was_established, Step& step);
  void retry_after(Millis wait, Step& step);
  void note_state(Step& step);

  // What TCP and messages do: connections.cc.
  void handle(const Connected&, Step&);
  void handle(const ConnectFailed&, Step&);
  void handle(const Accepted&, Step&);
  void handle(const Disconnected&, Step&);
  void handle(const SendStalled&, Step&);
  void handle(const SendProgress&, Step&);
  void handle(const OpenReceived&, Step&);
  void handle(const KeepaliveReceived&, Step&);
  void handle(const UpdateReceived&, Step&);
  void handle(const RefreshReceived&, Step&);
  void handle(const NotificationReceived&, Step&);
  void handle(const BadMessage&, Step&);
  void run_timers(Connection connection, Step& step);

  // What an input is about, as far as the reaction needs it.
  struct Detail {
    const Open* open = nullptr;
    const Notification* notification = nullptr;
    const MessageError* error = nullptr;
    const std::string* why = nullptr;
  };
  void react(Connection connection, Input input, const Detail& detail, Step& step);
  void judge_open(Connection connection, const Open& received, Step& step);
  void confirm(Connection connection, const Open& received, Step& step);
  void establish(Connection connection, Step& step);
  void peer_ends(Connection connection, const Notification& notification, Step& step);

  void open(Connection connection, Step& step);  // TCP is up: send OPEN
  void send_keepalive(Connection connection, Step& step);
  void lose_collision(Connection connection, Step& step);  // the other one stays
  void report(Connection connection, const Notification& notification, std::string because, Step& step);
  void end(Connection connection, DownReason reason, Aftermath aftermath, Step& step);
  void abandon_connect(Step& step);

  Link& link(Connection connection) { return links_[static_cast<std::size_t>(index_of(connection))]; }
  const Link& link(Connection connection) const { return links_[static_cast<std::size_t>(index_of(connection))]; }

  SessionConfig config_;
  Jitter jitter_;
  IdleHoldBackoff backoff_;
  Phase phase_ = Phase::kDown;
  State told_ = State::kIdle;  // the state that the last StateChanged led to
  bool plain_open_ = false;    // the next OPEN goes without capabilities: the peer did not understand the last one
  std::optional<TimePoint> retry_at_;
  TimePoint refuse_until_{};  // in kIdleHold: incoming connections
  std::array<Link, kConnections> links_;
  DownReason last_down_;
};

}  // namespace tw::bgp
