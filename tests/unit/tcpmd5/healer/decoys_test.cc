// What decoys may and may not contribute to a trial.
#include "tests/unit/tcpmd5/healer/virtual_nic.h"

#include <gtest/gtest.h>

namespace tw::tcpmd5::testing {
namespace {

using namespace std::chrono_literals;

const std::vector<Knobs> kGather{{Knob::kScatterGather}, {Knob::kTxChecksum}};
const std::vector<Knobs> kAllAtOnce{{Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather}};

class HealerDecoys : public ::testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Seeds, HealerDecoys, ::testing::Range(0U, 50U));

TEST_P(HealerDecoys, ProveWhatAQuietSessionCannot) {
  VirtualNic nic({{Knob::kScatterGather, 1.0, 1000}}, GetParam());
  nic.large_share = 0;  // keepalives
  nic.have_decoys();
  nic.healer.suspect(nic.suspicion(kGather, {.min_payload = 1440, .failure_rate = 0.75}), nic.now);
  nic.pass(60s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_EQ(nic.last().confidence, Confidence::kProven) << nic.last().text;
  EXPECT_EQ(nic.last().proven, Knobs{Knob::kScatterGather});
  EXPECT_EQ(nic.last().peer, nic.peer);
  EXPECT_NE(nic.last().evidence.find("bears witness"), std::string::npos) << nic.last().evidence;
  EXPECT_EQ(nic.offloads.off(), (Knobs{Knob::kScatterGather} | row_of(Knob::kScatterGather).takes_with_it));
}

TEST_P(HealerDecoys, DoNotSpeakForWhatLiesBeyondTheDevice) {
  VirtualNic nic({{.gate = std::nullopt, .spares_decoys = true}}, GetParam());
  const DeviceFeatures before = nic.offloads.features();
  nic.have_decoys();
  nic.healer.suspect(nic.suspicion(kGather, {.failure_rate = 0.75}), nic.now);
  nic.pass(60s);
  ASSERT_FALSE(nic.verdicts.empty());
  for (const Verdict& verdict : nic.verdicts)
    EXPECT_NE(verdict.confidence, Confidence::kMitigated) << "healthy decoys heal nothing: " << verdict.text;
  EXPECT_EQ(nic.last().confidence, Confidence::kReported) << nic.last().text;
  EXPECT_EQ(nic.last().evidence.find("witness"), std::string::npos) << nic.last().evidence;
  EXPECT_EQ(nic.offloads.features().bits, before.bits);
}

TEST_P(HealerDecoys, FindTheKnobBesideABusySession) {
  for (const Knob guilty : {Knob::kTso, Knob::kTxChecksum, Knob::kScatterGather}) {
    VirtualNic nic({{guilty, 0.5}}, GetParam());
    nic.have_decoys();
    nic.healer.suspect(nic.suspicion(kAllAtOnce, {.failure_rate = 0.6}), nic.now);
    nic.pass(120s);
    ASSERT_FALSE(nic.verdicts.empty());
    EXPECT_EQ(nic.last().proven, Knobs{guilty}) << nic.last().text;
  }
}

TEST_P(HealerDecoys, SeenDamageIsTriedInsteadOfMissingAcknowledgments) {
  VirtualNic nic({{Knob::kTxChecksum}}, GetParam());
  nic.have_decoys();
  nic.judge_is = Judge::kAcceptance;
  nic.mean_gap = 2s;  // too quiet to tell
  nic.healer.suspect(nic.suspicion(kAllAtOnce), nic.now);
  nic.collect();
  ASSERT_FALSE(nic.needs.empty());
  EXPECT_TRUE(nic.offloads.changes.empty()) << "first the decoy is asked";
  Suspicion of_decoy = nic.suspicion({{Knob::kTxChecksum}, {Knob::kScatterGather}}, {.failure_rate = 0.8});
  of_decoy.peer = nic.decoy;
  of_decoy.fault = "checksum-wrong";
  of_decoy.plan.judge = Judge::kWire;
  nic.healer.suspect(of_decoy, nic.now);
  nic.mean_gap = 50ms;
  nic.pass(60s);
  ASSERT_FALSE(nic.verdicts.empty());
  EXPECT_EQ(nic.last().proven, Knobs{Knob::kTxChecksum}) << nic.last().text;
  EXPECT_EQ(nic.last().peer, nic.peer) << "whose session it is about";
  EXPECT_EQ(nic.last().fault, "checksum-wrong");
}

TEST(HealerDecoys, WithoutASignFromThemTheTrialBeginsAllTheSame) {
  VirtualNic nic({{Knob::kTso}}, 1);
  nic.have_decoys();
  nic.decoys_go_out = false;
  nic.healer.suspect(nic.suspicion(kAllAtOnce), nic.now);
  EXPECT_TRUE(nic.healer.trial_on(1));
  EXPECT_LE(nic.healer.deadline(), nic.now + 1s);
  nic.pass(120s);
  EXPECT_EQ(nic.last().proven, Knobs{Knob::kTso}) << nic.last().text;
}

TEST(HealerDecoys, OfAnotherDeviceOrFamilyAreNotAskedAndDoNotCount) {
  VirtualNic nic({{Knob::kTso}}, 1);
  nic.have_decoys(2);
  nic.healer.suspect(nic.suspicion(kAllAtOnce), nic.now);
  nic.collect();
  EXPECT_TRUE(nic.needs.empty());
  EXPECT_FALSE(nic.offloads.changes.empty()) << "the trial begins at once";
  nic.now += 1s;
  for (int i = 0; i < 50; ++i) nic.judge_decoy(1440, 1);
  nic.collect();
  EXPECT_TRUE(nic.verdicts.empty()) << "decoys that are none of this device's heal nothing";
}

TEST(HealerDecoys, SmallOnesDoNotAcquitWhatFailsWhenItIsLarge) {
  VirtualNic nic({{Knob::kScatterGather, 1.0, 1000}}, 1);
  nic.large_share = 0;
  nic.have_decoys();
  nic.healer.suspect(nic.suspicion(kGather, {.min_payload = 1440, .failure_rate = 0.75}), nic.now);
  nic.pass(4s);  // witnessed, mitigated, the first knob is on again
  nic.decoys_go_out = false;
  const bool was_off = !nic.offloads.is_on(Knob::kScatterGather);
  for (int i = 0; i < 500; ++i) {
    nic.now += 10ms;
    nic.judge_decoy(19);
    nic.healer.tick(nic.now, [](unsigned) { return true; });
    nic.collect();
  }
  for (const Verdict& verdict : nic.verdicts) EXPECT_FALSE(verdict.innocent.has(Knob::kScatterGather)) << verdict.text;
  EXPECT_TRUE(was_off || nic.healer.trial_on(1));
}

TEST(HealerDecoys, APreflightMayAskAgainAtOnce) {
  VirtualNic nic({{std::nullopt}}, 1);
  nic.healer.suspect(nic.suspicion(kGather), nic.now);
  nic.pass(30s);
  ASSERT_EQ(nic.last().confidence, Confidence::kReported);
  const std::size_t told = nic.verdicts.size();
  nic.healer.suspect(nic.suspicion(kGather), nic.now);
  EXPECT_FALSE(nic.healer.trial_on(1)) << "so soon, the answer would be the same";
  nic.healer.ask_again(nic.peer);
  nic.healer.suspect(nic.suspicion(kGather), nic.now);
  nic.pass(30s);
  EXPECT_GT(nic.verdicts.size(), told);
}

}  // namespace
}  // namespace tw::tcpmd5::testing
