#include "tcpmd5/diagnosis/diagnosis.h"

#include <gtest/gtest.h>

#include <set>

namespace tw::tcpmd5::testing {
namespace {

using namespace std::chrono_literals;

class DiagnosisTest : public ::testing::Test {
 protected:
  void damage(FaultClass fault, std::size_t payload = 1000, std::uint8_t flags = tcp_flag::kAck) {
    Finding finding = made(fault, payload, flags);
    diagnosis_.found(finding, now_);
    now_ += 10ms;
  }
  void valid(std::size_t payload = 1000, std::uint8_t flags = tcp_flag::kAck) {
    damage(FaultClass::kNone, payload, flags);
  }
  Finding made(FaultClass fault, std::size_t payload = 1000, std::uint8_t flags = tcp_flag::kAck) const {
    Finding finding;
    finding.fault = fault;
    finding.at = finding.sent_at = now_;
    finding.remote = boost::asio::ip::make_address("192.0.2.1");
    finding.ifindex = 7;
    finding.payload_size = payload;
    finding.flags = flags;
    finding.sequence = static_cast<std::uint32_t>(now_.time_since_epoch() / 1ms);
    finding.text = "what was seen";
    return finding;
  }

  TimePoint now_ = TimePoint{} + 1h;
  // The tap is on a VLAN, device 7, that device 3 carries.
  Diagnosis diagnosis_{
      [](unsigned, const boost::asio::ip::address&) { return LowestDevice{.ifindex = 3, .name = "eth0"}; }};
};

TEST_F(DiagnosisTest, DamageThatAlwaysHappensIsSuspectedAtTheSecondSegment) {
  damage(FaultClass::kCopiedDigest);
  EXPECT_TRUE(diagnosis_.take().suspicions.empty());
  damage(FaultClass::kCopiedDigest);
  const Conclusions conclusions = diagnosis_.take();
  ASSERT_EQ(conclusions.suspicions.size(), 1U);
  const Suspicion& suspicion = conclusions.suspicions[0];
  EXPECT_EQ(suspicion.ifindex, 3U);
  EXPECT_EQ(suspicion.fault, "copied-digest");
  EXPECT_TRUE(suspicion.plan.steps.front().has(Knob::kTso));
  EXPECT_GT(suspicion.plan.kind.failure_rate, 0.7);
}

TEST_F(DiagnosisTest, TheRateOfRareDamageIsTakenFromWhatGotThrough) {
  for (int i = 0; i < 4; ++i) {
    damage(FaultClass::kCopiedDigest);
    for (int k = 0; k < 9; ++k) valid();
  }
  const Conclusions conclusions = diagnosis_.take();
  ASSERT_EQ(conclusions.suspicions.size(), 1U);
  EXPECT_NEAR(conclusions.suspicions[0].plan.kind.failure_rate, 0.1, 0.05);
}

TEST_F(DiagnosisTest, WhatGotThroughWhileTheFirstDamageWasStillBeingJudgedCounts) {
  Finding first = made(FaultClass::kCopiedDigest);
  now_ += 10ms;
  for (int k = 0; k < 9; ++k) valid();
  diagnosis_.found(first, now_);
  for (int i = 0; i < 3; ++i) damage(FaultClass::kCopiedDigest);
  const Conclusions conclusions = diagnosis_.take();
  ASSERT_FALSE(conclusions.suspicions.empty());
  EXPECT_LT(conclusions.suspicions[0].plan.kind.failure_rate, 0.35);
}

TEST_F(DiagnosisTest, WhatGotThroughBeforeTheDamageBeganDoesNotCount) {
  for (int k = 0; k < 50; ++k) valid();
  damage(FaultClass::kCopiedDigest);
  damage(FaultClass::kCopiedDigest);
  const Conclusions conclusions = diagnosis_.take();
  ASSERT_EQ(conclusions.suspicions.size(), 1U);
  EXPECT_GT(conclusions.suspicions[0].plan.kind.failure_rate, 0.7);
}

TEST_F(DiagnosisTest, ARetransmissionThatFailsLikeTheFirstSaysLittleOfOtherSegments) {
  Finding finding = made(FaultClass::kPayloadChanged);
  for (int i = 0; i < 10; ++i) diagnosis_.found(finding, now_);
  for (const Suspicion& suspicion : diagnosis_.take().suspicions) EXPECT_LE(suspicion.plan.kind.failure_rate, 0.75);
}

TEST_F(DiagnosisTest, SmallerSegmentsThatPassSayNothingOfLargeOnes) {
  damage(FaultClass::kPayloadChanged, 1440);
  for (int i = 0; i < 50; ++i) valid(19);
  damage(FaultClass::kPayloadChanged, 1440);
  const Conclusions conclusions = diagnosis_.take();
  ASSERT_EQ(conclusions.suspicions.size(), 1U);
  EXPECT_EQ(conclusions.suspicions[0].plan.kind.min_payload, 1440U);
  EXPECT_GT(conclusions.suspicions[0].plan.kind.failure_rate, 0.7);
}

TEST_F(DiagnosisTest, SoftwareCausesAreToldAndNothingIsTried) {
  for (const FaultClass fault : {FaultClass::kSignedUncut, FaultClass::kSentUnsigned, FaultClass::kUnsignedReset}) {
    damage(fault);
    const Conclusions conclusions = diagnosis_.take();
    EXPECT_TRUE(conclusions.suspicions.empty());
    ASSERT_EQ(conclusions.verdicts.size(), 1U);
    EXPECT_EQ(conclusions.verdicts[0].fault, name_of(fault));
    EXPECT_EQ(conclusions.verdicts[0].confidence, Confidence::kReported);
  }
}

TEST_F(DiagnosisTest, TheSameIsNotToldAgainForAWhile) {
  for (int i = 0; i < 100; ++i) damage(FaultClass::kSignedUncut);
  EXPECT_EQ(diagnosis_.take().verdicts.size(), 1U);
  now_ += Diagnosis::kTellAgain;
  damage(FaultClass::kSignedUncut);
  EXPECT_EQ(diagnosis_.take().verdicts.size(), 1U);
}

TEST_F(DiagnosisTest, ShiftedSequenceNumbersThatNoKnobHealsAreAFirewalls) {
  for (int i = 0; i < 2; ++i) {
    Finding finding = made(FaultClass::kHeaderRewritten);
    finding.fields = {HeaderField::kSequence};
    finding.sequence_shift = 123456;
    diagnosis_.found(finding, now_);
  }
  const Conclusions conclusions = diagnosis_.take();
  ASSERT_EQ(conclusions.suspicions.size(), 1U);
  EXPECT_NE(conclusions.suspicions[0].unhealed.find("randomises sequence numbers"), std::string::npos);
}

TEST_F(DiagnosisTest, ARewrittenAddressIsAddressTranslation) {
  for (int i = 0; i < 4; ++i) {
    Finding finding = made(FaultClass::kHeaderRewritten);
    finding.fields = {HeaderField::kSourceAddress};
    diagnosis_.found(finding, now_);
  }
  const Conclusions conclusions = diagnosis_.take();
  EXPECT_TRUE(conclusions.suspicions.empty());
  ASSERT_EQ(conclusions.verdicts.size(), 1U);
  EXPECT_NE(conclusions.verdicts[0].text.find("NAT"), std::string::npos);
}

TEST_F(DiagnosisTest, FlagsThatAreRewrittenMayBeAnOffload) {
  for (int i = 0; i < 2; ++i) {
    Finding finding = made(FaultClass::kHeaderRewritten);
    finding.fields = {HeaderField::kFlags};
    diagnosis_.found(finding, now_);
  }
  EXPECT_EQ(diagnosis_.take().suspicions.size(), 1U);
}

TEST_F(DiagnosisTest, LossAndStrangersStartNoTrial) {
  for (int i = 0; i < 1000; ++i) damage(FaultClass::kLost);
  for (int i = 0; i < 1000; ++i) damage(FaultClass::kInjected);
  const Conclusions conclusions = diagnosis_.take();
  EXPECT_TRUE(conclusions.suspicions.empty());
  EXPECT_EQ(conclusions.verdicts.size(), 2U);
}

TEST_F(DiagnosisTest, WhatAVantageSeesToBeValidIsRefusedBeyondIt) {
  valid();
  Stuck stuck;
  stuck.refusal = Refusal::kFrozen;
  stuck.flow.remote = boost::asio::ip::make_address("192.0.2.1");
  diagnosis_.stuck(stuck, now_);
  Conclusions conclusions = diagnosis_.take();
  EXPECT_TRUE(conclusions.suspicions.empty());
  ASSERT_EQ(conclusions.verdicts.size(), 1U);
  EXPECT_NE(conclusions.verdicts[0].text.find("beyond"), std::string::npos);
}

TEST_F(DiagnosisTest, WhatNeitherTheVantageNorThePeerGetsIsTried) {
  valid();
  damage(FaultClass::kLost);
  Stuck stuck;
  stuck.refusal = Refusal::kFrozen;
  stuck.flow.remote = boost::asio::ip::make_address("192.0.2.1");
  diagnosis_.stuck(stuck, now_);
  const Conclusions conclusions = diagnosis_.take();
  ASSERT_EQ(conclusions.suspicions.size(), 1U);
  EXPECT_EQ(conclusions.suspicions[0].plan.judge, Judge::kAcceptance);
}

TEST_F(DiagnosisTest, WhatIsRefusedForItsBadReferenceCopyIsNotTried) {
  damage(FaultClass::kSignedUncut);
  Stuck stuck;
  stuck.refusal = Refusal::kFrozen;
  stuck.flow.remote = boost::asio::ip::make_address("192.0.2.1");
  diagnosis_.stuck(stuck, now_ + 2s);
  EXPECT_TRUE(diagnosis_.take().suspicions.empty());
}

TEST_F(DiagnosisTest, RepetitionsAloneAreUndecidableAndNothingIsTried) {
  Stuck stuck;
  stuck.refusal = Refusal::kLossy;
  stuck.flow.remote = boost::asio::ip::make_address("192.0.2.1");
  for (int i = 0; i < 3; ++i) diagnosis_.stuck(stuck, now_);
  const Conclusions conclusions = diagnosis_.take();
  EXPECT_TRUE(conclusions.suspicions.empty());
  ASSERT_EQ(conclusions.verdicts.size(), 1U);
  EXPECT_EQ(conclusions.verdicts[0].confidence, Confidence::kUndecidable);
}

TEST_F(DiagnosisTest, RepetitionsAfterAFaultAreItsTraces) {
  Stuck stuck;
  stuck.refusal = Refusal::kFrozen;
  stuck.flow.remote = boost::asio::ip::make_address("192.0.2.1");
  diagnosis_.stuck(stuck, now_);
  diagnosis_.take();
  stuck.refusal = Refusal::kLossy;
  diagnosis_.stuck(stuck, now_ + 30s);
  EXPECT_TRUE(diagnosis_.take().verdicts.empty());
}

TEST_F(DiagnosisTest, WhereAVantageSeesDamageAcknowledgmentsAreNotAsked) {
  damage(FaultClass::kChecksumWrong);
  Stuck stuck;
  stuck.flow.remote = boost::asio::ip::make_address("192.0.2.1");
  diagnosis_.stuck(stuck, now_);
  const Conclusions conclusions = diagnosis_.take();
  EXPECT_TRUE(conclusions.suspicions.empty());
  EXPECT_TRUE(conclusions.verdicts.empty());
}

TEST_F(DiagnosisTest, AStuckFlowWithoutVantageIsTriedWithAllKnobsAtOnce) {
  Stuck stuck;
  stuck.refusal = Refusal::kFrozen;
  stuck.flow.remote = boost::asio::ip::make_address("192.0.2.1");
  diagnosis_.stuck(stuck, now_);
  const Conclusions conclusions = diagnosis_.take();
  ASSERT_EQ(conclusions.suspicions.size(), 1U);
  EXPECT_EQ(conclusions.suspicions[0].plan.steps.size(), 1U);
  EXPECT_EQ(conclusions.suspicions[0].plan.steps[0], kSendingKnobs);
  EXPECT_EQ(conclusions.suspicions[0].plan.judge, Judge::kAcceptance);
}

TEST_F(DiagnosisTest, AKeyThatWasRightBeforeIsToldAsChanged) {
  diagnosis_.received_valid(7, boost::asio::ip::make_address("192.0.2.1"), 5, now_);
  for (int i = 0; i < 3; ++i) damage(FaultClass::kReceivedWrongKey);
  const Conclusions conclusions = diagnosis_.take();
  ASSERT_EQ(conclusions.verdicts.size(), 1U);
  EXPECT_NE(conclusions.verdicts[0].text.find("in order before"), std::string::npos);
}

TEST_F(DiagnosisTest, MergedArrivalsTurnTheReceivingKnobs) {
  damage(FaultClass::kReceivedMerged);
  damage(FaultClass::kReceivedMerged);
  const Conclusions conclusions = diagnosis_.take();
  ASSERT_EQ(conclusions.suspicions.size(), 1U);
  EXPECT_EQ(conclusions.suspicions[0].plan.judge, Judge::kReceived);
  for (const Knobs step : conclusions.suspicions[0].plan.steps) EXPECT_TRUE(step.without(kReceivingKnobs).empty());
}

// The peer may acknowledge segments that a vantage shows as damaged.
class ContradictionTest : public DiagnosisTest {
 protected:
  ContradictionTest() {
    diagnosis_ =
        Diagnosis([](unsigned, const boost::asio::ip::address&) { return LowestDevice{.ifindex = 3, .name = "eth0"}; },
                  [this](const FlowId&, std::uint32_t sequence) {
                    if (again_.contains(sequence)) return Diagnosis::Fate::kSentAgain;
                    return taken_.contains(sequence) ? Diagnosis::Fate::kTaken : Diagnosis::Fate::kUnknown;
                  });
  }
  void damage_twice(FaultClass fault, bool peer_takes_them) {
    for (int i = 0; i < 2; ++i) {
      if (peer_takes_them) taken_.insert(made(fault).sequence);
      damage(fault);
    }
  }
  Conclusions after_the_wait() {
    now_ += Diagnosis::kAnswerBy;
    diagnosis_.tick(now_);
    return diagnosis_.take();
  }
  std::set<std::uint32_t> taken_, again_;
};

TEST_F(ContradictionTest, DamageThatThePeerTakesIsTheVantages) {
  for (const FaultClass fault : {FaultClass::kPayloadChanged, FaultClass::kOptionStripped, FaultClass::kOptionRebuilt,
                                 FaultClass::kHeaderRewritten, FaultClass::kChecksumWrong}) {
    damage_twice(fault, true);
    const Conclusions conclusions = after_the_wait();
    EXPECT_TRUE(conclusions.suspicions.empty()) << name_of(fault);
    ASSERT_EQ(conclusions.verdicts.size(), 1U) << name_of(fault);
    EXPECT_NE(conclusions.verdicts[0].text.find("the vantage shows them wrong"), std::string::npos);
  }
}

TEST_F(ContradictionTest, DamageThatThePeerDoesNotTakeIsTriedAfterAMoment) {
  damage_twice(FaultClass::kPayloadChanged, false);
  EXPECT_TRUE(diagnosis_.take().suspicions.empty());
  EXPECT_LE(diagnosis_.deadline(), now_ + Diagnosis::kAnswerBy);
  const Conclusions conclusions = after_the_wait();
  EXPECT_EQ(conclusions.suspicions.size(), 1U);
  EXPECT_TRUE(conclusions.verdicts.empty());
  EXPECT_EQ(diagnosis_.deadline(), TimePoint::max());
}

TEST_F(ContradictionTest, DamageThatHadToBeSentAgainIsTriedSoon) {
  for (int i = 0; i < 2; ++i) {
    again_.insert(made(FaultClass::kPayloadChanged).sequence);
    damage(FaultClass::kPayloadChanged);
  }
  now_ += Diagnosis::kLookAgain;
  diagnosis_.tick(now_);
  EXPECT_EQ(diagnosis_.take().suspicions.size(), 1U);
}

TEST_F(ContradictionTest, AnAnswerThatTakesItsTimeIsWaitedFor) {
  damage_twice(FaultClass::kPayloadChanged, false);
  now_ += Diagnosis::kAnswerBy / 2;
  diagnosis_.tick(now_);
  const Conclusions early = diagnosis_.take();
  EXPECT_TRUE(early.suspicions.empty());
  for (std::uint32_t back = 0; back < 2000; ++back) taken_.insert(made(FaultClass::kNone).sequence - back);
  now_ += Diagnosis::kLookAgain;
  diagnosis_.tick(now_);
  EXPECT_EQ(diagnosis_.take().verdicts.size(), 1U);
}

TEST_F(ContradictionTest, WhatIsDamagedNowAndThenIsTriedThoughThePeerTakesTheRest) {
  taken_.insert(made(FaultClass::kChecksumWrong).sequence);
  for (int i = 0; i < 6; ++i) damage(FaultClass::kChecksumWrong);
  EXPECT_EQ(after_the_wait().suspicions.size(), 1U);
}

TEST_F(ContradictionTest, CopiedDigestsAreTriedAtOnceBecauseAPeerThatMergesTakesThem) {
  damage_twice(FaultClass::kCopiedDigest, true);
  EXPECT_EQ(diagnosis_.take().suspicions.size(), 1U);
}

}  // namespace
}  // namespace tw::tcpmd5::testing
