// The machine's timers: connect, connect retry, open hold, hold, keepalive, send hold.
#include "tests/unit/bgpd/session/rig.h"

namespace tw::bgp {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;

auto within_jitter_of(Millis full) { return AllOf(Ge(full * 3 / 4), Le(full)); }

Open with_hold(std::uint16_t hold) {
  Open open = their_open();
  open.hold_time = hold;
  return open;
}

// --- connect (9, 18)

TEST(ConnectTimeout, GivesUpAndSaysWhatSilenceMayMean) {
  SessionConfig config = neighbor_config();
  config.silence_means = "unreachable, or wrong or missing key";
  Rig rig(config);
  rig.start().pass(config.timers.connect_timeout - Millis(1));
  EXPECT_TRUE(rig.actions().empty());
  rig.pass(Millis(1));
  EXPECT_TRUE(rig.did<AbandonConnect>());
  ASSERT_TRUE(rig.did<AttemptFailed>());
  EXPECT_EQ(rig.first<AttemptFailed>()->reason.text,
            "cannot connect: no answer for 10 s (unreachable, or wrong or missing key)");
  EXPECT_EQ(rig.state(), State::kActive);
}
TEST(ConnectTimeout, OfZeroLeavesItToTheKernel) {
  SessionConfig config = neighbor_config();
  config.timers.connect_timeout = Millis(0);
  Rig rig(config);
  rig.start();
  EXPECT_EQ(rig.fsm().deadline(), std::nullopt);
  rig.feed(ConnectFailed{"connection timed out"});
  EXPECT_EQ(rig.state(), State::kActive);
}
TEST(ConnectRetry, FollowsAFailedConnectAfterItsJitteredTime) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SessionConfig config = neighbor_config();
    config.jitter_seed = seed;
    Rig rig(config);
    rig.to(State::kActive);
    EXPECT_THAT(rig.retry_in(), within_jitter_of(config.timers.connect_retry));
    rig.pass(config.timers.connect_retry);
    EXPECT_TRUE(rig.did<Connect>());
    EXPECT_EQ(rig.state(), State::kConnect);
  }
}
TEST(ConnectRetry, NeverGrowsSoThatAPeerThatComesUpIsFoundSoon) {
  Rig rig;
  rig.start();
  for (int i = 0; i < 1000; ++i) {
    rig.feed(ConnectFailed{"connection refused"});
    EXPECT_LE(rig.retry_in(), rig.fsm().state() == State::kActive ? seconds(5) : seconds(0));
    rig.pass(seconds(5));
    ASSERT_TRUE(rig.did<Connect>());
  }
}
TEST(ConnectRetry, OfZeroDoesNotKeepTheThreadBusy) {
  SessionConfig config = neighbor_config();
  config.timers.connect_retry = config.timers.idle_hold_min = config.timers.idle_hold_max = Millis(0);
  Rig rig(config);
  rig.to(State::kActive);
  EXPECT_GE(rig.retry_in(), Millis(100));
  rig.pass(Millis(100)).to_established().feed(Disconnected{kOut, "end"});
  EXPECT_GE(rig.retry_in(), Millis(100));
}
TEST(ConnectRetry, FollowsAConnectionThatEndsBeforeItsOpen) {
  Rig rig;
  rig.to(State::kOpenSent).feed(Disconnected{kOut, "peer closed the connection"});
  EXPECT_EQ(rig.state(), State::kActive);
  EXPECT_THAT(rig.retry_in(), within_jitter_of(seconds(5)));
}
TEST(ConnectRetry, StopsWhenAConnectionIsThere) {
  Rig rig;
  rig.to(State::kActive).feed(Accepted{});
  EXPECT_EQ(rig.fsm().retry_at(), std::nullopt);
}
TEST(ConnectRetry, DoesNotRunWhileAConnectIsUnanswered) {
  Rig rig;
  rig.start().feed(Accepted{}).feed(Disconnected{kIn, "end"});
  EXPECT_EQ(rig.state(), State::kConnect);
  EXPECT_EQ(rig.fsm().retry_at(), std::nullopt);
}
TEST(AConnectThatFailsBesideAnIncomingConnection, IsNoFailure) {
  Rig rig;
  rig.start().feed(Accepted{}).feed(ConnectFailed{"connection refused"});
  EXPECT_TRUE(rig.actions().empty());
  EXPECT_EQ(rig.state(), State::kOpenSent);
}

// --- hold (10)

TEST(HoldTimer, EndsAConnectionOnWhichNoOpenComes) {
  Rig rig;
  rig.to(State::kOpenSent).pass(seconds(60) - Millis(1));
  EXPECT_TRUE(rig.actions().empty());
  rig.pass(Millis(1));
  EXPECT_THAT(rig.notification(kOut), Says(ErrorCode::kHoldTimerExpired, 0));
  EXPECT_EQ(rig.why(), "hold timer expired: no OPEN received for 60 s in OpenSent");
}
TEST(HoldTimer, EndsAConnectionOnWhichNoKeepaliveFollowsTheOpen) {
  Rig rig;
  rig.to_open_confirm(kOut, with_hold(9)).pass(seconds(9));
  EXPECT_THAT(rig.notification(kOut), Says(ErrorCode::kHoldTimerExpired, 0));
  EXPECT_EQ(rig.why(), "hold timer expired: nothing received for 9 s in OpenConfirm");
}
TEST(HoldTimer, EndsASilentSession) {
  Rig rig;
  rig.to(State::kEstablished).pass(seconds(90) - Millis(1));
  EXPECT_FALSE(rig.did<SessionDown>());
  rig.pass(Millis(1));
  EXPECT_THAT(rig.notification(kOut), Says(ErrorCode::kHoldTimerExpired, 0));
  ASSERT_TRUE(rig.did<SessionDown>());
  EXPECT_EQ(rig.first<SessionDown>()->reason.text, "hold timer expired: nothing received for 90 s");
}
TEST(HoldTimer, IsTheNegotiatedOne) {
  Rig rig;
  rig.to_established(kOut, with_hold(3)).pass(seconds(3));
  EXPECT_TRUE(rig.did<SessionDown>());
}
TEST(HoldTimer, RestartsWithWhateverIsReceived) {
  const Event heard[] = {KeepaliveReceived{kOut}, UpdateReceived{kOut}, RefreshReceived{kOut}};
  for (const Event& event : heard) {
    Rig rig;
    rig.to(State::kEstablished).pass(seconds(89)).feed(event).pass(seconds(89));
    EXPECT_FALSE(rig.did<SessionDown>()) << to_text(event);
    rig.pass(seconds(1));
    EXPECT_TRUE(rig.did<SessionDown>()) << to_text(event);
  }
}
TEST(HoldTimer, RestartsOnTheHotPathToo) {
  Rig rig;
  rig.to(State::kEstablished).pass(seconds(89));
  rig.fsm().update_received(kOut, rig.now());
  rig.pass(seconds(89));
  EXPECT_FALSE(rig.did<SessionDown>());
  rig.pass(seconds(1));
  EXPECT_TRUE(rig.did<SessionDown>());
}
TEST(HoldTimer, ATickBeforeItsTimeDoesNothing) {
  Rig rig;
  rig.to(State::kEstablished).pass(seconds(5)).feed(Tick{});
  EXPECT_TRUE(rig.actions().empty());
}
TEST(HoldTimer, WhatWasReceivedBeforeALateTickCounts) {
  Rig rig;
  rig.to(State::kEstablished).pass_unwatched(seconds(200));
  rig.fsm().update_received(kOut, rig.now());
  rig.feed(Tick{});
  EXPECT_FALSE(rig.did<SessionDown>());
}
TEST(HoldTimeZero, NoTimerRunsInTheSession) {
  Rig rig;
  rig.to_established(kOut, with_hold(0));
  EXPECT_EQ(rig.fsm().deadline(), std::nullopt);
  rig.pass(minutes(6000));
  EXPECT_TRUE(rig.actions().empty());
  EXPECT_EQ(rig.state(), State::kEstablished);
}
TEST(HoldTimeZero, APeerThatFallsSilentBeforeTheSessionIsUpIsGivenUp) {
  Rig rig;
  rig.to_open_confirm(kOut, with_hold(0)).pass(seconds(60));
  EXPECT_THAT(rig.notification(kOut), Says(ErrorCode::kHoldTimerExpired, 0));
}

// --- keepalive (11)

TEST(Keepalive, IsSentEveryThirdOfTheHoldTimeWithJitter) {
  Rig rig;
  rig.to(State::kEstablished);
  TimePoint last = rig.now();
  Millis least = Millis::max(), most{0};
  for (int i = 0; i < 300; ++i) {
    while (true) {
      const Millis until = std::chrono::duration_cast<Millis>(*rig.fsm().deadline() - rig.now());
      rig.pass(until);
      if (rig.sent(MessageType::kKeepalive) > 0) break;
    }
    ASSERT_EQ(rig.actions().size(), 1U);
    const Millis gap = std::chrono::duration_cast<Millis>(rig.now() - last);
    ASSERT_THAT(gap, within_jitter_of(seconds(30)));
    least = std::min(least, gap);
    most = std::max(most, gap);
    last = rig.now();
    rig.feed(KeepaliveReceived{kOut});
  }
  EXPECT_LT(least, Millis(23'000));
  EXPECT_GT(most, Millis(29'500));
}
TEST(Keepalive, IsSentInOpenConfirmToo) {
  Rig rig;
  rig.to(State::kOpenConfirm).pass(seconds(30));
  EXPECT_EQ(rig.sent(MessageType::kKeepalive), 1);
  EXPECT_EQ(rig.state(), State::kOpenConfirm);
}
TEST(Keepalive, AnswersTheOpenAtOnce) {
  Rig rig;
  rig.to(State::kOpenConfirm);
  EXPECT_EQ(rig.sent(MessageType::kKeepalive), 1);
}
TEST(Keepalive, AnUpdateSentStandsForOne) {
  Rig rig;
  rig.to(State::kEstablished);
  for (int i = 0; i < 100; ++i) {
    rig.pass(seconds(20));
    EXPECT_EQ(rig.sent(MessageType::kKeepalive), 0);
    rig.fsm().update_sent(kOut, rig.now());
    rig.feed(KeepaliveReceived{kOut});
  }
  rig.pass(seconds(30));
  EXPECT_EQ(rig.sent(MessageType::kKeepalive), 1);
}

// --- send hold (RFC 9687)

SessionConfig with_send_hold(Millis send_hold) {
  SessionConfig config = neighbor_config();
  config.timers.send_hold = send_hold;
  return config;
}
// Establishes, and keeps the peer's own KEEPALIVEs coming for so long.
void stall(Rig& rig, Millis duration) { rig.feed(SendStalled{kOut}).live(duration, kOut); }

TEST(SendHold, EndsASessionWhosePeerStopsReading) {
  Rig rig(with_send_hold(minutes(8)));
  rig.to(State::kEstablished).feed(SendStalled{kOut});
  rig.live(minutes(8) - seconds(1), kOut);
  EXPECT_EQ(rig.state(), State::kEstablished);
  rig.pass(seconds(1));
  EXPECT_THAT(rig.notification(kOut), Says(ErrorCode::kSendHoldTimerExpired, 0));
  EXPECT_TRUE(rig.did<CloseConnection>());
  EXPECT_EQ(rig.why(), "send hold timer expired: the peer has taken nothing for 480 s");
}
TEST(SendHold, IsAtLeastTwiceTheHoldTime) {
  Rig rig(with_send_hold(seconds(10)));
  rig.to(State::kEstablished).feed(SendStalled{kOut}).live(seconds(180) - seconds(1), kOut);
  EXPECT_EQ(rig.state(), State::kEstablished);
  rig.pass(seconds(1));
  EXPECT_TRUE(rig.did<SessionDown>());
}
TEST(SendHold, StopsWithProgress) {
  Rig rig(with_send_hold(seconds(180)));
  rig.to(State::kEstablished).feed(SendStalled{kOut});
  rig.live(seconds(179), kOut).feed(SendProgress{kOut}).live(minutes(60), kOut);
  EXPECT_EQ(rig.state(), State::kEstablished);
}
TEST(SendHold, ProgressAndAnotherStallRestartIt) {
  Rig rig(with_send_hold(seconds(180)));
  rig.to(State::kEstablished).feed(SendStalled{kOut});
  rig.live(seconds(179), kOut).feed(SendProgress{kOut}).feed(SendStalled{kOut}).live(seconds(179), kOut);
  EXPECT_EQ(rig.state(), State::kEstablished);
  rig.pass(seconds(1));
  EXPECT_EQ(rig.state(), State::kIdle);
}
TEST(SendHold, TellingTheSameStallAgainDoesNotRestartIt) {
  Rig rig(with_send_hold(seconds(180)));
  rig.to(State::kEstablished).feed(SendStalled{kOut});
  for (int i = 0; i < 8; ++i) rig.live(seconds(20), kOut).feed(SendStalled{kOut});
  rig.pass(seconds(20));
  EXPECT_TRUE(rig.did<SessionDown>());
}
TEST(SendHold, OfZeroNeverEnds) {
  Rig rig(with_send_hold(Millis(0)));
  rig.to(State::kEstablished);
  stall(rig, minutes(600));
  EXPECT_EQ(rig.state(), State::kEstablished);
}
TEST(SendHold, DoesNotRunWithAHoldTimeOfZero) {
  Rig rig(with_send_hold(minutes(8)));
  rig.to_established(kOut, with_hold(0)).feed(SendStalled{kOut});
  EXPECT_EQ(rig.fsm().deadline(), std::nullopt);
}
TEST(SendHold, CountsFromEstablishedAtTheEarliest) {
  Rig rig(with_send_hold(seconds(180)));
  rig.to(State::kOpenConfirm).feed(SendStalled{kOut}).pass(seconds(60));
  rig.feed(KeepaliveReceived{kOut}).live(seconds(179), kOut);
  EXPECT_EQ(rig.state(), State::kEstablished);
}

}  // namespace
}  // namespace tw::bgp
