// Idle hold: how a failing peer is damped, and how one that returns is not kept waiting (RFC 4271 §8.1.1).
#include "tests/unit/bgpd/session/rig.h"

#include <set>

namespace tw::bgp {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;

auto within_jitter_of(Millis full) { return AllOf(Ge(full * 3 / 4), Le(full)); }

// Lets time pass until the machine connects again.
Rig& until_connect(Rig& rig) {
  if (rig.fsm().admin_down()) rig.start();
  while (rig.state() != State::kConnect && rig.fsm().retry_at()) rig.pass(rig.retry_in());
  EXPECT_EQ(rig.state(), State::kConnect);
  return rig;
}
// Sessions that come up and go down, one after the other.
Rig& flap(Rig& rig, int times) {
  for (int i = 0; i < times; ++i) until_connect(rig).to_established().feed(Disconnected{kOut, "end"});
  return rig;
}

// Idle hold of one failure after another, as `fail` makes them.
template <class Fail>
void expect_growth(Fail fail, std::initializer_list<int> expected_seconds) {
  Rig rig;
  rig.start();
  for (const int expected : expected_seconds) {
    fail(rig);
    ASSERT_EQ(rig.state(), State::kIdle);
    EXPECT_THAT(rig.retry_in(), within_jitter_of(seconds(expected)));
    rig.pass(seconds(expected));
    ASSERT_EQ(rig.state(), State::kConnect);
  }
}

TEST(IdleHold, GrowsWhileSessionsFlap) {
  expect_growth(
      [](Rig& rig) {
        rig.to_established().feed(Disconnected{kOut, "end"});
      },
      {1, 2, 4, 8, 16, 32, 64, 120, 120});
}
TEST(IdleHold, GrowsWhileThePeerIsShutDown) {
  expect_growth(
      [](Rig& rig) {
        rig.to_open_sent().feed(
            NotificationReceived{kOut, shutdown_notification(cease::kAdministrativeShutdown, "maintenance")});
      },
      {1, 2, 4, 8, 16, 32, 64, 120, 120});
}
TEST(IdleHold, GrowsWhileThePeersOpenIsUnacceptable) {
  expect_growth(
      [](Rig& rig) {
        Open open = their_open();
        open.capabilities.families = {};
        rig.to_open_confirm(kOut, open);
        EXPECT_THAT(rig.notification(kOut), Says(ErrorCode::kOpen, open_error::kUnsupportedCapability));
      },
      {1, 2, 4, 8, 16});
}
TEST(IdleHold, IsNotShortenedByASessionThatDoesNotLast) {
  Rig rig;
  until_connect(flap(rig, 2)).to_established().live(minutes(5) - seconds(20), kOut).feed(Disconnected{kOut, "end"});
  EXPECT_THAT(rig.retry_in(), within_jitter_of(seconds(4)));
}
TEST(IdleHold, StartsAfreshAfterASessionThatLasted) {
  Rig rig;
  until_connect(flap(rig, 5)).to_established().live(minutes(5), kOut).feed(Disconnected{kOut, "end"});
  EXPECT_THAT(rig.retry_in(), within_jitter_of(seconds(1)));
}
TEST(IdleHold, OfALongSessionsFirstFailureIsASecondAtMost) {
  Rig rig;
  rig.to_established().live(minutes(600), kOut).feed(Disconnected{kOut, "peer closed the connection"});
  rig.pass(seconds(1));
  EXPECT_TRUE(rig.did<Connect>());
}
TEST(IdleHold, StartsAfreshWhenTheOperatorStartsOrResets) {
  for (const bool reset : {false, true}) {
    Rig rig;
    flap(rig, 5);
    reset ? rig.feed(Reset{}) : rig.feed(Stop{}).start();
    rig.to_established().feed(Disconnected{kOut, "end"});
    EXPECT_THAT(rig.retry_in(), within_jitter_of(seconds(1)));
  }
}
TEST(IdleHold, EndsAtOnceWithStart) {
  Rig rig;
  rig.to_established().feed(Disconnected{kOut, "end"}).start();
  EXPECT_TRUE(rig.did<Connect>());
}

// --- who is refused while Idle, and for how long

TEST(IdleHold, AfterTheFirstFailureThePeerMayComeBackAtOnce) {
  Rig rig;
  rig.to_established().feed(Disconnected{kOut, "end"}).feed(Accepted{});
  EXPECT_TRUE(rig.did<Admit>());
  EXPECT_EQ(rig.state(), State::kOpenSent);
  rig.feed(OpenReceived{kIn, their_open()}).feed(KeepaliveReceived{kIn});
  EXPECT_TRUE(rig.did<SessionUp>());
}
TEST(IdleHold, IsOverOnceThePeerWasAdmitted) {
  Rig rig;
  rig.to_established().feed(Disconnected{kOut, "end"}).feed(Accepted{}).feed(Disconnected{kIn, "end"});
  EXPECT_EQ(rig.state(), State::kActive);
  EXPECT_THAT(rig.retry_in(), within_jitter_of(seconds(5)));
}
TEST(IdleHold, DiffersBetweenSpeakersSoThatTheyDoNotFallIntoStep) {
  std::set<Millis> holds, retries;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SessionConfig config = neighbor_config();
    config.jitter_seed = seed;
    Rig idle(config), active(config);
    idle.to_established().feed(Disconnected{kOut, "end"});
    active.to(State::kActive);
    holds.insert(idle.retry_in());
    retries.insert(active.retry_in());
  }
  EXPECT_GT(holds.size(), 10U);
  EXPECT_GT(retries.size(), 10U);
}
TEST(IdleHold, AFlappingPeerIsRefusedForAllOfItSilently) {
  Rig rig;
  flap(rig, 6);
  const Millis hold = rig.retry_in();
  EXPECT_GE(hold, seconds(24));
  rig.pass(hold - Millis(1)).feed(Accepted{});
  ASSERT_TRUE(rig.did<Refuse>());
  EXPECT_TRUE(rig.first<Refuse>()->message.empty());
}
TEST(IdleHold, APeerWithoutSessionsIsRefusedForAFewSecondsOnly) {
  Rig rig;
  for (int i = 0; i < 9; ++i) {
    until_connect(rig).to_open_sent().feed(NotificationReceived{kOut, {ErrorCode::kCease, 2, {}}});
  }
  EXPECT_GE(rig.retry_in(), seconds(90));
  rig.feed(Accepted{});
  EXPECT_TRUE(rig.did<Refuse>());
  rig.pass(SessionFsm::kMaxRefusal).feed(Accepted{});
  EXPECT_TRUE(rig.did<Admit>());
}
TEST(IdleHold, AfterItThePeerIsAdmitted) {
  Rig rig;
  until_connect(flap(rig, 6)).feed(Accepted{});
  EXPECT_TRUE(rig.did<Admit>());
}

// --- what is no failure

TEST(CollisionResolution, ReceivedWithoutAnotherConnectionIsTriedAgainWithoutDamping) {
  for (int i = 0; i < 3; ++i) {
    Rig rig;
    rig.to_open_sent().feed(NotificationReceived{kOut, {ErrorCode::kCease, cease::kCollisionResolution, {}}});
    EXPECT_EQ(rig.state(), State::kActive);
    EXPECT_THAT(rig.retry_in(), within_jitter_of(seconds(5)));
  }
}
TEST(CollisionResolution, ThatTakesTheSessionIsTriedAgainSoon) {
  Rig rig;
  rig.to_established().feed(NotificationReceived{kOut, {ErrorCode::kCease, cease::kCollisionResolution, {}}});
  EXPECT_TRUE(rig.did<SessionDown>());
  EXPECT_EQ(rig.state(), State::kActive);
  EXPECT_THAT(rig.retry_in(), within_jitter_of(seconds(1)));
}

// --- a failure beside a connect() in progress

TEST(IdleHold, TakesAnUnansweredConnectWithIt) {
  Rig rig;
  Open open = their_open();
  open.as = {65000};
  rig.start().feed(Accepted{}).feed(OpenReceived{kIn, open});
  EXPECT_TRUE(rig.did<AbandonConnect>());
  EXPECT_EQ(rig.state(), State::kIdle);
}
TEST(AFailureOfOneConnection, LeavesTheOtherAlone) {
  Rig rig;
  rig.to_open_sent(kOut)
      .feed(Accepted{})
      .feed(NotificationReceived{kIn, {ErrorCode::kCease, cease::kOutOfResources, {}}});
  EXPECT_TRUE(rig.did<AttemptFailed>());
  EXPECT_EQ(rig.state(), State::kOpenSent);
  rig.feed(OpenReceived{kOut, their_open()}).feed(KeepaliveReceived{kOut});
  EXPECT_EQ(rig.state(), State::kEstablished);
}

// --- a peer that knows no optional parameters (RFC 5492 §3)

TEST(UnsupportedOptionalParameter, IsAnsweredByAnOpenWithoutCapabilities) {
  Rig rig;
  rig.to_open_sent().feed(NotificationReceived{kOut, {ErrorCode::kOpen, open_error::kUnsupportedParameter, {}}});
  rig.pass(seconds(1)).feed(Connected{});
  const Bytes plain = rig.first<Send>()->message;
  EXPECT_EQ(plain.size(), kHeaderSize + 10);
  Open old = their_open();
  old.capabilities = {};
  rig.feed(OpenReceived{kOut, old}).feed(KeepaliveReceived{kOut});
  EXPECT_EQ(rig.fsm().negotiated()->families, only(rib::Family::kIpv4Unicast));
  EXPECT_FALSE(rig.fsm().negotiated()->four_octet_as);
  // The next session is tried with capabilities again: the peer may have been upgraded.
  rig.feed(Reset{}).feed(Connected{});
  EXPECT_GT(rig.first<Send>()->message.size(), kHeaderSize + 10);
}
TEST(UnsupportedOptionalParameter, ChangesNothingWhereWeNeedThem) {
  SessionConfig config = neighbor_config();
  config.capabilities.families = only(rib::Family::kIpv6Unicast);
  Rig rig(config);
  rig.to_open_sent().feed(NotificationReceived{kOut, {ErrorCode::kOpen, open_error::kUnsupportedParameter, {}}});
  rig.pass(seconds(1)).feed(Connected{});
  EXPECT_GT(rig.first<Send>()->message.size(), kHeaderSize + 10);
}

}  // namespace
}  // namespace tw::bgp
