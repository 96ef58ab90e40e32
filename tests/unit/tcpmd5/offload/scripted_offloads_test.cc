// The scripted devices behave as the kernel's do: what the healer's tests rest upon.
#include "tests/unit/tcpmd5/offload/scripted_offloads.h"

#include "tcpmd5/offload/ethtool_offloads.h"

#include "tests/unit/tcpmd5/offload/private_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace tw::tcpmd5 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ChangeOutcome done(std::variant<ChangeOutcome, OffloadFailure> outcome) {
  if (auto* failed = std::get_if<OffloadFailure>(&outcome)) throw std::runtime_error(failed->text);
  return std::get<ChangeOutcome>(std::move(outcome));
}

// Whatever is turned, in whatever order: a scripted device ends as a real one does.
TEST(ScriptedOffloads, DependLikeTheKernels) {
  const PrivateNetwork network;
  const TapDevice nic("nic");
  EthtoolOffloads real;
  const auto begin = std::get<DeviceFeatures>(real.read(nic.index()));
  ScriptedOffloads scripted;
  scripted.devices[nic.index()].features = begin;
  std::vector<std::string> bits;
  for (const auto& [bit, state] : begin.bits) bits.push_back(bit);

  std::mt19937 random(2385);
  for (int i = 0; i < 300; ++i) {
    FeatureChange change;
    change.bits[bits[random() % bits.size()]] = random() % 2 == 0;
    if (random() % 8 == 0) change.gso_max_segs = 1 + random() % 60000;
    const ChangeOutcome expected = done(real.change(nic.index(), change));
    const ChangeOutcome got = done(scripted.change(nic.index(), change));
    ASSERT_EQ(got.now.bits, expected.now.bits) << i << ": " << change.bits.begin()->first;
    ASSERT_EQ(got.now.gso_max_segs, expected.now.gso_max_segs);
    ASSERT_EQ(got.not_followed, expected.not_followed);
  }
}

class ScriptedDeviceTest : public testing::Test {
 protected:
  ScriptedDeviceTest() { offloads_.devices[1] = ScriptedDevice::with_everything(); }
  ChangeOutcome turn_off(Knob knob) {
    return done(offloads_.change(1, turning_off(knob, std::get<DeviceFeatures>(offloads_.read(1)))));
  }
  ScriptedOffloads offloads_;
};

TEST_F(ScriptedDeviceTest, WhatFallsComesBackWithWhatTookIt) {
  const DeviceFeatures before = offloads_.devices[1].features;
  const ChangeOutcome off = turn_off(Knob::kTxChecksum);
  EXPECT_FALSE(off.now.is_on(Knob::kTso));
  EXPECT_TRUE(off.now.is_on(Knob::kScatterGather));
  EXPECT_EQ(done(offloads_.change(1, turning_back(Knob::kTxChecksum, before))).now.bits, before.bits);
}

TEST_F(ScriptedDeviceTest, AFixedKnobStaysOnAndThereIsNothingToTurn) {
  offloads_.devices[1].fix(Knob::kTso);
  EXPECT_TRUE(offloads_.devices[1].features.is_fixed_on(Knob::kTso));
  EXPECT_TRUE(turning_off(Knob::kTso, offloads_.devices[1].features).empty());
  const auto outcome = done(offloads_.change(1, {.bits = {{"tx-tcp-segmentation", false}}, .gso_max_segs = {}}));
  EXPECT_THAT(outcome.not_followed, ElementsAre("tx-tcp-segmentation"));
}

TEST_F(ScriptedDeviceTest, ADriverThatIgnoresSaysYesAndDoesNothing) {
  offloads_.devices[1].ignore(Knob::kGso);
  const ChangeOutcome outcome = turn_off(Knob::kGso);
  EXPECT_TRUE(outcome.now.is_on(Knob::kGso));
  EXPECT_THAT(outcome.not_followed, ElementsAre("tx-generic-segmentation"));
}

TEST_F(ScriptedDeviceTest, AVanishedDeviceIsGone) {
  offloads_.devices.erase(1);
  EXPECT_EQ(std::get<OffloadFailure>(offloads_.read(1)).error, OffloadError::kNoDevice);
  EXPECT_EQ(std::get<OffloadFailure>(offloads_.change(1, {})).error, OffloadError::kNoDevice);
}

TEST_F(ScriptedDeviceTest, FailuresComeInOrderAndChangeNothing) {
  offloads_.failures = {{OffloadError::kNotPermitted, "no"}};
  const FeatureChange off{.bits = {{"rx-gro", false}}, .gso_max_segs = {}};
  EXPECT_EQ(std::get<OffloadFailure>(offloads_.change(1, off)).error, OffloadError::kNotPermitted);
  EXPECT_TRUE(offloads_.devices[1].features.is_on(Knob::kGro));
  EXPECT_THAT(done(offloads_.change(1, off)).not_followed, IsEmpty());
  EXPECT_EQ(offloads_.asked.size(), 2u);
}

TEST_F(ScriptedDeviceTest, LroGivesWayToHardwareGro) {
  const auto outcome = done(offloads_.change(1, {.bits = {{"rx-lro", true}}, .gso_max_segs = {}}));
  EXPECT_FALSE(outcome.now.is_on(Knob::kLro));
  offloads_.flip(1, "rx-gro-hw", false);
  EXPECT_TRUE(offloads_.devices[1].features.is_on(Knob::kLro));
}

}  // namespace
}  // namespace tw::tcpmd5
