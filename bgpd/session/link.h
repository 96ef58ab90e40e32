// One TCP connection to the neighbour as the FSM sees it: how far it has come, what was said on it, and its timers.
//
// A plain value inside SessionFsm, which changes it; here is only what can be read off it.
#pragma once

#include "bgpd/message/message.h"
#include "bgpd/session/session.h"
#include "bgpd/session/timers.h"

#include <algorithm>
#include <optional>

namespace tw::bgp {

struct Link {
  // Idle: there is none. Connect: connect() is in progress. Never Active: that is the neighbour's, without a
  // connection.
  State state = State::kIdle;
  Open offered;           // the OPEN we sent, from OpenSent on
  Negotiated negotiated;  // from OpenConfirm on
  TimePoint established_at{};

  // The hold timer, or the connect timeout: `patience` after `heard_at`; 0: for ever. What is received only moves
  // `heard_at`, so that an UPDATE costs one store.
  TimePoint heard_at{};
  Millis patience{0};
  // The keepalive timer, likewise; 0: none. `keepalive_wait` has its jitter already.
  TimePoint spoke_at{};
  Millis keepalive_wait{0};
  // The send hold timer (RFC 9687): runs while the socket takes nothing; 0: none.
  std::optional<TimePoint> stalled_since;
  Millis send_hold{0};

  bool exists() const { return state != State::kIdle; }
  bool is_open() const { return state >= State::kOpenSent; }  // TCP is up and our OPEN is sent

  std::optional<TimePoint> patience_ends() const {
    return exists() && patience > Millis(0) ? std::optional(heard_at + patience) : std::nullopt;
  }
  std::optional<TimePoint> keepalive_due() const {
    return is_open() && keepalive_wait > Millis(0) ? std::optional(spoke_at + keepalive_wait) : std::nullopt;
  }
  std::optional<TimePoint> send_hold_ends() const {
    // Before Established what we send is a few hundred octets; the hold timer guards that.
    if (state != State::kEstablished || !stalled_since || send_hold == Millis(0)) return std::nullopt;
    return std::max(*stalled_since, established_at) + send_hold;
  }
};

}  // namespace tw::bgp
