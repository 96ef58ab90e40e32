#include "tcpmd5/service/price.h"

#include <gtest/gtest.h>

namespace tw::tcpmd5::testing {
namespace {

using namespace std::chrono_literals;

class PriceTest : public ::testing::Test {
 protected:
  // So much is sent, at this price.
  void send(double million_octets, double nanoseconds_per_octet) {
    sample_.octets += static_cast<std::uint64_t>(million_octets * 1e6);
    sample_.kernel_time +=
        std::chrono::nanoseconds(static_cast<std::int64_t>(million_octets * 1e6 * nanoseconds_per_octet));
    now_ += 1s;
    pricing_.add(sample_, now_);
  }
  void enter(RemedyPricing::State state) {
    pricing_.enter(state);
    pricing_.add(sample_, now_);
  }

  using State = RemedyPricing::State;
  TimePoint now_ = TimePoint{} + 1h;
  SendingSample sample_{5s, 77'000'000};
  RemedyPricing pricing_;
};

TEST_F(PriceTest, WhatASampleFindsWhenItBeginsCostsNothing) {
  pricing_.add(sample_, now_);
  EXPECT_EQ(pricing_.before(), std::nullopt);
  send(2, 3.0);
  EXPECT_NEAR(pricing_.before().value_or(0), 3.0, 0.01);
}

TEST_F(PriceTest, TooLittleTrafficHasNoPrice) {
  pricing_.add(sample_, now_);
  send(0.9, 3.0);
  EXPECT_EQ(pricing_.before(), std::nullopt);
}

TEST_F(PriceTest, BeforeAndAfterAreKeptApartAndTheTrialCountsForNeither) {
  pricing_.add(sample_, now_);
  send(4, 1.0);
  enter(State::kTrial);
  send(50, 90.0);
  enter(State::kRemedy);
  send(4, 2.5);
  EXPECT_NEAR(pricing_.before().value_or(0), 1.0, 0.01);
  EXPECT_NEAR(pricing_.after().value_or(0), 2.5, 0.01);
}

TEST_F(PriceTest, WithoutTrafficBeforeTheDamageOnlyTheRemedyHasAPrice) {
  enter(State::kTrial);
  send(5, 9.0);
  enter(State::kRemedy);
  send(5, 2.0);
  EXPECT_EQ(pricing_.before(), std::nullopt);
  EXPECT_NEAR(pricing_.after().value_or(0), 2.0, 0.01);
}

TEST_F(PriceTest, CountersThatBeginAnewAreNotTakenForTraffic) {
  pricing_.add(sample_, now_);
  send(4, 1.0);
  sample_.octets = 0;  // the device was made anew
  pricing_.add(sample_, now_);
  send(4, 1.0);
  EXPECT_NEAR(pricing_.before().value_or(0), 1.0, 0.01);
}

TEST_F(PriceTest, LongAgoCountsLessThanThePresent) {
  pricing_.add(sample_, now_);
  send(100, 1.0);
  for (int i = 0; i < 8; ++i) {
    now_ += SendingCost::kForgets;
    send(10, 4.0);
  }
  EXPECT_GT(pricing_.before().value_or(0), 3.0);
}

TEST(SendingSample, TheLoopbackHasOneAndAMissingDeviceHasNone) {
  EXPECT_TRUE(take_sending_sample("lo").has_value());
  EXPECT_FALSE(take_sending_sample("no-such-device").has_value());
}

}  // namespace
}  // namespace tw::tcpmd5::testing
