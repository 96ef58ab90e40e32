#include "tcpmd5/decoy/preflight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tw::tcpmd5 {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Stream = PreflightView::Stream;

// A preflight, and the stream that it watches.
class PreflightTest : public testing::Test {
 protected:
  void look(std::chrono::milliseconds after = 100ms) {
    now_ += after;
    preflight_.look(view_, now_);
  }
  void send(std::size_t rounds, std::uint64_t valid, std::uint64_t bad = 0) {
    view_.stream = Stream::kSending;
    view_.tally.connections = 1;
    view_.tally.rounds += rounds;
    view_.counts.wire += valid + bad;
    view_.counts.wire_valid += valid;
    view_.counts.wire_bad += bad;
    look();
  }
  Verdict verdict(Confidence confidence, Knobs culprits = {}, Knobs proven = {}) const {
    Verdict it;
    it.at = now_;
    it.confidence = confidence;
    it.culprits = culprits;
    it.proven = proven;
    it.fault = "copied-digest";
    it.text = "eth0: what was found";
    return it;
  }
  std::optional<PreflightOutcome> outcome() const {
    if (!preflight_.result()) return std::nullopt;
    return preflight_.result()->outcome;
  }
  const std::string& text() const { return preflight_.result()->text; }
  void look_until_the_end() {
    for (int i = 0; i < 10'000 && !preflight_.result(); ++i) look();
  }

  TimePoint now_ = TimePoint{} + 1h;
  PreflightView view_;
  Preflight preflight_{true, "eth0", HealerMode::kHeal, 60s, now_};
};

TEST_F(PreflightTest, TrustsWhatCarriesSeveralRoundsWhole) {
  send(0, 0);
  send(2, 200);
  EXPECT_EQ(outcome(), std::nullopt);
  send(2, 200);
  ASSERT_EQ(outcome(), PreflightOutcome::kTrusted);
  EXPECT_EQ(preflight_.result()->valid, 400U);
}

TEST_F(PreflightTest, AcknowledgmentsWithoutCopiesAreNoTrust) {
  send(0, 0);
  send(50, 0);
  EXPECT_EQ(outcome(), std::nullopt);
  look_until_the_end();
  EXPECT_EQ(outcome(), PreflightOutcome::kNotTested);
  EXPECT_THAT(text(), HasSubstr("saw nothing"));
}

TEST_F(PreflightTest, ABlindProbeIsNoTrust) {
  view_.probe_sees = false;
  view_.blindness = "eth0 merges what it receives";
  send(0, 0);
  send(50, 5000);
  EXPECT_EQ(outcome(), std::nullopt);
  look_until_the_end();
  EXPECT_EQ(outcome(), PreflightOutcome::kNotTested);
  EXPECT_THAT(text(), HasSubstr("merges"));
}

TEST_F(PreflightTest, WhatATrialCuredIsHealedOnceItRunsWhole) {
  send(0, 0);
  send(0, 5, 3);
  view_.trial_running = true;
  preflight_.concluded(verdict(Confidence::kMitigated, {}));
  send(20, 2000);
  EXPECT_EQ(outcome(), std::nullopt) << "knobs are still being turned";
  view_.trial_running = false;
  preflight_.concluded(verdict(Confidence::kProven, {Knob::kTso}, {Knob::kTso}));
  send(1, 100);
  EXPECT_EQ(outcome(), std::nullopt) << "what went through in the trial does not count";
  send(5, 500);
  ASSERT_EQ(outcome(), PreflightOutcome::kHealed);
  EXPECT_EQ(preflight_.result()->culprits, Knobs{Knob::kTso});
  EXPECT_EQ(preflight_.result()->proven, Knobs{Knob::kTso});
  EXPECT_THAT(text(), HasSubstr("TSO"));
}

TEST_F(PreflightTest, DamageAfterTheCureIsNotHealed) {
  send(0, 0);
  send(0, 5, 3);
  preflight_.concluded(verdict(Confidence::kProven, {Knob::kTso}, {Knob::kTso}));
  while (!preflight_.result()) send(1, 100, 1);
  EXPECT_EQ(outcome(), PreflightOutcome::kDamaged);
}

TEST_F(PreflightTest, DamageThatNobodyCuredIsNotTrustedWhenItIsGone) {
  view_.last_fault = "segment 7: its payload was changed";
  send(0, 0);
  send(1, 100, 1);
  send(10, 1000);
  EXPECT_EQ(outcome(), std::nullopt);
  look_until_the_end();
  EXPECT_EQ(outcome(), PreflightOutcome::kDamaged);
  EXPECT_THAT(text(), HasSubstr("payload was changed"));
}

TEST_F(PreflightTest, WhatNoKnobHealsIsToldSoonAndInTheVerdictsWords) {
  send(0, 0);
  send(0, 0, 5);
  preflight_.concluded(verdict(Confidence::kReported));
  look(1s);
  EXPECT_EQ(outcome(), std::nullopt) << "another fault may come to trial";
  look(Preflight::kLastWord);
  EXPECT_EQ(outcome(), PreflightOutcome::kDamaged);
  EXPECT_EQ(text(), "eth0: what was found");
}

TEST_F(PreflightTest, WhatWasUndecidableMayStillBeHealed) {
  send(0, 0);
  send(0, 0, 5);
  preflight_.concluded(verdict(Confidence::kUndecidable));
  look(10s);
  EXPECT_EQ(outcome(), std::nullopt);
  preflight_.concluded(verdict(Confidence::kSuspected, {Knob::kScatterGather}));
  send(1, 100);
  send(5, 500);
  EXPECT_EQ(outcome(), PreflightOutcome::kHealed);
  EXPECT_THAT(text(), HasSubstr("not all of it proven"));
}

TEST_F(PreflightTest, WatchingTellsWhatWouldBeDone) {
  preflight_ = Preflight(true, "eth0", HealerMode::kWatch, 60s, now_);
  send(0, 0);
  send(0, 0, 5);
  preflight_.concluded(verdict(Confidence::kSuspected));
  look();
  EXPECT_EQ(outcome(), PreflightOutcome::kDamaged);
}

TEST_F(PreflightTest, ATrialIsWaitedForBeyondThePatience) {
  send(0, 0);
  send(0, 0, 5);
  view_.trial_running = true;
  look(100s);
  EXPECT_EQ(outcome(), std::nullopt);
  look(Preflight::kTrialAtMost);
  EXPECT_EQ(outcome(), PreflightOutcome::kDamaged) << "but not for ever";
}

TEST_F(PreflightTest, AProbeThatNeverAcceptsPointsAtItsFirewall) {
  send(0, 3);
  view_.tally.connections = 0;
  look_until_the_end();
  EXPECT_EQ(outcome(), PreflightOutcome::kNotTested);
  EXPECT_THAT(text(), HasSubstr("10179"));
}

TEST_F(PreflightTest, ARefusalIsPassedOn) {
  view_.stream = Stream::kRefused;
  view_.problem = "started with --no-decoys";
  look();
  EXPECT_EQ(outcome(), PreflightOutcome::kNotTested);
  EXPECT_THAT(text(), HasSubstr("--no-decoys"));
}

TEST_F(PreflightTest, AProbeThatSaysNothingIsNotWaitedForForLong) {
  look(Preflight::kAnswerWithin / 2);
  EXPECT_EQ(outcome(), std::nullopt);
  look(Preflight::kAnswerWithin);
  EXPECT_EQ(outcome(), PreflightOutcome::kNotTested);
}

TEST_F(PreflightTest, AProbeThatGoesAwayEndsIt) {
  send(1, 100);
  view_.stream = Stream::kGone;
  look();
  EXPECT_EQ(outcome(), PreflightOutcome::kNotTested);
}

TEST_F(PreflightTest, EachThingIsToldOnce) {
  view_.last_fault = "segment 7: copied";
  send(0, 0);
  for (int i = 0; i < 10; ++i) send(0, 1, 1);
  const auto lines = preflight_.take_lines();
  EXPECT_EQ(lines.size(), 2U) << testing::PrintToString(lines);
  EXPECT_TRUE(preflight_.take_lines().empty());
}

}  // namespace
}  // namespace tw::tcpmd5
