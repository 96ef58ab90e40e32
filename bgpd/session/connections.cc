// What TCP and messages do to the machine: the life of one connection, from connect() or accept() to its end.
#include "bgpd/session/collision.h"
#include "bgpd/session/fsm.h"
#include "bgpd/session/negotiate.h"
#include "bgpd/session/open_check.h"
#include "bgpd/session/reason.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tw::bgp {
namespace {

constexpr Millis kMinKeepaliveGap{1'000};  // §4.4: at most one KEEPALIVE per second

Notification cease_with(std::uint8_t subcode) { return {ErrorCode::kCease, subcode, {}}; }

bool is_collision_resolution(const Notification& n) {
  return n.code == ErrorCode::kCease && n.subcode == cease::kCollisionResolution;
}

}  // namespace

// --- TCP

void SessionFsm::handle(const Connected&, Step& step) {
  const Link& l = link(Connection::kOutgoing);
  if (l.state == State::kConnect) return open(Connection::kOutgoing, step);
  // It crossed our AbandonConnect.
  if (!l.exists()) step.out.emplace_back(CloseConnection{Connection::kOutgoing});
}

void SessionFsm::handle(const ConnectFailed& failed, Step& step) {
  if (link(Connection::kOutgoing).state != State::kConnect) return;
  link(Connection::kOutgoing) = {};
  if (link(Connection::kIncoming).exists()) return;  // the peer was faster
  last_down_ = {.text = "cannot connect: " + failed.why, .sent = std::nullopt, .received = std::nullopt};
  step.out.emplace_back(AttemptFailed{last_down_});
  retry_after(config_.timers.connect_retry, step);
}

void SessionFsm::handle(const Accepted&, Step& step) {
  const auto refuse = [&](Bytes message) { step.out.emplace_back(Refuse{std::move(message)}); };
  if (phase_ == Phase::kDown || phase_ == Phase::kTripped) {
    return refuse(encode_notification(cease_with(cease::kConnectionRejected)));
  }
  if (phase_ == Phase::kIdleHold && step.now < refuse_until_) return refuse({});
  if (const auto up = established()) {
    refuse(encode_notification(cease_with(cease::kCollisionResolution)));
    // Is there still somebody at the other end?
    if (step.now - link(*up).spoke_at >= kMinKeepaliveGap) send_keepalive(*up, step);
    return;
  }
  switch (link(Connection::kIncoming).state) {
    case State::kOpenConfirm: return refuse(encode_notification(cease_with(cease::kCollisionResolution)));
    // The peer has said nothing on the one we have, and opened another: it has given the first one up.
    case State::kOpenSent: lose_collision(Connection::kIncoming, step); break;
    case State::kIdle:
    case State::kConnect:
    case State::kActive:
    case State::kEstablished: break;
  }
  phase_ = Phase::kSeeking;
  step.out.emplace_back(Admit{});
  open(Connection::kIncoming, step);
}

void SessionFsm::handle(const Disconnected& gone, Step& step) {
  react(gone.connection, Input::kTcpFails, {.why = &gone.why}, step);
}

void SessionFsm::handle(const SendStalled& stalled, Step& step) {
  Link& l = link(stalled.connection);
  if (l.is_open() && !l.stalled_since) l.stalled_since = step.now;
}

void SessionFsm::handle(const SendProgress& progress, Step&) { link(progress.connection).stalled_since.reset(); }

// --- messages

void SessionFsm::handle(const OpenReceived& received, Step& step) {
  react(received.connection, Input::kOpen, {.open = &received.open}, step);
}
void SessionFsm::handle(const KeepaliveReceived& received, Step& step) {
  react(received.connection, Input::kKeepalive, {}, step);
}
void SessionFsm::handle(const UpdateReceived& received, Step& step) {
  react(received.connection, Input::kUpdate, {}, step);
}
void SessionFsm::handle(const RefreshReceived& received, Step& step) {
  react(received.connection, Input::kRefresh, {}, step);
}
void SessionFsm::handle(const NotificationReceived& received, Step& step) {
  react(received.connection, Input::kNotification, {.notification = &received.notification}, step);
}
void SessionFsm::handle(const BadMessage& bad, Step& step) {
  react(bad.connection, input_of(bad.error), {.error = &bad.error}, step);
}

void SessionFsm::update_received(Connection connection, TimePoint now) { link(connection).heard_at = now; }

void SessionFsm::update_sent(Connection connection, TimePoint now) { link(connection).spoke_at = now; }

// --- the timers of a connection

void SessionFsm::run_timers(Connection connection, Step& step) {
  const auto due = [&](std::optional<TimePoint> at) { return at && *at <= step.now; };
  const Link& l = link(connection);
  if (due(l.patience_ends())) {
    if (l.is_open()) return react(connection, Input::kHoldExpires, {}, step);
    step.out.emplace_back(AbandonConnect{});
    return handle(ConnectFailed{"no answer for " + duration_text(l.patience) + " (" + config_.silence_means + ")"},
                  step);
  }
  if (due(l.send_hold_ends())) return react(connection, Input::kSendHoldExpires, {}, step);
  if (due(l.keepalive_due())) react(connection, Input::kKeepaliveDue, {}, step);
}

// --- reactions: see the table in transitions.cc

void SessionFsm::react(Connection connection, Input input, const Detail& detail, Step& step) {
  Link& l = link(connection);
  if (!l.is_open()) return;
  switch (reaction(l.state, input)) {
    case Reaction::kJudgeOpen: return judge_open(connection, *detail.open, step);
    case Reaction::kEstablish: return establish(connection, step);
    case Reaction::kHeard: l.heard_at = step.now; return;
    case Reaction::kSendKeepalive: return send_keepalive(connection, step);
    case Reaction::kUnexpected: {
      Notification told{ErrorCode::kFiniteStateMachine, fsm_error_subcode(l.state), {}};
      if (const auto type = message_of(input)) told.data = {static_cast<std::uint8_t>(*type)};
      return report(connection, told, unexpected_text(l.state, input), step);
    }
    case Reaction::kReportError:
      return report(connection, {detail.error->code, detail.error->subcode, detail.error->data}, detail.error->what,
                    step);
    case Reaction::kReportHold:
      return report(connection, {ErrorCode::kHoldTimerExpired, 0, {}}, hold_expired_text(l.state, l.patience), step);
    case Reaction::kReportSendHold:
      return report(connection, {ErrorCode::kSendHoldTimerExpired, 0, {}},
                    "send hold timer expired: the peer has taken nothing for " + duration_text(l.send_hold), step);
    case Reaction::kPeerEnds: return peer_ends(connection, *detail.notification, step);
    case Reaction::kBackToActive:
      return end(connection, lost_connection(l.state, *detail.why), Aftermath::kRetry, step);
    case Reaction::kLost: return end(connection, lost_connection(l.state, *detail.why), Aftermath::kDamp, step);
  }
}

void SessionFsm::judge_open(Connection connection, const Open& received, Step& step) {
  if (auto error = check_open(config_, link(connection).offered, received)) {
    return report(connection, {error->code, error->subcode, std::move(error->data)}, std::move(error->what), step);
  }
  // §6.8. A rival in OpenSent is no collision yet: its peer may never speak. One in Established does not exist: it
  // would have ended this connection when it came up, or refused it.
  const Connection rival = other(connection);
  if (link(rival).state == State::kOpenConfirm) {
    const Connection loser = other(preferred_connection(link(connection).offered, received));
    lose_collision(loser, step);
    if (loser == connection) return;
  }
  confirm(connection, received, step);
}

void SessionFsm::confirm(Connection connection, const Open& received, Step& step) {
  Link& l = link(connection);
  l.negotiated = negotiate(l.offered, received);
  l.state = State::kOpenConfirm;
  l.heard_at = step.now;
  // With a hold time of zero no timers run, but a peer that falls silent here must not block the neighbour for ever.
  l.patience = l.negotiated.hold > Millis(0) ? l.negotiated.hold : config_.timers.open_hold;
  send_keepalive(connection, step);
}

void SessionFsm::establish(Connection connection, Step& step) {
  // Whatever the other connection is, it is now the newcomer beside an Established one.
  abandon_connect(step);
  if (link(other(connection)).is_open()) lose_collision(other(connection), step);

  Link& l = link(connection);
  l.state = State::kEstablished;
  l.established_at = l.heard_at = step.now;
  l.patience = l.negotiated.hold;
  // RFC 9687: no hold time, no send hold time; and it must not be the shorter one.
  const bool guard_sending = config_.timers.send_hold > Millis(0) && l.negotiated.hold > Millis(0);
  l.send_hold = guard_sending ? std::max(config_.timers.send_hold, 2 * l.negotiated.hold) : Millis(0);
  plain_open_ = false;
  step.out.emplace_back(SessionUp{connection, l.negotiated});
}

void SessionFsm::peer_ends(Connection connection, const Notification& notification, Step& step) {
  const State state = link(connection).state;
  step.out.emplace_back(CloseConnection{connection});
  // RFC 5492 §3: a peer that knows no optional parameters is asked again without them.
  plain_open_ = state == State::kOpenSent && notification.code == ErrorCode::kOpen &&
                notification.subcode == open_error::kUnsupportedParameter && !plain_open_ &&
                implied_families(config_.capabilities).has(rib::Family::kIpv4Unicast);
  Aftermath aftermath = Aftermath::kDamp;
  if (is_collision_resolution(notification)) {
    // In Established: both ends chose, each another connection. Soon again, before the two fall into step.
    aftermath = state == State::kEstablished ? Aftermath::kRetrySoon : Aftermath::kRetry;
  }
  end(connection, told_by_peer(notification), aftermath, step);
}

// --- what reactions are made of

void SessionFsm::open(Connection connection, Step& step) {
  retry_at_.reset();
  Link& l = link(connection);
  l = {};
  l.state = State::kOpenSent;
  l.offered = make_open(config_, plain_open_);
  l.heard_at = step.now;
  l.patience = config_.timers.open_hold;
  step.out.emplace_back(Send{connection, encode_open(l.offered)});
}

void SessionFsm::send_keepalive(Connection connection, Step& step) {
  Link& l = link(connection);
  l.spoke_at = step.now;
  l.keepalive_wait = jitter_(l.negotiated.keepalive);
  step.out.emplace_back(Send{connection, encode_keepalive()});
}

void SessionFsm::lose_collision(Connection connection, Step& step) {
  step.out.emplace_back(Send{connection, encode_notification(cease_with(cease::kCollisionResolution))});
  step.out.emplace_back(CloseConnection{connection});
  link(connection) = {};
}

void SessionFsm::report(Connection connection, const Notification& notification, std::string because, Step& step) {
  step.out.emplace_back(Send{connection, encode_notification(notification)});
  step.out.emplace_back(CloseConnection{connection});
  end(connection, told_to_peer(notification, std::move(because)), Aftermath::kDamp, step);
}

// The connection is closed; what becomes of the neighbour?
void SessionFsm::end(Connection connection, DownReason reason, Aftermath aftermath, Step& step) {
  const bool was_up = link(connection).state == State::kEstablished;
  const auto lasted = std::chrono::duration_cast<Millis>(step.now - link(connection).established_at);
  const bool other_goes_on = link(other(connection)).is_open();
  link(connection) = {};
  // One of two that goes before it has come anywhere is how collisions end, and no failure.
  if (other_goes_on && aftermath != Aftermath::kDamp) return;
  last_down_ = std::move(reason);
  if (was_up) {
    step.out.emplace_back(SessionDown{last_down_});
  } else {
    step.out.emplace_back(AttemptFailed{last_down_});
  }
  if (other_goes_on) return;

  // A failure that is to be damped takes an unanswered connect() with it.
  if (aftermath == Aftermath::kDamp) abandon_connect(step);
  if (config_.dynamic) {
    step.out.emplace_back(Forget{});
  } else if (aftermath == Aftermath::kDamp) {
    idle_hold(lasted, was_up, step);
  } else if (!link(Connection::kOutgoing).exists()) {
    const SessionTimers& timers = config_.timers;
    retry_after(aftermath == Aftermath::kRetry ? timers.connect_retry : timers.idle_hold_min, step);
  }
}

}  // namespace tw::bgp
