#include "tcpmd5/diagnosis/forwarding.h"

#include <gtest/gtest.h>

namespace tw::tcpmd5::testing {
namespace {

using namespace std::chrono_literals;

class ForwardingTest : public ::testing::Test {
 protected:
  void frames(int count, bool metadata) {
    for (int i = 0; i < count; ++i) {
      watch_.arrived({.ifindex = 4, .device = "eth1", .octets = 9000, .mtu = 1500, .has_gso_metadata = metadata}, now_);
      now_ += 1ms;
    }
  }

  TimePoint now_ = TimePoint{} + 1h;
  ForwardingWatch watch_;
};

TEST_F(ForwardingTest, ARiseOfTheAnswersArmsTheLookForAWhile) {
  watch_.sampled(1000, now_);  // what was before counts for nothing
  EXPECT_FALSE(watch_.armed(now_));
  watch_.sampled(1000 + ForwardingWatch::kStorm, now_ + 1s);
  EXPECT_TRUE(watch_.armed(now_ + 1s));
  EXPECT_FALSE(watch_.armed(now_ + 1s + ForwardingWatch::kArmed));
}

TEST_F(ForwardingTest, NowAndThenAnAnswerIsNoStorm) {
  for (std::uint64_t i = 0; i < 100; ++i) watch_.sampled(1000 + i, now_ + i * 1s);
  EXPECT_FALSE(watch_.armed(now_ + 100s));
}

TEST_F(ForwardingTest, LongFramesWithoutMetadataAreLro) {
  frames(10, false);
  const auto news = watch_.take();
  ASSERT_EQ(news.suspicions.size(), 1U);
  EXPECT_EQ(news.suspicions[0].ifindex, 4U);
  EXPECT_EQ(news.suspicions[0].fault, "lro-below-a-router");
  EXPECT_NE(news.suspicions[0].evidence.find("9000 octets"), std::string::npos);
}

TEST_F(ForwardingTest, LongFramesWithMetadataAreOrdinaryGro) {
  frames(1000, true);
  EXPECT_TRUE(watch_.take().suspicions.empty());
}

TEST_F(ForwardingTest, ItIsToldOnceAndNotForEveryFrame) {
  frames(1000, false);
  EXPECT_EQ(watch_.take().suspicions.size(), 1U);
}

TEST_F(ForwardingTest, OnlyABusyDeviceShowsThatLongFramesHaveStopped) {
  watch_.arrived_ordinary(4, 3, now_);
  EXPECT_TRUE(watch_.take().outcomes.empty());
  watch_.arrived_ordinary(4, 500, now_);
  EXPECT_TRUE(watch_.take().outcomes.at(4).front().good);
}

}  // namespace
}  // namespace tw::tcpmd5::testing
