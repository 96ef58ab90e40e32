// The session's times: what is configured, the jitter of RFC 4271 §10, and the back-off that damps an oscillating peer.
//
// Pure values; owned by one SessionFsm.
#pragma once

#include <chrono>
#include <cstdint>

namespace tw::bgp {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Millis = std::chrono::milliseconds;

struct SessionTimers {
  // §8 ConnectRetryTime, jittered to 75…100 %. The RFC suggests 120 s; one SYN in five seconds costs nothing, and a
  // peer that comes back and waits for us is found at once.
  Millis connect_retry{5'000};
  Millis connect_timeout{
      10'000};          // how long one connect() may take: SYNs at 0, 1, 3 and 7 s; 0: as the kernel sees fit
  Millis hold{90'000};  // §4.2: proposed, whole seconds; 0: none, otherwise at least 3 s
  // The hold timer until the peer's OPEN and its answer to ours are there. §8.2.2 suggests 4 minutes; a peer that has
  // accepted a connection and stays silent for one is not coming.
  Millis open_hold{60'000};
  Millis idle_hold_min{1'000};       // §8.1.1 damping of peer oscillation: doubles with every failure …
  Millis idle_hold_max{120'000};     // … up to this; jittered to 75…100 %
  Millis idle_hold_forget{300'000};  // an Established session must last this long for the back-off to start afresh
  Millis send_hold{480'000};         // RFC 9687; at least twice the negotiated hold time is used; 0: none
  bool operator==(const SessionTimers&) const = default;
};

// Spreads timers over 75…100 % of their value, so that speakers do not fall into step (§10). Reproducible from its
// seed.
class Jitter {
 public:
  explicit Jitter(std::uint64_t seed) : state_(seed) {}
  Millis operator()(Millis full);

 private:
  std::uint64_t state_;
};

// How long to stay Idle after each failure in a row: min, 2 min, 4 min … max.
class IdleHoldBackoff {
 public:
  // Counts one failure; returns how long it is to be waited, before jitter.
  Millis failed(const SessionTimers& timers);
  void forget() { failures_ = 0; }
  int failures() const { return failures_; }

 private:
  int failures_ = 0;  // the ConnectRetryCounter of §8
};

}  // namespace tw::bgp
