#include "tcpmd5/service/history.h"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <filesystem>

namespace tw::tcpmd5::testing {
namespace {

using namespace std::chrono_literals;

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "history-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~HistoryTest() override { std::filesystem::remove_all(directory_); }

  static std::optional<PathDevice> device(unsigned) {
    PathDevice device;
    device.link.ifindex = 3;
    device.link.name = "eth0";
    device.driver = "virtio_net";
    return device;
  }
  void send(History& history, double million_octets, double nanoseconds_per_octet) {
    sample_.octets += static_cast<std::uint64_t>(million_octets * 1e6);
    sample_.kernel_time +=
        std::chrono::nanoseconds(static_cast<std::int64_t>(million_octets * 1e6 * nanoseconds_per_octet));
    history.sent(3, sample_, now_ += 1s);
  }
  static Verdict verdict() {
    Verdict verdict;
    verdict.ifindex = 3;
    verdict.device = "eth0";
    verdict.culprits = verdict.proven = {Knob::kTso};
    return verdict;
  }

  std::filesystem::path directory_;
  SendingSample sample_;
  TimePoint now_ = TimePoint{} + 1h;
};

TEST_F(HistoryTest, WhatARemedyCostsIsMeasuredBeforeAndAfterAndSurvivesARestart) {
  {
    History history(device);
    ASSERT_EQ(history.open(directory_), std::nullopt);
    send(history, 0, 0);
    send(history, 3, 1.0);
    ASSERT_EQ(history.begin_trial(3, {}), std::nullopt);
    send(history, 30, 50.0);
    ASSERT_EQ(history.put_remedy(verdict(), {}), std::nullopt);
    history.end_trial(3);
    EXPECT_EQ(history.remedies().at(0).cpu_ns_per_byte_after, std::nullopt);
    send(history, 0, 0);
    send(history, 3, 2.0);
    EXPECT_NEAR(history.remedies().at(0).cpu_ns_per_byte_before.value_or(0), 1.0, 0.01);
    EXPECT_NEAR(history.remedies().at(0).cpu_ns_per_byte_after.value_or(0), 2.0, 0.01);
  }
  History again(device);
  ASSERT_EQ(again.open(directory_), std::nullopt);
  ASSERT_EQ(again.stored_remedies().size(), 1U);
  again.adopted(again.stored_remedies()[0], 3);
  EXPECT_NEAR(again.remedies().at(0).cpu_ns_per_byte_before.value_or(0), 1.0, 0.01);
  EXPECT_NEAR(again.remedies().at(0).cpu_ns_per_byte_after.value_or(0), 2.0, 0.01);
}

TEST_F(HistoryTest, WithoutEnoughTrafficNoPriceIsTold) {
  History history(device);
  ASSERT_EQ(history.open(directory_), std::nullopt);
  send(history, 0, 0);
  send(history, 0.5, 1.0);
  ASSERT_EQ(history.begin_trial(3, {}), std::nullopt);
  ASSERT_EQ(history.put_remedy(verdict(), {}), std::nullopt);
  history.end_trial(3);
  EXPECT_EQ(history.remedies().at(0).cpu_ns_per_byte_before, std::nullopt);
  EXPECT_EQ(history.remedies().at(0).cpu_ns_per_byte_after, std::nullopt);
}

}  // namespace
}  // namespace tw::tcpmd5::testing
