// The kernel's offloads, on TAP devices in a namespace of their own.
#include "tcpmd5/offload/ethtool_offloads.h"

#include "tests/unit/tcpmd5/offload/private_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>

namespace tw::tcpmd5 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;

class EthtoolOffloadsTest : public testing::Test {
 protected:
  DeviceFeatures read(unsigned ifindex) {
    auto got = offloads_.read(ifindex);
    if (auto* failed = std::get_if<OffloadFailure>(&got)) throw std::runtime_error(failed->text);
    return std::get<DeviceFeatures>(got);
  }
  ChangeOutcome change(unsigned ifindex, const FeatureChange& wanted) {
    auto got = offloads_.change(ifindex, wanted);
    if (auto* failed = std::get_if<OffloadFailure>(&got)) throw std::runtime_error(failed->text);
    return std::get<ChangeOutcome>(got);
  }
  ChangeOutcome turn_off(unsigned ifindex, Knob knob) { return change(ifindex, turning_off(knob, read(ifindex))); }

  PrivateNetwork network_;
  TapDevice nic_{"nic"};
  EthtoolOffloads offloads_;
};

TEST_F(EthtoolOffloadsTest, ReadsWhatIsOnWhatIsWantedAndWhatIsFixed) {
  const DeviceFeatures features = read(nic_.index());
  EXPECT_EQ(features.bits.at("tx-tcp-segmentation"), (FeatureBit{.on = true, .wanted = true, .changeable = true}));
  EXPECT_TRUE(features.is_on(Knob::kTso));
  EXPECT_TRUE(features.is_on(Knob::kGso));
  EXPECT_TRUE(features.is_on(Knob::kTxChecksum));
  EXPECT_TRUE(features.is_on(Knob::kScatterGather));
  EXPECT_TRUE(features.is_on(Knob::kGro));
  EXPECT_FALSE(features.bits.at("rx-lro").changeable) << "a TAP has no LRO";
  EXPECT_FALSE(features.bits.at("rx-gro-hw").changeable);
  EXPECT_FALSE(features.is_on(Knob::kLro));
  EXPECT_GT(features.gso_max_segs.value_or(0), 1u);
  EXPECT_FALSE(features.bits.contains("highdma")) << "belongs to no knob";
}

TEST_F(EthtoolOffloadsTest, TurnsOneBitAndNoOther) {
  const DeviceFeatures before = read(nic_.index());
  const ChangeOutcome outcome = change(nic_.index(), {.bits = {{"tx-tcp6-segmentation", false}}, .gso_max_segs = {}});
  EXPECT_THAT(outcome.not_followed, IsEmpty());
  DeviceFeatures expected = before;
  expected.bits["tx-tcp6-segmentation"] = {.on = false, .wanted = false, .changeable = true};
  EXPECT_EQ(outcome.now.bits, expected.bits);
}

TEST_F(EthtoolOffloadsTest, BringsBackExactlyTheBitsThatWereWanted) {
  const DeviceFeatures before = read(nic_.index());
  ASSERT_FALSE(before.bits.at("tx-tcp-mangleid-segmentation").on) << "`ethtool -K tso on` would turn it on";
  for (const Knob knob : {Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather, Knob::kGro}) {
    const ChangeOutcome off = turn_off(nic_.index(), knob);
    EXPECT_FALSE(off.now.is_on(knob)) << row_of(knob).text;
    EXPECT_THAT(off.not_followed, IsEmpty());
    const ChangeOutcome back = change(nic_.index(), turning_back(knob, before));
    EXPECT_EQ(back.now.bits, before.bits) << row_of(knob).text;
    EXPECT_THAT(back.not_followed, IsEmpty());
  }
}

TEST_F(EthtoolOffloadsTest, WhatFallsWithABitStaysWantedAndComesBackWithIt) {
  const ChangeOutcome off = turn_off(nic_.index(), Knob::kScatterGather);
  EXPECT_FALSE(off.now.is_on(Knob::kTso));
  EXPECT_FALSE(off.now.is_on(Knob::kGso));
  EXPECT_TRUE(off.now.bits.at("tx-tcp-segmentation").wanted);
  EXPECT_TRUE(off.now.is_on(Knob::kTxChecksum));
}

TEST_F(EthtoolOffloadsTest, ABitThatAnotherHoldsDownIsNotIgnored) {
  change(nic_.index(), {.bits = {{"tx-scatter-gather", false}}, .gso_max_segs = {}});
  const FeatureChange tso_on{.bits = {{"tx-tcp-segmentation", true}}, .gso_max_segs = {}};
  EXPECT_THAT(change(nic_.index(), tso_on).not_followed, IsEmpty());
}

TEST_F(EthtoolOffloadsTest, AFixedBitIsNotFollowed) {
  const FeatureChange lro_on{.bits = {{"rx-lro", true}}, .gso_max_segs = {}};
  EXPECT_THAT(change(nic_.index(), lro_on).not_followed, ElementsAre("rx-lro"));
}

TEST_F(EthtoolOffloadsTest, ADeviceThatRefusesIsSeenByReadingBack) {
  ip("link add link nic name upper type macvlan mode bridge");
  const unsigned upper = index_of("upper");
  ASSERT_TRUE(read(upper).is_on(Knob::kTso));
  const ChangeOutcome outcome = change(upper, {.bits = {{"tx-tcp-segmentation", false}}, .gso_max_segs = {}});
  EXPECT_THAT(outcome.not_followed, ElementsAre("tx-tcp-segmentation"));
  EXPECT_TRUE(outcome.now.is_on(Knob::kTso));
}

TEST_F(EthtoolOffloadsTest, SetsGsoMaxSegsAndBack) {
  const DeviceFeatures before = read(nic_.index());
  const ChangeOutcome low = turn_off(nic_.index(), Knob::kGsoMaxSegs);
  EXPECT_EQ(low.now.gso_max_segs, 1u);
  EXPECT_THAT(low.not_followed, IsEmpty());
  EXPECT_EQ(change(nic_.index(), turning_back(Knob::kGsoMaxSegs, before)).now.gso_max_segs, before.gso_max_segs);
}

TEST_F(EthtoolOffloadsTest, AVanishedDeviceIsSaidToBeGone) {
  const unsigned index = nic_.index();
  nic_ = TapDevice("other");
  for (const auto& failed : {offloads_.read(index)}) {
    ASSERT_TRUE(std::holds_alternative<OffloadFailure>(failed));
    EXPECT_EQ(std::get<OffloadFailure>(failed).error, OffloadError::kNoDevice);
  }
  const auto failed = offloads_.change(index, {.bits = {{"tx-tcp-segmentation", false}}, .gso_max_segs = {}});
  ASSERT_TRUE(std::holds_alternative<OffloadFailure>(failed));
  EXPECT_EQ(std::get<OffloadFailure>(failed).error, OffloadError::kNoDevice);
}

TEST_F(EthtoolOffloadsTest, SaysThatItTakesAPrivilege) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(9);
    EthtoolOffloads unprivileged;
    const auto got = unprivileged.change(nic_.index(), {.bits = {{"tx-tcp-segmentation", false}}, .gso_max_segs = {}});
    const auto* failed = std::get_if<OffloadFailure>(&got);
    const bool told = failed && failed->error == OffloadError::kNotPermitted &&
                      failed->text.find("CAP_NET_ADMIN") != std::string::npos;
    const bool reads = std::holds_alternative<DeviceFeatures>(unprivileged.read(nic_.index()));
    ::_exit(told && reads ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(read(nic_.index()).is_on(Knob::kTso));
}

class FeatureWatchTest : public EthtoolOffloadsTest {
 protected:
  std::vector<FeatureWatch::Change> drained() {
    std::vector<FeatureWatch::Change> changes;
    watch_.drain([&](const FeatureWatch::Change& it) { changes.push_back(it); });
    return changes;
  }
  EthtoolOffloads somebody_else_;
  FeatureWatch watch_{offloads_};
};

TEST_F(FeatureWatchTest, TellsWhatSomebodyElseTurned) {
  ASSERT_FALSE(watch_.error());
  ASSERT_FALSE(watch_.watch(nic_.index()));
  EXPECT_THAT(drained(), IsEmpty());
  somebody_else_.change(nic_.index(), {.bits = {{"tx-scatter-gather", false}}, .gso_max_segs = {}});
  ASSERT_TRUE(readable_within(watch_.fd(), 2000));
  const auto changes = drained();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].ifindex, nic_.index());
  EXPECT_THAT(changes[0].bits, IsSupersetOf({"tx-scatter-gather", "tx-tcp-segmentation", "tx-generic-segmentation"}));
  EXPECT_FALSE(changes[0].now.bits.at("tx-scatter-gather").on);
  EXPECT_THAT(drained(), IsEmpty()) << "told once";
}

// Whoever keeps a bit off must learn that it is on again, however soon after it was turned off.
TEST_F(FeatureWatchTest, WhatWentAndCameBackIsReported) {
  ASSERT_FALSE(watch_.watch(nic_.index()));
  turn_off(nic_.index(), Knob::kTso);
  somebody_else_.change(nic_.index(), {.bits = {{"tx-tcp-segmentation", true}}, .gso_max_segs = {}});
  ASSERT_TRUE(readable_within(watch_.fd(), 2000));
  const auto changes = drained();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].now.bits.at("tx-tcp-segmentation").on);
}

TEST_F(FeatureWatchTest, OtherDevicesAreNotReported) {
  TapDevice other("other");
  ASSERT_FALSE(watch_.watch(nic_.index()));
  turn_off(other.index(), Knob::kTso);
  ASSERT_TRUE(readable_within(watch_.fd(), 2000));
  EXPECT_THAT(drained(), IsEmpty());
}

TEST_F(FeatureWatchTest, WatchingAVanishedDeviceFails) {
  const auto failed = watch_.watch(9999);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error, OffloadError::kNoDevice);
}

}  // namespace
}  // namespace tw::tcpmd5
