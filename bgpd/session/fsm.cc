// The machine as a whole: what the operator, the RIB and time do to it. The rows of RFC 4271 §8.2.2 for Idle, Connect
// and Active.
#include "bgpd/session/fsm.h"

#include "bgpd/session/reason.h"

#include <algorithm>
#include <utility>

namespace tw::bgp {
namespace {

// RFC 9003 gives a text to the two administrative subcodes only.
Notification cease_notification(std::uint8_t subcode, const std::string& text) {
  if (subcode == cease::kAdministrativeShutdown || subcode == cease::kAdministrativeReset) {
    return shutdown_notification(subcode, text);
  }
  return {ErrorCode::kCease, subcode, {}};
}

// However short the times are configured: a machine that fails at once must not keep its thread busy.
constexpr Millis kShortestPause{100};

void keep_earlier(std::optional<TimePoint>& earliest, std::optional<TimePoint> candidate) {
  if (candidate && (!earliest || *candidate < *earliest)) earliest = candidate;
}

}  // namespace

SessionFsm::SessionFsm(SessionConfig config, TimePoint) : config_(std::move(config)), jitter_(config_.jitter_seed) {}

void SessionFsm::on(const Event& event, TimePoint now, Actions& out) {
  Step step{now, out};
  std::visit([&](const auto& specific) { handle(specific, step); }, event);
  note_state(step);
}

// --- what can be asked

State SessionFsm::state() const {
  const State most = std::max(link(Connection::kOutgoing).state, link(Connection::kIncoming).state);
  if (most >= State::kOpenSent) return most;
  if (phase_ != Phase::kSeeking) return State::kIdle;
  return most == State::kConnect ? State::kConnect : State::kActive;
}

std::optional<Connection> SessionFsm::established() const {
  for (const Connection c : {Connection::kOutgoing, Connection::kIncoming}) {
    if (link(c).state == State::kEstablished) return c;
  }
  return std::nullopt;
}

std::optional<Negotiated> SessionFsm::negotiated() const {
  if (const auto c = established()) return link(*c).negotiated;
  return std::nullopt;
}

std::optional<TimePoint> SessionFsm::retry_at() const { return retry_at_; }

std::optional<TimePoint> SessionFsm::deadline() const {
  std::optional<TimePoint> earliest = retry_at_;
  for (const Link& l : links_) {
    keep_earlier(earliest, l.patience_ends());
    keep_earlier(earliest, l.keepalive_due());
    keep_earlier(earliest, l.send_hold_ends());
  }
  return earliest;
}

// --- the operator

// Ignored in every state but Idle.
void SessionFsm::handle(const Start&, Step& step) {
  if (phase_ == Phase::kSeeking) return;
  backoff_.forget();  // §8.2.2: the ConnectRetryCounter is zero after ManualStop and ManualStart
  seek(step);
}

void SessionFsm::handle(const Stop& stop, Step& step) {
  const Notification told = cease_notification(stop.cease_subcode, stop.text);
  close_all(told, told_to_peer(told), step);
  phase_ = Phase::kDown;
  retry_at_.reset();
}

void SessionFsm::handle(const Reset& reset, Step& step) {
  if (phase_ == Phase::kDown) return;
  const Notification told = cease_notification(reset.cease_subcode, reset.text);
  close_all(told, told_to_peer(told), step);
  backoff_.forget();
  phase_ = Phase::kIdleHold;
  note_state(step);
  if (config_.dynamic) step.out.emplace_back(Forget{});
  seek(step);
}

void SessionFsm::handle(const Trip& trip, Step& step) {
  if (phase_ == Phase::kDown) return;
  const Notification told{ErrorCode::kCease, trip.cease_subcode, trip.data};
  std::string why = trip.why.empty() ? "sent " + describe(told) : trip.why;
  why += trip.stay_down > Millis(0) ? "; down for " + duration_text(trip.stay_down) : "; down until started again";
  close_all(told, told_to_peer(told, std::move(why)), step);
  phase_ = Phase::kTripped;
  retry_at_.reset();
  if (trip.stay_down > Millis(0)) retry_at_ = step.now + trip.stay_down;
}

void SessionFsm::reconfigure(SessionConfig config, TimePoint now, Actions& out) {
  config_ = std::move(config);
  Step step{now, out};
  if (phase_ == Phase::kSeeking) {
    if (config_.passive || config_.dynamic) {
      abandon_connect(step);
      retry_at_.reset();
    } else if (!retry_at_) {
      seek(step);
    }
  }
  note_state(step);
}

// --- time

void SessionFsm::handle(const Tick&, Step& step) {
  run_timers(Connection::kOutgoing, step);
  run_timers(Connection::kIncoming, step);
  if (!retry_at_ || step.now < *retry_at_) return;
  // ConnectRetryTimer_Expires (9), IdleHoldTimer_Expires (13), or the end of a trip.
  const bool trip_over = phase_ == Phase::kTripped;
  seek(step);
  if (trip_over && config_.dynamic) step.out.emplace_back(Forget{});
}

// Wants a session from now on: connects, unless passive or something is under way.
void SessionFsm::seek(Step& step) {
  phase_ = Phase::kSeeking;
  retry_at_.reset();
  if (config_.passive || config_.dynamic) return;
  if (link(Connection::kOutgoing).exists() || link(Connection::kIncoming).exists()) return;
  Link& out = link(Connection::kOutgoing);
  out.state = State::kConnect;
  out.heard_at = step.now;
  out.patience = config_.timers.connect_timeout;
  step.out.emplace_back(Connect{});
}

void SessionFsm::retry_after(Millis wait, Step& step) {
  if (config_.passive || config_.dynamic) return;
  retry_at_ = step.now + std::max(jitter_(wait), kShortestPause);
}

// The neighbour's last connection failed: Idle, for longer each time.
void SessionFsm::idle_hold(Millis session_lasted, bool was_established, Step& step) {
  if (was_established && session_lasted >= config_.timers.idle_hold_forget) backoff_.forget();
  const Millis wait = std::max(jitter_(backoff_.failed(config_.timers)), kShortestPause);
  phase_ = Phase::kIdleHold;
  retry_at_ = step.now + wait;
  Millis refuse = was_established ? wait : std::min(wait, kMaxRefusal);
  if (backoff_.failures() <= 1) refuse = Millis(0);
  refuse_until_ = step.now + refuse;
}

// --- for both

// Ends whatever there is, telling the peer where it can be told. What follows is the caller's to say.
void SessionFsm::close_all(const Notification& why, const DownReason& reason, Step& step) {
  abandon_connect(step);
  const bool was_up = established().has_value();
  bool closed_any = false;
  for (const Connection c : {Connection::kOutgoing, Connection::kIncoming}) {
    if (!link(c).is_open()) continue;
    step.out.emplace_back(Send{c, encode_notification(why)});
    step.out.emplace_back(CloseConnection{c});
    link(c) = {};
    closed_any = true;
  }
  if (closed_any) last_down_ = reason;
  if (was_up) step.out.emplace_back(SessionDown{reason});
}

void SessionFsm::abandon_connect(Step& step) {
  if (link(Connection::kOutgoing).state != State::kConnect) return;
  link(Connection::kOutgoing) = {};
  step.out.emplace_back(AbandonConnect{});
}

void SessionFsm::note_state(Step& step) {
  const State now = state();
  if (now == told_) return;
  step.out.emplace_back(StateChanged{told_, now});
  told_ = now;
}

}  // namespace tw::bgp
