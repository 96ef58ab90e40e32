#include "api/probe/frame_queue.h"

#include "api/probe/retry_pause.h"

#include <gtest/gtest.h>

#include <vector>

namespace tw::api::testing {
namespace {

using std::chrono::milliseconds;

struct FrameQueueTest : ::testing::Test {
  void add(std::size_t octets, milliseconds at = {}, tcpmd5::Link link = tcpmd5::Link::kEthernet) {
    const std::vector<std::uint8_t> content(octets);
    tcpmd5::TapFrame frame;
    frame.link = link;
    frame.octets = content;
    frame.length = octets;
    queue.add(frame, start + at);
  }
  const FrameQueue::TimePoint start{std::chrono::hours(1)};
  FrameQueue queue;
};

TEST_F(FrameQueueTest, AFrameWaitsTwentyMillisecondsForOthersToGoWithIt) {
  EXPECT_EQ(queue.due(), std::nullopt);
  add(60, milliseconds(1));
  add(60, milliseconds(15));
  EXPECT_EQ(queue.due(), start + milliseconds(21));
  EXPECT_EQ(queue.take().frames().frames_size(), 2);
  EXPECT_EQ(queue.due(), std::nullopt);
}

TEST_F(FrameQueueTest, AFullBatchGoesAtOnceAndNoneIsLargerThanTheDaemonTakes) {
  for (int i = 0; i < 300; i++) add(1500);
  ASSERT_LE(queue.due(), start);
  std::size_t frames = 0;
  while (queue.due()) {
    const auto batch = queue.take();
    EXPECT_LT(batch.ByteSizeLong(), static_cast<std::size_t>(kMaxProbeMessage));
    frames += static_cast<std::size_t>(batch.frames().frames_size());
  }
  EXPECT_EQ(frames, 300U);
}

TEST_F(FrameQueueTest, WhatDoesNotFitIsDroppedAndToldOnce) {
  const std::size_t room = FrameQueue::kMaxOctets / 1500;
  for (std::size_t i = 0; i < room + 10; i++) add(1500);
  EXPECT_EQ(queue.size(), room);
  queue.count_dropped(5);
  EXPECT_EQ(queue.take().frames().dropped(), 15U);
  EXPECT_EQ(queue.take().frames().dropped(), 0U);
  add(1500);  // there is room again
  EXPECT_EQ(queue.take_dropped(), 0U);
}

TEST_F(FrameQueueTest, SmallFramesAreBoundedByTheirNumber) {
  for (std::size_t i = 0; i < FrameQueue::kMaxFrames + 1; i++) add(1);
  EXPECT_EQ(queue.size(), FrameQueue::kMaxFrames);
  EXPECT_EQ(queue.take_dropped(), 1U);
}

TEST_F(FrameQueueTest, KindsOfLinkDoNotShareABatchAndKeepTheirOrder) {
  add(60, {}, tcpmd5::Link::kEthernet);
  add(40, {}, tcpmd5::Link::kIp);
  EXPECT_EQ(queue.take().frames().link(), v1::ProbeFrames::LINK_ETHERNET);
  EXPECT_EQ(queue.take().frames().link(), v1::ProbeFrames::LINK_RAW_IP);
}

TEST_F(FrameQueueTest, AFrameThatWasCutShortSaysHowLongItWas) {
  const std::vector<std::uint8_t> content(60);
  tcpmd5::TapFrame frame;
  frame.octets = content;
  frame.length = 1500;
  frame.vnet.needs_checksum = true;
  queue.add(frame, start);
  const auto batch = queue.take();
  EXPECT_EQ(batch.frames().frames(0).length(), 1500U);
  EXPECT_TRUE(batch.frames().frames(0).checksum_unfinished());
}

TEST(RetryPause, DoublesUpToFiveSecondsAndBeginsAnewAfterSuccess) {
  RetryPause pause;
  std::vector<long> waited;
  for (int i = 0; i < 7; i++) waited.push_back(static_cast<long>(pause.next().count()));
  EXPECT_EQ(waited, (std::vector<long>{200, 400, 800, 1600, 3200, 5000, 5000}));
  pause.reset();
  EXPECT_EQ(pause.next(), milliseconds(200));
}

}  // namespace
}  // namespace tw::api::testing
