#include "tcpmd5/healer/healer.h"

#include "tests/unit/tcpmd5/healer/virtual_nic.h"

#include <gtest/gtest.h>

namespace tw::tcpmd5::testing {
namespace {

using namespace std::chrono_literals;

const std::vector<Knobs> kSegmentation{{Knob::kTso}, {Knob::kGso}, {Knob::kTxChecksum, Knob::kScatterGather}};
const std::vector<Knobs> kGather{{Knob::kScatterGather}, {Knob::kTxChecksum}};
const std::vector<Knobs> kChecksum{{Knob::kTxChecksum}, {Knob::kScatterGather}};
const std::vector<Knobs> kAllAtOnce{{Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather}};

class HealerTest : public ::testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Seeds, HealerTest, ::testing::Range(0U, 200U));

TEST_P(HealerTest, FindsTheKnobThatIsGuiltyAndLeavesTheOthersOn) {
  for (const Knob guilty : {Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather}) {
    for (const auto& steps : {kSegmentation, kGather, kChecksum, kAllAtOnce}) {
      if (guilty == Knob::kGso && steps == kChecksum) continue;  // it is only turned off together with SG there
      VirtualNic nic({{guilty}}, GetParam());
      nic.healer.suspect(nic.suspicion(steps), nic.now);
      nic.pass(120s);
      ASSERT_FALSE(nic.verdicts.empty());
      EXPECT_EQ(nic.last().confidence, Confidence::kProven) << nic.last().text;
      EXPECT_EQ(nic.last().proven, Knobs{guilty}) << nic.last().text;
      EXPECT_EQ(nic.offloads.off(), (Knobs{guilty} | row_of(guilty).takes_with_it));
      EXPECT_FALSE(nic.journal.trial.has_value());
      ASSERT_TRUE(nic.journal.remedy.has_value());
    }
  }
}

TEST_P(HealerTest, FindsBothOfTwoGuiltyKnobs) {
  VirtualNic nic({{Knob::kScatterGather, 1.0, 1000}, {Knob::kTxChecksum}}, GetParam());
  nic.healer.suspect(nic.suspicion(kChecksum), nic.now);
  nic.pass(180s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_EQ(nic.last().proven, (Knobs{Knob::kScatterGather, Knob::kTxChecksum})) << nic.last().text;
}

TEST_P(HealerTest, FindsAKnobThatDamagesOneSegmentInTen) {
  VirtualNic nic({{Knob::kTso, 0.1}}, GetParam());
  nic.mean_gap = 10ms;
  nic.healer.suspect(nic.suspicion(kSegmentation, {.failure_rate = 0.07}), nic.now);
  nic.pass(180s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_EQ(nic.last().proven, Knobs{Knob::kTso}) << nic.last().text;
}

TEST_P(HealerTest, FindsTheKnobWhenTheDamageIsRarerThanItSeemed) {
  VirtualNic nic({{Knob::kScatterGather, 0.15}}, GetParam());
  nic.healer.suspect(nic.suspicion(kGather, {.failure_rate = 0.7}), nic.now);
  nic.pass(120s);
  ASSERT_FALSE(nic.verdicts.empty());
  if (nic.last().confidence == Confidence::kProven) {
    EXPECT_EQ(nic.last().proven, Knobs{Knob::kScatterGather}) << nic.last().text;
  } else {
    EXPECT_TRUE(nic.offloads.off().empty()) << nic.last().text;
  }
}

TEST_P(HealerTest, TouchesNothingForGoodWhenNoKnobIsGuilty) {
  VirtualNic nic({{std::nullopt}}, GetParam());
  const DeviceFeatures before = nic.offloads.features();
  nic.healer.suspect(nic.suspicion(kChecksum), nic.now);
  nic.pass(60s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_EQ(nic.last().confidence, Confidence::kReported);
  EXPECT_TRUE(nic.last().culprits.empty());
  EXPECT_EQ(nic.offloads.features().bits, before.bits);
  EXPECT_FALSE(nic.journal.remedy.has_value());
}

TEST_P(HealerTest, BlamesNobodyForDamageThatEndsByItself) {
  VirtualNic nic({}, GetParam());
  const DeviceFeatures before = nic.offloads.features();
  nic.healer.suspect(nic.suspicion(kAllAtOnce), nic.now);
  nic.pass(120s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_EQ(nic.last().confidence, Confidence::kUndecidable) << nic.last().text;
  EXPECT_EQ(nic.offloads.features().bits, before.bits);
}

TEST_P(HealerTest, JudgedByAcknowledgmentsBlamesNobodyForLoss) {
  VirtualNic nic({}, GetParam());
  nic.judge_is = Judge::kAcceptance;
  nic.mean_gap = 200ms;
  nic.loss = 0.3;
  nic.healer.suspect(nic.suspicion(kAllAtOnce), nic.now);
  nic.pass(200s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_TRUE(nic.last().proven.empty()) << nic.last().text;
  EXPECT_TRUE(nic.offloads.off().empty()) << nic.last().text;
}

TEST_P(HealerTest, JudgedByAcknowledgmentsFindsTheKnob) {
  for (const Knob guilty : {Knob::kTso, Knob::kTxChecksum, Knob::kScatterGather}) {
    VirtualNic nic({{guilty}}, GetParam());
    nic.judge_is = Judge::kAcceptance;
    nic.mean_gap = 200ms;
    nic.healer.suspect(nic.suspicion(kAllAtOnce), nic.now);
    nic.pass(150s);
    ASSERT_FALSE(nic.verdicts.empty());
    EXPECT_EQ(nic.last().proven, Knobs{guilty}) << nic.last().text;
  }
}

TEST(Healer, LeavesASuspectOffWhenNothingIsSentThatCouldProveIt) {
  VirtualNic nic({{Knob::kScatterGather, 1.0, 1000}}, 1);
  nic.large_share = 0.5;
  nic.healer.suspect(nic.suspicion(kGather, {.min_payload = 1440}), nic.now);
  nic.pass(1s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_EQ(nic.last().confidence, Confidence::kMitigated);
  nic.large_share = 0;
  nic.pass(180s);
  EXPECT_EQ(nic.last().confidence, Confidence::kSuspected) << nic.last().text;
  EXPECT_TRUE(nic.last().suspected.has(Knob::kScatterGather));
  EXPECT_FALSE(nic.offloads.is_on(Knob::kScatterGather));
}

TEST(Healer, BreaksNothingWhileThePeersHoldTimeRunsOut) {
  VirtualNic nic({{Knob::kTso}}, 1);
  nic.may_break = false;
  nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
  nic.pass(60s);
  EXPECT_FALSE(nic.offloads.is_on(Knob::kTso));
  for (const FeatureChange& change : nic.offloads.changes)
    for (const auto& [bit, on] : change.bits) EXPECT_FALSE(on) << bit;
}

TEST(Healer, TurnsNothingWhenTheOldBitsCannotBeStored) {
  VirtualNic nic({{Knob::kTso}}, 1);
  nic.journal.broken = true;
  nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
  nic.pass(10s);
  EXPECT_TRUE(nic.offloads.changes.empty());
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_NE(nic.last().text.find("the disk is full"), std::string::npos) << nic.last().text;
}

TEST(Healer, WatchingSaysWhatItWouldDoAndDoesNothing) {
  VirtualNic nic({{Knob::kTso}}, 1, {.mode = HealerMode::kWatch});
  nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
  nic.pass(10s);
  EXPECT_TRUE(nic.offloads.changes.empty());
  ASSERT_EQ(nic.verdicts.size(), 1U);
  EXPECT_EQ(nic.last().confidence, Confidence::kSuspected);
  EXPECT_NE(nic.last().text.find("TSO"), std::string::npos) << nic.last().text;
}

TEST(Healer, FixedBitsPointBelowTheVirtualNic) {
  VirtualNic nic({{Knob::kTxChecksum}}, 1);
  for (const Knob knob : {Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather}) nic.offloads.fix(knob);
  nic.healer.suspect(nic.suspicion(kChecksum), nic.now);
  nic.pass(1s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_EQ(nic.last().confidence, Confidence::kReported);
  EXPECT_NE(nic.last().text.find("below the vNIC"), std::string::npos) << nic.last().text;
  EXPECT_TRUE(nic.offloads.changes.empty());
}

TEST(Healer, ADeviceThatIgnoresTheSettingIsNamed) {
  VirtualNic nic({{Knob::kTso}}, 1);
  for (const Knob knob : {Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather}) nic.offloads.ignore(knob);
  nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
  nic.pass(10s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_NE(nic.last().text.find("the device ignores the setting"), std::string::npos) << nic.last().text;
  EXPECT_TRUE(nic.last().culprits.empty());
}

TEST(Healer, MeetsSomebodyWhoTurnsItOnAgainAFewTimesAndThenGivesWay) {
  VirtualNic nic({{Knob::kTso}}, 1);
  nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
  nic.pass(60s);
  ASSERT_EQ(nic.last().confidence, Confidence::kProven);
  for (int i = 0; i < 3; ++i) {
    nic.offloads.set(Knob::kTso, true);
    nic.healer.features_changed(1, nic.now);
    nic.pass(120s);
    EXPECT_FALSE(nic.offloads.is_on(Knob::kTso)) << "after meddling " << i;
  }
  nic.offloads.set(Knob::kTso, true);
  nic.healer.features_changed(1, nic.now);
  nic.pass(120s);
  EXPECT_TRUE(nic.offloads.is_on(Knob::kTso));
  EXPECT_NE(nic.last().text.find("gives way"), std::string::npos) << nic.last().text;
}

TEST(Healer, TriesNothingNewWhileSomebodyKeepsTurningOnWhatIsGuilty) {
  VirtualNic nic({{Knob::kTso}}, 1);
  nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
  nic.pass(60s);
  ASSERT_EQ(nic.last().confidence, Confidence::kProven);
  int turned_on = 0;
  for (int tenth = 0; tenth < 1200; ++tenth) {
    if (!nic.offloads.is_on(Knob::kTso)) {
      nic.offloads.set(Knob::kTso, true);
      nic.healer.features_changed(1, nic.now);
      ++turned_on;
    }
    nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
    EXPECT_FALSE(nic.healer.trial_on(1));
    nic.pass(100ms);
  }
  EXPECT_EQ(turned_on, HealerOptions{}.reapply + 1);
}

TEST(Healer, SomebodyElseFlippingAKnobEndsTheTrialWithoutBlame) {
  VirtualNic nic({{Knob::kTso}}, 1);
  nic.may_break = false;
  nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
  nic.pass(2s);
  nic.offloads.set(Knob::kTso, true);
  nic.healer.features_changed(1, nic.now);
  nic.pass(1s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_NE(nic.last().text.find("somebody turned TSO on"), std::string::npos) << nic.last().text;
  EXPECT_TRUE(nic.last().culprits.empty());
}

TEST(Healer, UndoBringsBackWhatWasBefore) {
  VirtualNic nic({{Knob::kTso}}, 1);
  const DeviceFeatures before = nic.offloads.features();
  nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
  nic.pass(60s);
  ASSERT_TRUE(nic.journal.remedy.has_value());
  EXPECT_EQ(nic.healer.undo(1), std::nullopt);
  EXPECT_EQ(nic.offloads.features().bits, before.bits);
  EXPECT_FALSE(nic.journal.remedy.has_value());
  EXPECT_NE(nic.healer.undo(1), std::nullopt);
}

TEST(Healer, ARemedyOfAnEarlierLifeIsAppliedAgain) {
  VirtualNic nic({{Knob::kTso}}, 1);
  Verdict verdict;
  verdict.device = "eth0";
  verdict.culprits = {Knob::kTso};
  EXPECT_EQ(nic.healer.adopt(1, verdict, nic.offloads.features(), nic.now), std::nullopt);
  EXPECT_FALSE(nic.offloads.is_on(Knob::kTso));
  EXPECT_TRUE(nic.offloads.is_on(Knob::kGso));
}

TEST(Healer, StoppingPutsBackWhatATrialChanged) {
  VirtualNic nic({{Knob::kTso}}, 1);
  const DeviceFeatures before = nic.offloads.features();
  nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
  nic.pass(500ms);
  nic.healer.stop(nic.now);
  EXPECT_EQ(nic.offloads.features().bits, before.bits);
  EXPECT_FALSE(nic.journal.trial.has_value());
}

TEST(Healer, ADeviceThatVanishesEndsItsTrial) {
  VirtualNic nic({{Knob::kTso}}, 1);
  nic.may_break = false;
  nic.healer.suspect(nic.suspicion(kSegmentation), nic.now);
  nic.pass(500ms);
  nic.offloads.fail(OffloadFailure{OffloadError::kNoDevice, "eth0: no such device"});
  nic.healer.device_gone(1, nic.now);
  nic.pass(10s);
  EXPECT_FALSE(nic.healer.trial_on(1));
}

}  // namespace
}  // namespace tw::tcpmd5::testing
