// Jitter and back-off.
#include "bgpd/session/timers.h"

#include <algorithm>

namespace tw::bgp {

Millis Jitter::operator()(Millis full) {
  // SplitMix64: one word of state, any seed is a good one.
  state_ += 0x9E3779B97F4A7C15;
  std::uint64_t random = state_;
  random = (random ^ (random >> 30)) * 0xBF58476D1CE4E5B9;
  random = (random ^ (random >> 27)) * 0x94D049BB133111EB;
  random ^= random >> 31;

  const auto quarter = static_cast<std::uint64_t>(std::max<Millis::rep>(full.count(), 0)) / 4;
  return full - Millis(static_cast<Millis::rep>(random % (quarter + 1)));
}

Millis IdleHoldBackoff::failed(const SessionTimers& timers) {
  Millis wait = timers.idle_hold_min;
  for (int i = 0; i < failures_ && wait < timers.idle_hold_max; ++i) wait *= 2;
  ++failures_;
  return std::min(wait, timers.idle_hold_max);
}

}  // namespace tw::bgp
