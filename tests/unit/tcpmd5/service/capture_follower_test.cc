#include "tcpmd5/service/capture_follower.h"

#include "tcpmd5/capture/pcapng_writer.h"

#include "tests/unit/tcpmd5/frames.h"
#include "tests/unit/tcpmd5/healer/virtual_device.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace tw::tcpmd5::testing {
namespace {

class CaptureFollowerTest : public ::testing::Test {
 protected:
  CaptureFollowerTest() {
    char directory[] = "/tmp/capture_follower_XXXXXX";
    directory_ = ::mkdtemp(directory);
    path_ = directory_ + "/wire.pcapng";
    writer_.add_interface({"eth1", "", LinkType::kEthernet});
  }
  ~CaptureFollowerTest() override { std::filesystem::remove_all(directory_); }

  void capture(const Frame& frame) {
    writer_.add({.interface = 0, .time = 1, .frame = frame});
    append(writer_.take());
  }
  void append(const std::vector<std::uint8_t>& octets) {
    std::ofstream file(path_, std::ios::binary | std::ios::app);
    file.write(reinterpret_cast<const char*>(octets.data()), static_cast<std::streamsize>(octets.size()));
  }
  void look() {
    follower().check(paths_, offloads_);
    follower().poll();
  }
  CaptureFollower& follower() {
    if (!follower_)
      follower_.emplace(path_,
                        VantageHandlers{.copies = [this](auto copies, const std::string&) { copies_ += copies.size(); },
                                        .blind = [this](Blindness blindness) { truncated_ += blindness.truncated; }});
    return *follower_;
  }

  std::string directory_, path_;
  PcapngWriter writer_{"test"};
  Paths paths_;
  VirtualDevice offloads_;
  std::optional<CaptureFollower> follower_;
  std::size_t copies_ = 0, truncated_ = 0;
};

TEST_F(CaptureFollowerTest, WhatIsCapturedWhileItLooksIsSeenAndWhatWasThereBeforeIsNot) {
  capture(captured_frame(4, 0));
  look();
  EXPECT_EQ(copies_, 0U);
  EXPECT_TRUE(follower().working());
  capture(captured_frame(4, 0));
  capture(captured_frame(6, 0));
  look();
  EXPECT_EQ(copies_, 2U);
}

TEST_F(CaptureFollowerTest, ARecordThatComesInPiecesIsSeenOnce) {
  capture(captured_frame(4, 0));
  look();
  writer_.add({.interface = 0, .time = 1, .frame = captured_frame(4, 0)});
  const std::vector<std::uint8_t> octets = writer_.take();
  append({octets.begin(), octets.begin() + 40});
  look();
  EXPECT_EQ(copies_, 0U);
  append({octets.begin() + 40, octets.end()});
  look();
  EXPECT_EQ(copies_, 1U);
}

TEST_F(CaptureFollowerTest, ACopyCutShortIsBlindness) {
  capture(captured_frame(4, 0));
  look();
  const Frame frame = captured_frame(4, 0);
  writer_.add({.interface = 0,
               .time = 1,
               .frame = std::span(frame).first(60),
               .original_length = static_cast<std::uint32_t>(frame.size())});
  append(writer_.take());
  look();
  EXPECT_EQ(copies_, 0U);
  EXPECT_EQ(truncated_, 1U);
}

TEST_F(CaptureFollowerTest, AFileThatIsNotThereIsAProblemUntilItComes) {
  look();
  EXPECT_FALSE(follower().working());
  EXPECT_NE(follower().status().problem.find("No such file"), std::string::npos);
  capture(captured_frame(4, 0));
  look();
  EXPECT_TRUE(follower().working());
}

TEST_F(CaptureFollowerTest, WhatIsNoCaptureIsRefused) {
  append({'h', 'e', 'l', 'l', 'o', ' ', 'w', 'o', 'r', 'l', 'd', '!', '!', '!', '!', '!'});
  look();
  EXPECT_FALSE(follower().working());
  EXPECT_NE(follower().status().problem.find(path_), std::string::npos);
}

TEST_F(CaptureFollowerTest, AFileThatIsReplacedIsFollowedAnew) {
  capture(captured_frame(4, 0));
  look();
  std::filesystem::remove(path_);
  PcapngWriter another("test");
  another.add_interface({"eth1", "", LinkType::kEthernet});
  append(another.take());
  look();
  another.add({.interface = 0, .time = 1, .frame = captured_frame(4, 0)});
  append(another.take());
  look();
  EXPECT_EQ(copies_, 1U);
}

}  // namespace
}  // namespace tw::tcpmd5::testing
