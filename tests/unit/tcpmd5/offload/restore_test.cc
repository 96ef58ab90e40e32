// Putting back what an interrupted trial left.
#include "tcpmd5/offload/restore.h"

#include "tests/unit/tcpmd5/offload/scripted_offloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace tw::tcpmd5 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PathDevice device(unsigned ifindex, const char* name, const char* permanent_address, const char* driver = "vmxnet3") {
  return {{.ifindex = ifindex, .name = name, .permanent_address = permanent_address}, driver};
}

TEST(FindDevice, TheSameOneIsFoundThoughItsNumberIsAnother) {
  const std::vector devices{device(1, "eth0", "aa"), device(9, "eth1", "bb")};
  EXPECT_EQ(find_device({"eth1", "bb", "vmxnet3"}, devices), &devices[1]);
}

TEST(FindDevice, APermanentAddressIsFoundUnderAnotherName) {
  const std::vector devices{device(1, "eth0", "bb"), device(2, "eth1", "aa")};
  EXPECT_EQ(find_device({"eth0", "aa", "vmxnet3"}, devices), &devices[1]) << "the two have changed names";
}

TEST(FindDevice, AnotherNicOfThatNameIsNotIt) {
  const std::vector devices{device(1, "eth0", "bb"), device(2, "tap0", "", "tun")};
  EXPECT_EQ(find_device({"eth0", "aa", "vmxnet3"}, devices), nullptr);
  EXPECT_EQ(find_device({"eth0", "bb", "e1000"}, devices), nullptr);
  EXPECT_EQ(find_device({"eth0", "", "vmxnet3"}, devices), nullptr);
  EXPECT_EQ(find_device({"tap0", "", "tun"}, devices), &devices[1]);
}

TEST(FindDevice, WhereTwoShareAnAddressTheNameDecides) {
  const std::vector devices{device(1, "eth0", "aa"), device(2, "eth1", "aa")};
  EXPECT_EQ(find_device({"eth1", "aa", "vmxnet3"}, devices), &devices[1]);
  EXPECT_EQ(find_device({"eth7", "aa", "vmxnet3"}, devices), nullptr);
}

class RestoreTest : public testing::Test {
 protected:
  RestoreTest() : directory_(testing::TempDir() + "restore-" + std::to_string(::getpid())) {
    std::filesystem::remove_all(directory_);
    if (const auto error = store_.open(directory_)) throw std::runtime_error(*error);
    offloads_.devices[2] = ScriptedDevice::with_everything();
    before_ = offloads_.devices[2].features;
    if (const auto error = store_.begin_trial({devices_[0].identity(), {}, before_})) throw std::runtime_error(*error);
  }
  ~RestoreTest() override { std::filesystem::remove_all(directory_); }
  std::size_t trials_left() { return std::get<StoredRows<StoredTrial>>(store_.trials()).rows.size(); }
  void interrupt(Knob knob) {
    offloads_.change(2, turning_off(knob, std::get<DeviceFeatures>(offloads_.read(2))));
    offloads_.asked.clear();
  }

  const std::string directory_;
  RemedyStore store_;
  ScriptedOffloads offloads_;
  DeviceFeatures before_;
  std::vector<PathDevice> devices_{device(2, "eth0", "aa")};
};

TEST_F(RestoreTest, BringsBackEveryBitThatWasWantedAndForgetsTheTrial) {
  for (const Knob knob : {Knob::kTso, Knob::kScatterGather, Knob::kGsoMaxSegs}) interrupt(knob);
  const Restored restored = restore(store_, offloads_, devices_);
  EXPECT_THAT(restored.failed, IsEmpty());
  EXPECT_THAT(restored.done, ElementsAre(HasSubstr("eth0: put back what an interrupted trial left: ")));
  EXPECT_THAT(restored.done[0], HasSubstr("tx-tcp-segmentation on"));
  EXPECT_THAT(restored.done[0], HasSubstr("gso_max_segs 65535"));
  EXPECT_EQ(offloads_.devices[2].features.bits, before_.bits);
  EXPECT_EQ(offloads_.devices[2].features.gso_max_segs, before_.gso_max_segs);
  EXPECT_EQ(trials_left(), 0u);
}

TEST_F(RestoreTest, AsksForNothingWhereNothingDiffers) {
  const Restored restored = restore(store_, offloads_, devices_);
  EXPECT_THAT(restored.done, ElementsAre(HasSubstr("all as it was")));
  EXPECT_THAT(offloads_.asked, IsEmpty());
  EXPECT_EQ(trials_left(), 0u);
}

TEST_F(RestoreTest, TouchesOnlyTheBitsThatDiffer) {
  interrupt(Knob::kTso);
  restore(store_, offloads_, devices_);
  ASSERT_EQ(offloads_.asked.size(), 1u);
  for (const auto& [bit, on] : offloads_.asked[0].second.bits) EXPECT_EQ(knob_of_bit(bit), Knob::kTso) << bit;
  EXPECT_FALSE(offloads_.devices[2].features.bits.at("tx-tcp-mangleid-segmentation").wanted);
}

TEST_F(RestoreTest, ADeviceThatIsNotThereIsNamedAndKept) {
  interrupt(Knob::kTso);
  const Restored restored = restore(store_, offloads_, {});
  EXPECT_THAT(restored.failed, ElementsAre(HasSubstr("eth0: a trial was interrupted, but the device is not there")));
  EXPECT_EQ(trials_left(), 1u);
  EXPECT_THAT(restore(store_, offloads_, devices_).failed, IsEmpty()) << "it came back";
}

TEST_F(RestoreTest, WhatTheDeviceRefusesIsNamedAndKept) {
  interrupt(Knob::kTso);
  offloads_.devices[2].ignore(Knob::kTso);
  const Restored restored = restore(store_, offloads_, devices_);
  EXPECT_THAT(restored.failed, ElementsAre(HasSubstr("did not take back tx-tcp")));
  EXPECT_EQ(trials_left(), 1u);
}

TEST_F(RestoreTest, AFailureIsToldInItsWordsAndKept) {
  interrupt(Knob::kTso);
  offloads_.failures = {{OffloadError::kNotPermitted, "it takes CAP_NET_ADMIN"}};
  EXPECT_THAT(restore(store_, offloads_, devices_).failed, ElementsAre("eth0: it takes CAP_NET_ADMIN"));
  EXPECT_EQ(trials_left(), 1u);
}

TEST_F(RestoreTest, AStoreThatIsNotOpenIsTold) {
  RemedyStore closed;
  EXPECT_THAT(restore(closed, offloads_, devices_).failed, ElementsAre("no state directory is in use"));
}

}  // namespace
}  // namespace tw::tcpmd5
