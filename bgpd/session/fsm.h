// The session state machine of RFC 4271 §8, for one neighbour and the up to two connections it may have at a time.
//
// Pure: on(event, now) → actions; no socket, clock, thread or log. Routing thread. Time is a steady clock's, in
// milliseconds; jitter comes from a seed. The driver carries actions out in order, and sends Tick at deadline().
//
// What is where: events.h has §8.1's events and the actions; session.h the configuration and what is negotiated;
// timers.h the times, jitter and back-off; transitions.h §8.2.2 as a table; open_check.h what an OPEN must say;
// negotiate.h what two OPENs agree on; collision.h §6.8.
#pragma once

#include "bgpd/session/events.h"
#include "bgpd/session/session.h"
#include "bgpd/session/timers.h"

#include <memory>
#include <optional>

namespace tw::bgp {

class SessionFsm {
 public:
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
  bool admin_down() const;                        // before Start, and since Stop
  std::optional<Connection> established() const;  // the connection that is Established
  std::optional<Negotiated> negotiated() const;   // while Established
  std::optional<TimePoint> retry_at() const;      // idle hold, trip or connect-retry in force: when we try again
  const DownReason& last_down() const;            // why the last session or attempt ended; empty text: none did
  // New proposals take effect with the next session: one that runs keeps what was negotiated, and its timers.
  // `passive` takes effect at once.
  void reconfigure(SessionConfig config, TimePoint now, Actions& out);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tw::bgp
