#include "bgpd/speaker/log.h"

#include <gtest/gtest.h>

namespace tw::log {
namespace {

using std::chrono::seconds;

TEST(Throttle, LetsABurstThroughAndThenOneLinePerInterval) {
  Throttle throttle(2, seconds(10));
  const std::chrono::steady_clock::time_point start{seconds(1000)};
  std::uint64_t suppressed = 0;
  EXPECT_TRUE(throttle.pass(start, suppressed));
  EXPECT_TRUE(throttle.pass(start, suppressed));
  EXPECT_FALSE(throttle.pass(start + seconds(1), suppressed));
  EXPECT_FALSE(throttle.pass(start + seconds(9), suppressed));
  EXPECT_TRUE(throttle.pass(start + seconds(10), suppressed));
  EXPECT_EQ(suppressed, 2U);
}

TEST(Log, WritesOneJsonObjectALineWhateverTheMessageHolds) {
  configure(Level::kInfo, true);
  testing::internal::CaptureStderr();
  line(Level::kWarning, "session-down", "192.0.2.1", "it said \"{}\"", "a\nb\\");
  line(Level::kDebug, "state", "192.0.2.1", "not wanted");
  const std::string out = testing::internal::GetCapturedStderr();
  configure(Level::kInfo, false);
  EXPECT_NE(out.find(R"("level":"warning","event":"session-down","neighbor":"192.0.2.1")"), std::string::npos) << out;
  EXPECT_NE(out.find(R"(it said \"a\u000ab\\\")"), std::string::npos) << out;
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
}

}  // namespace
}  // namespace tw::log
