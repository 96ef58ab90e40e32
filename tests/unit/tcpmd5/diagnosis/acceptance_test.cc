#include "tcpmd5/diagnosis/acceptance.h"

#include "tests/unit/tcpmd5/diagnosis/conversation.h"

#include <gtest/gtest.h>

namespace tw::tcpmd5::testing {
namespace {

using namespace std::chrono_literals;

class AcceptanceTest : public ::testing::Test {
 protected:
  // The first transmission and its repetitions, at doubling intervals as TCP does it; what came up in all.
  AcceptanceNews send_in_vain(std::uint32_t sequence, std::size_t octets, int times,
                              std::uint8_t flags = tcp_flag::kAck) {
    AcceptanceNews all;
    auto gap = 200ms;
    for (int i = 0; i < times; ++i) {
      tcp_.send(sequence, octets, flags);
      collect(all, tcp_.pass(gap));
      gap *= 2;
    }
    return all;
  }
  static void collect(AcceptanceNews& all, AcceptanceNews news) {
    all.outcomes.insert(all.outcomes.end(), news.outcomes.begin(), news.outcomes.end());
    all.stuck.insert(all.stuck.end(), news.stuck.begin(), news.stuck.end());
  }

  Acceptance acceptance_;
  Conversation tcp_{acceptance_};
};

TEST_F(AcceptanceTest, WhatIsAcknowledgedAtOnceGotThrough) {
  tcp_.send(1000, 100);
  tcp_.answer(1100);
  const AcceptanceNews news = tcp_.pass(1ms);
  ASSERT_EQ(news.outcomes.size(), 1U);
  EXPECT_TRUE(news.outcomes[0].outcome.good);
  EXPECT_EQ(news.outcomes[0].outcome.payload, 100U);
  EXPECT_TRUE(news.stuck.empty());
}

TEST_F(AcceptanceTest, ALivingPeerThatAcknowledgesNothingIsFrozen) {
  send_in_vain(1000, 100, 2);
  tcp_.answer(1000);
  const AcceptanceNews news = send_in_vain(1000, 100, 2);
  ASSERT_EQ(news.stuck.size(), 1U);
  EXPECT_EQ(news.stuck[0].refusal, Refusal::kFrozen);
  EXPECT_EQ(news.stuck[0].kind.min_payload, 100U);
}

TEST_F(AcceptanceTest, APeerThatIsSilentHereButAliveBesideIsFrozenALittleLater) {
  Conversation beside(acceptance_);  // another connection of the same peer
  beside.our_port = 50000;
  send_in_vain(1000, 100, 2);
  beside.now = tcp_.now;
  beside.answer(0, false, 1000, tcp_flag::kSyn);
  EXPECT_TRUE(send_in_vain(1000, 100, 1).stuck.empty());
  EXPECT_EQ(send_in_vain(1000, 100, 2).stuck.size(), 1U);
}

TEST_F(AcceptanceTest, ADeadPeerIsNotStuck) {
  tcp_.answer(1000);
  tcp_.pass(10ms);
  EXPECT_TRUE(send_in_vain(1000, 100, 8).stuck.empty());
}

TEST_F(AcceptanceTest, AClosedWindowIsNoRefusal) {
  send_in_vain(1000, 100, 2);
  tcp_.answer(1000, false, 0);
  EXPECT_TRUE(send_in_vain(1000, 100, 6).stuck.empty());
}

TEST_F(AcceptanceTest, ARouterThatComplainsExplainsIt) {
  send_in_vain(1000, 1440, 2);
  tcp_.answer(1000);
  acceptance_.too_big(tcp_.peer, tcp_.now);
  EXPECT_TRUE(send_in_vain(1000, 1440, 6).stuck.empty());
}

TEST_F(AcceptanceTest, WhereLaterOctetsArriveAFirstTryWasLost) {
  tcp_.send(1000, 100);
  tcp_.send(1100, 100);
  tcp_.answer(1000, true);
  EXPECT_TRUE(tcp_.pass(500ms).outcomes.empty());
  tcp_.send(1000, 100);
  tcp_.answer(1200);
  for (const FlowOutcome& outcome : tcp_.pass(1ms).outcomes) EXPECT_TRUE(outcome.outcome.good);
}

TEST_F(AcceptanceTest, WhatFailsAgainAndAgainIsStuckThoughLaterOctetsArrive) {
  tcp_.send(1000, 1440);
  tcp_.send(2440, 100);
  tcp_.pass(300ms);
  tcp_.answer(1000, true);
  EXPECT_TRUE(send_in_vain(1000, 1440, 2).stuck.empty());
  EXPECT_EQ(send_in_vain(1000, 1440, 4).stuck.size(), 1U);
}

TEST_F(AcceptanceTest, ARetransmissionThatGetsThroughIsNotCountedAsGood) {
  tcp_.send(1000, 100);
  tcp_.pass(200ms);
  tcp_.send(1000, 100);
  tcp_.answer(1100);
  const AcceptanceNews news = tcp_.pass(1ms);
  ASSERT_EQ(news.outcomes.size(), 1U);
  EXPECT_FALSE(news.outcomes[0].outcome.good);
}

TEST_F(AcceptanceTest, SegmentsThatAllNeedASecondTryTrickle) {
  AcceptanceNews all;
  for (std::uint32_t i = 0; i < 10; ++i) {
    tcp_.send(1000 + 100 * i, 100);
    collect(all, tcp_.pass(210ms));
    tcp_.send(1000 + 100 * i, 100);
    tcp_.answer(1100 + 100 * i);
    collect(all, tcp_.pass(100ms));
  }
  ASSERT_EQ(all.stuck.size(), 1U);
  EXPECT_EQ(all.stuck[0].refusal, Refusal::kTrickle);
  EXPECT_FALSE(all.stuck[0].kind.bursts_only);
  EXPECT_GT(all.stuck[0].kind.failure_rate, 0.7);
}

TEST_F(AcceptanceTest, BurstsThatFailWhereSingleSegmentsPassTrickle) {
  AcceptanceNews all;
  std::uint32_t next = 1000;
  for (int i = 0; i < 10; ++i) {
    tcp_.send(next, 1000);
    tcp_.send(next + 1000, 1000);
    tcp_.answer(next + 1000);
    collect(all, tcp_.pass(210ms));
    tcp_.send(next + 1000, 1000);
    tcp_.answer(next + 2000);
    collect(all, tcp_.pass(100ms));
    next += 2000;
  }
  ASSERT_EQ(all.stuck.size(), 1U);
  EXPECT_TRUE(all.stuck[0].kind.bursts_only);
}

TEST_F(AcceptanceTest, WhereOneInTenMustBeSentAgainItIsLossyAndToldOnce) {
  AcceptanceNews all;
  std::uint32_t at = 1000;
  for (int i = 0; i < 300; ++i, at += 100) {
    tcp_.send(at, 100);
    if (i % 10 == 0) tcp_.send(at, 100);
    tcp_.answer(at + 100);
    collect(all, tcp_.pass(60ms));
  }
  ASSERT_EQ(all.stuck.size(), 1U);
  EXPECT_EQ(all.stuck[0].refusal, Refusal::kLossy);
}

TEST_F(AcceptanceTest, WhereOneInFiftyMustBeSentAgainThatIsOrdinaryLoss) {
  AcceptanceNews all;
  std::uint32_t at = 1000;
  for (int i = 0; i < 1000; ++i, at += 100) {
    tcp_.send(at, 100);
    if (i % 50 == 0) tcp_.send(at, 100);
    tcp_.answer(at + 100);
    collect(all, tcp_.pass(60ms));
  }
  EXPECT_TRUE(all.stuck.empty());
}

TEST_F(AcceptanceTest, OurSynThatALivingPeerDoesNotAnswerIsNeverUp) {
  Conversation theirs(acceptance_);  // another connection of the same peer
  theirs.our_port = 50000;
  tcp_.send(7, 0, tcp_flag::kSyn);
  tcp_.pass(500ms);
  theirs.now = tcp_.now;
  theirs.answer(0, false, 1000, tcp_flag::kSyn);
  tcp_.pass(500ms);
  tcp_.send(7, 0, tcp_flag::kSyn);
  const AcceptanceNews news = tcp_.pass(500ms);
  ASSERT_EQ(news.stuck.size(), 1U);
  EXPECT_EQ(news.stuck[0].refusal, Refusal::kNeverUp);
}

TEST_F(AcceptanceTest, OurSynToAnybodyElseIsJustUnanswered) {
  EXPECT_TRUE(send_in_vain(7, 0, 6, tcp_flag::kSyn).stuck.empty());
}

TEST_F(AcceptanceTest, WhatWasAcknowledgedAfterOneTransmissionWasTakenAtFirst) {
  const FlowId flow{tcp_.us, tcp_.peer, tcp_.our_port, 179};
  EXPECT_FALSE(acceptance_.was_taken_at_first(flow, 1000)) << "nothing is known of this flow";
  tcp_.send(1000, 100);
  EXPECT_FALSE(acceptance_.was_taken_at_first(flow, 1000)) << "not acknowledged yet";
  tcp_.answer(1100);
  tcp_.send(1100, 100);
  tcp_.send(1100, 100);
  tcp_.answer(1200);
  tcp_.send(1200, 100);
  tcp_.answer(1300);
  EXPECT_FALSE(acceptance_.was_taken_at_first(flow, 999)) << "before what was seen";
  EXPECT_TRUE(acceptance_.was_taken_at_first(flow, 1000));
  EXPECT_TRUE(acceptance_.was_taken_at_first(flow, 1099));
  EXPECT_FALSE(acceptance_.was_taken_at_first(flow, 1100)) << "sent twice";
  EXPECT_TRUE(acceptance_.was_taken_at_first(flow, 1200));
  EXPECT_FALSE(acceptance_.was_taken_at_first(flow, 1300));
}

TEST_F(AcceptanceTest, SequenceNumbersWrap) {
  tcp_.send(0xffffff00, 512);
  tcp_.answer(256);
  const AcceptanceNews news = tcp_.pass(1ms);
  ASSERT_EQ(news.outcomes.size(), 1U);
  EXPECT_TRUE(news.outcomes[0].outcome.good);
}

TEST_F(AcceptanceTest, AResetForgetsTheConnection) {
  send_in_vain(1000, 100, 2);
  tcp_.answer(1000, false, 1000, tcp_flag::kRst);
  EXPECT_TRUE(tcp_.pass(10s).stuck.empty());
  EXPECT_EQ(acceptance_.next_due(), TimePoint::max());
}

TEST_F(AcceptanceTest, BareAcknowledgmentsAwaitNothing) {
  tcp_.send(1000, 0);
  EXPECT_EQ(acceptance_.next_due(), TimePoint::max());
}

}  // namespace
}  // namespace tw::tcpmd5::testing
