// Jitter and back-off.
#include "bgpd/session/timers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace tw::bgp {
namespace {

using std::chrono::seconds;

TEST(Jitter, StaysBetween75And100PercentAndUsesAllOfIt) {
  Jitter jitter(7);
  Millis least = Millis::max(), most{0};
  for (int i = 0; i < 10'000; ++i) {
    const Millis got = jitter(Millis(10'000));
    ASSERT_GE(got, Millis(7'500));
    ASSERT_LE(got, Millis(10'000));
    least = std::min(least, got);
    most = std::max(most, got);
  }
  EXPECT_LT(least, Millis(7'550));
  EXPECT_GT(most, Millis(9'950));
}
TEST(Jitter, IsReproducibleFromItsSeedAndDiffersBetweenSeeds) {
  Jitter one(1), again(1), two(2);
  int equal_to_two = 0;
  for (int i = 0; i < 100; ++i) {
    const Millis got = one(Millis(100'000));
    EXPECT_EQ(got, again(Millis(100'000)));
    equal_to_two += got == two(Millis(100'000));
  }
  EXPECT_LT(equal_to_two, 5);
}
TEST(Jitter, OfNothingIsNothing) {
  Jitter jitter(1);
  EXPECT_EQ(jitter(Millis(0)), Millis(0));
}

TEST(IdleHoldBackoff, DoublesWithEveryFailureUpToTheMaximum) {
  IdleHoldBackoff backoff;
  SessionTimers timers;
  timers.idle_hold_min = seconds(1);
  timers.idle_hold_max = seconds(10);
  for (const int expected : {1, 2, 4, 8, 10, 10, 10}) EXPECT_EQ(backoff.failed(timers), seconds(expected));
  EXPECT_EQ(backoff.failures(), 7);
}
TEST(IdleHoldBackoff, StartsAfreshWhenForgotten) {
  IdleHoldBackoff backoff;
  const SessionTimers timers;
  backoff.failed(timers);
  backoff.failed(timers);
  backoff.forget();
  EXPECT_EQ(backoff.failures(), 0);
  EXPECT_EQ(backoff.failed(timers), timers.idle_hold_min);
}
TEST(IdleHoldBackoff, SurvivesAMaximumBelowTheMinimumAndAThousandFailures) {
  IdleHoldBackoff backoff;
  SessionTimers timers;
  timers.idle_hold_min = seconds(5);
  timers.idle_hold_max = seconds(2);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(backoff.failed(timers), seconds(2));
}
TEST(IdleHoldBackoff, OfZeroStaysZero) {
  IdleHoldBackoff backoff;
  SessionTimers timers;
  timers.idle_hold_min = Millis(0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(backoff.failed(timers), Millis(0));
}

}  // namespace
}  // namespace tw::bgp
