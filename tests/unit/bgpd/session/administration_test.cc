// What the operator does: start, stop, reset, trip, passive, dynamic, reconfigure.
#include "tests/unit/bgpd/session/rig.h"

namespace tw::bgp {
namespace {

using testing::HasSubstr;

SessionConfig passive_config() {
  SessionConfig config = neighbor_config();
  config.passive = true;
  return config;
}
SessionConfig dynamic_config() {
  SessionConfig config = neighbor_config();
  config.dynamic = true;
  config.peer_as = {0};
  config.allowed_as = {{kTheirAs}};
  return config;
}

// --- the way up

TEST(Start, ConnectsAtOnce) {
  Rig rig;
  EXPECT_TRUE(rig.fsm().admin_down());
  rig.start();
  EXPECT_TRUE(rig.did<Connect>());
  EXPECT_FALSE(rig.fsm().admin_down());
}
TEST(Session, ComesUpOverAnOutgoingConnection) {
  Rig rig;
  rig.to(State::kEstablished);
  ASSERT_TRUE(rig.did<SessionUp>());
  EXPECT_EQ(rig.first<SessionUp>()->connection, kOut);
  EXPECT_EQ(rig.first<SessionUp>()->negotiated.hold, seconds(90));
  EXPECT_EQ(rig.first<SessionUp>()->negotiated.received.as.value, kTheirAs);
  EXPECT_EQ(rig.fsm().established(), kOut);
  EXPECT_EQ(rig.fsm().negotiated()->families, both_families());
}
TEST(Session, ComesUpOverAnIncomingConnection) {
  Rig rig(passive_config());
  rig.to_established(kIn);
  EXPECT_EQ(rig.fsm().established(), kIn);
}
TEST(Session, OurOpenIsTheOneConfigured) {
  Rig rig;
  rig.start().feed(Connected{});
  ASSERT_TRUE(rig.did<Send>());
  const Bytes message = rig.first<Send>()->message;
  const auto open = decode_open(ByteView(message).subspan(kHeaderSize));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->as.value, kOurAs);
  EXPECT_EQ(open->identifier, kOurId);
  EXPECT_EQ(open->capabilities.families, both_families());
}
TEST(Passive, NeverConnects) {
  Rig rig(passive_config());
  rig.start().pass(minutes(60));
  EXPECT_TRUE(rig.actions().empty());
  EXPECT_EQ(rig.state(), State::kActive);
}
TEST(Passive, HasNoTimerAfterAConnectionThatCameToNothing) {
  Rig rig(passive_config());
  rig.to_open_sent(kIn).feed(Disconnected{kIn, "peer closed the connection"});
  EXPECT_EQ(rig.state(), State::kActive);
  EXPECT_EQ(rig.fsm().deadline(), std::nullopt);
}
TEST(Passive, WaitsAgainAfterAFailureWithoutConnecting) {
  Rig rig(passive_config());
  rig.to_established(kIn).feed(Disconnected{kIn, "peer closed the connection"});
  EXPECT_EQ(rig.state(), State::kIdle);
  rig.pass(seconds(1));
  EXPECT_EQ(rig.state(), State::kActive);
  EXPECT_FALSE(rig.did<Connect>());
  rig.feed(Accepted{});
  EXPECT_TRUE(rig.did<Admit>());
}

// --- stop (RFC 4486, 9003)

TEST(Stop, SendsTheTextToThePeerAndRemembersIt) {
  Rig rig;
  rig.to(State::kEstablished).feed(Stop{cease::kAdministrativeShutdown, "maintenance until 14:00"});
  ASSERT_THAT(rig.notification(kOut), Says(ErrorCode::kCease, cease::kAdministrativeShutdown));
  EXPECT_EQ(rig.notification(kOut)->shutdown_communication(), "maintenance until 14:00");
  EXPECT_EQ(rig.first<SessionDown>()->reason.text, "sent Cease/Administrative Shutdown: \"maintenance until 14:00\"");
  EXPECT_TRUE(rig.fsm().admin_down());
}
TEST(Stop, ATextGoesOutWithTheAdministrativeSubcodesOnly) {
  Rig rig;
  rig.to(State::kEstablished).feed(Stop{cease::kPeerDeconfigured, "gone"});
  ASSERT_THAT(rig.notification(kOut), Says(ErrorCode::kCease, cease::kPeerDeconfigured));
  EXPECT_TRUE(rig.notification(kOut)->data.empty());
}
TEST(Stop, WithoutConnectionLeavesTheLastReasonStanding) {
  Rig rig;
  rig.to(State::kActive).feed(Stop{});
  EXPECT_EQ(rig.why(), "cannot connect: connection refused");
}
TEST(Stop, LastsUntilStart) {
  Rig rig;
  rig.to(State::kEstablished).feed(Stop{}).pass(minutes(600));
  EXPECT_TRUE(rig.actions().empty());
  EXPECT_EQ(rig.state(), State::kIdle);
  rig.start();
  EXPECT_TRUE(rig.did<Connect>());
}
TEST(Stop, TellsBothConnections) {
  Rig rig;
  rig.to_open_sent(kOut).feed(Accepted{}).feed(Stop{});
  EXPECT_TRUE(rig.notification(kOut));
  EXPECT_TRUE(rig.notification(kIn));
  EXPECT_EQ(rig.all<CloseConnection>().size(), 2U);
}
TEST(Stop, GivesAConnectInProgressUp) {
  Rig rig;
  rig.start().feed(Stop{});
  EXPECT_TRUE(rig.did<AbandonConnect>());
}
TEST(AdminDown, AnIncomingConnectionIsToldThatItIsRejected) {  // RFC 4486 §4
  Rig rig;
  rig.start().feed(Stop{}).feed(Accepted{});
  ASSERT_TRUE(rig.did<Refuse>());
  EXPECT_THAT(std::optional(Rig::parse(rig.first<Refuse>()->message)),
              Says(ErrorCode::kCease, cease::kConnectionRejected));
}
TEST(AdminDown, IsTheStateBeforeTheFirstStart) {
  Rig rig;
  rig.feed(Accepted{});
  EXPECT_TRUE(rig.did<Refuse>());
  EXPECT_EQ(rig.fsm().deadline(), std::nullopt);
}
TEST(AdminDown, AConnectThatSucceedsTooLateIsClosed) {
  Rig rig;
  rig.start().feed(Stop{}).feed(Connected{});
  ASSERT_TRUE(rig.did<CloseConnection>());
  EXPECT_EQ(rig.first<CloseConnection>()->connection, kOut);
  EXPECT_FALSE(rig.did<Send>());
}

// --- reset

TEST(Reset, TearsDownAndConnectsAtOnce) {
  Rig rig;
  rig.to(State::kEstablished).feed(Reset{cease::kAdministrativeReset, "new policy"});
  ASSERT_THAT(rig.notification(kOut), Says(ErrorCode::kCease, cease::kAdministrativeReset));
  EXPECT_EQ(rig.notification(kOut)->shutdown_communication(), "new policy");
  EXPECT_TRUE(rig.did<SessionDown>());
  EXPECT_TRUE(rig.did<Connect>());
  ASSERT_EQ(rig.all<StateChanged>().size(), 2U);
  EXPECT_EQ(rig.all<StateChanged>()[0].to, State::kIdle);
  EXPECT_EQ(rig.all<StateChanged>()[1].to, State::kConnect);
}
TEST(Reset, DoesNotStartWhatIsAdministrativelyDown) {
  Rig rig;
  rig.start().feed(Stop{}).feed(Reset{});
  EXPECT_TRUE(rig.actions().empty());
  EXPECT_TRUE(rig.fsm().admin_down());
}
TEST(Reset, EndsATrip) {
  Rig rig;
  rig.to(State::kEstablished).feed(Trip{}).feed(Reset{});
  EXPECT_TRUE(rig.did<Connect>());
}

// --- trip (maximum prefix: RFC 4271 §6.7, RFC 4486)

TEST(Trip, StaysDownForItsTimeAndThenConnects) {
  Rig rig;
  rig.to(State::kEstablished)
      .feed(Trip{.cease_subcode = cease::kMaxPrefixes,
                 .data = {0, 1, 1, 0, 0, 0, 100},
                 .stay_down = minutes(5),
                 .why = "more than 100 ipv4-unicast prefixes received"});
  ASSERT_THAT(rig.notification(kOut), Says(ErrorCode::kCease, cease::kMaxPrefixes));
  EXPECT_EQ(rig.notification(kOut)->data, (Bytes{0, 1, 1, 0, 0, 0, 100}));
  EXPECT_EQ(rig.why(), "more than 100 ipv4-unicast prefixes received; down for 300 s");
  EXPECT_EQ(rig.retry_in(), minutes(5));
  EXPECT_FALSE(rig.fsm().admin_down());
  rig.pass(minutes(5) - Millis(1));
  EXPECT_TRUE(rig.actions().empty());
  rig.pass(Millis(1));
  EXPECT_TRUE(rig.did<Connect>());
}
TEST(Trip, WithoutTimeStaysDownUntilStart) {
  Rig rig;
  rig.to(State::kEstablished).feed(Trip{.why = "too many"});
  EXPECT_EQ(rig.why(), "too many; down until started again");
  EXPECT_EQ(rig.fsm().retry_at(), std::nullopt);
  rig.pass(minutes(6000));
  EXPECT_TRUE(rig.actions().empty());
  rig.start();
  EXPECT_TRUE(rig.did<Connect>());
}
TEST(Trip, WithoutTimeEndsAnIdleHoldToo) {
  Rig rig;
  rig.to(State::kEstablished).feed(Disconnected{kOut, "end"}).feed(Trip{}).pass(minutes(600));
  EXPECT_TRUE(rig.actions().empty());
}
TEST(Trip, DoesNotStartWhatIsAdministrativelyDown) {
  Rig rig;
  rig.feed(Trip{.stay_down = seconds(1)}).pass(minutes(1));
  EXPECT_TRUE(rig.actions().empty());
  EXPECT_TRUE(rig.fsm().admin_down());
}
TEST(Trip, RefusesThePeerAndSaysSo) {
  Rig rig;
  rig.to(State::kEstablished).feed(Trip{.stay_down = minutes(5)}).feed(Accepted{});
  ASSERT_TRUE(rig.did<Refuse>());
  EXPECT_THAT(std::optional(Rig::parse(rig.first<Refuse>()->message)),
              Says(ErrorCode::kCease, cease::kConnectionRejected));
}
TEST(Trip, StartAndStopEndIt) {
  Rig rig;
  rig.to(State::kEstablished).feed(Trip{.stay_down = minutes(5)}).feed(Stop{});
  EXPECT_TRUE(rig.fsm().admin_down());
  rig.pass(minutes(10));
  EXPECT_TRUE(rig.actions().empty());
}

// --- dynamic neighbours

TEST(Dynamic, IsForgottenWhenItsSessionIsGone) {
  Rig rig(dynamic_config());
  rig.to_established(kIn).feed(Disconnected{kIn, "peer closed the connection"});
  EXPECT_TRUE(rig.did<SessionDown>());
  EXPECT_TRUE(rig.did<Forget>());
}
TEST(Dynamic, IsForgottenWhenItNeverCameUp) {
  for (const bool silent : {false, true}) {
    Rig rig(dynamic_config());
    rig.to_open_sent(kIn);
    silent ? rig.pass(minutes(2)) : rig.feed(Disconnected{kIn, "peer closed the connection"});
    EXPECT_TRUE(rig.did<Forget>());
    EXPECT_FALSE(rig.did<Connect>());
  }
}
TEST(Dynamic, IsForgottenWhenItsAsIsNotAllowed) {
  Rig rig(dynamic_config());
  Open open = their_open();
  open.as = {65000};
  rig.to_open_sent(kIn).feed(OpenReceived{kIn, open});
  EXPECT_THAT(rig.notification(kIn), Says(ErrorCode::kOpen, open_error::kBadPeerAs));
  EXPECT_TRUE(rig.did<Forget>());
}
TEST(Dynamic, NeverConnects) {
  Rig rig(dynamic_config());
  rig.start();
  EXPECT_FALSE(rig.did<Connect>());
  EXPECT_EQ(rig.state(), State::kActive);
  EXPECT_EQ(rig.fsm().deadline(), std::nullopt);
}
TEST(Dynamic, IsKnownWhileTrippedAndForgottenAfterwards) {
  Rig rig(dynamic_config());
  rig.to_established(kIn).feed(Trip{.stay_down = minutes(5)});
  EXPECT_FALSE(rig.did<Forget>());
  rig.feed(Accepted{});
  EXPECT_TRUE(rig.did<Refuse>());
  rig.pass(minutes(5));
  EXPECT_TRUE(rig.did<Forget>());
}
TEST(Dynamic, StaysKnownWhileAdministrativelyDown) {
  Rig rig(dynamic_config());
  rig.to_established(kIn).feed(Stop{});
  EXPECT_FALSE(rig.did<Forget>());
  rig.feed(Accepted{});
  EXPECT_TRUE(rig.did<Refuse>());
}
TEST(Dynamic, ResetForgetsIt) {
  Rig rig(dynamic_config());
  rig.to_established(kIn).feed(Reset{});
  EXPECT_TRUE(rig.did<SessionDown>());
  EXPECT_TRUE(rig.did<Forget>());
}

// --- reconfigure

TEST(Reconfigure, TakesEffectWithTheNextSession) {
  Rig rig;
  rig.to(State::kEstablished);
  SessionConfig next = neighbor_config();
  next.timers.hold = seconds(30);
  rig.reconfigure(next);
  EXPECT_TRUE(rig.actions().empty());
  EXPECT_EQ(rig.fsm().negotiated()->hold, seconds(90));
  rig.feed(Reset{}).to_established();
  EXPECT_EQ(rig.fsm().negotiated()->hold, seconds(30));
}
TEST(Reconfigure, WhatWasOfferedIsNegotiatedWithEvenIfTheConfigurationHasChangedSince) {
  Rig rig;
  rig.to(State::kOpenSent);
  SessionConfig next = neighbor_config();
  next.capabilities.families = only(rib::Family::kIpv4Unicast);
  next.timers.hold = seconds(30);
  rig.reconfigure(next).feed(OpenReceived{kOut, their_open()}).feed(KeepaliveReceived{kOut});
  EXPECT_EQ(rig.fsm().negotiated()->families, both_families());
  EXPECT_EQ(rig.fsm().negotiated()->hold, seconds(90));
}
TEST(Reconfigure, ToPassiveGivesAConnectInProgressUp) {
  Rig rig;
  rig.start().reconfigure(passive_config());
  EXPECT_TRUE(rig.did<AbandonConnect>());
  EXPECT_EQ(rig.state(), State::kActive);
  rig.pass(minutes(10));
  EXPECT_TRUE(rig.actions().empty());
}
TEST(Reconfigure, ToPassiveCancelsTheNextTry) {
  Rig rig;
  rig.to(State::kActive).reconfigure(passive_config());
  EXPECT_EQ(rig.fsm().deadline(), std::nullopt);
}
TEST(Reconfigure, LeavesThePlannedTryAsItIs) {
  Rig rig;
  rig.to(State::kActive);
  const auto planned = rig.fsm().retry_at();
  rig.reconfigure(neighbor_config());
  EXPECT_TRUE(rig.actions().empty());
  EXPECT_EQ(rig.fsm().retry_at(), planned);
}
TEST(Reconfigure, FromPassiveConnectsAtOnce) {
  Rig rig(passive_config());
  rig.start().reconfigure(neighbor_config());
  EXPECT_TRUE(rig.did<Connect>());
}
TEST(Reconfigure, DoesNotEndAnIdleHoldOrStartWhatIsDown) {
  Rig rig;
  rig.reconfigure(neighbor_config());
  EXPECT_TRUE(rig.actions().empty());
  rig.to(State::kEstablished).feed(Disconnected{kOut, "end"}).reconfigure(neighbor_config());
  EXPECT_TRUE(rig.actions().empty());
  EXPECT_EQ(rig.state(), State::kIdle);
}

// --- why it is down, for people

TEST(Reason, QuotesWhatThePeerSaid) {
  Rig rig;
  rig.to(State::kEstablished)
      .feed(NotificationReceived{kOut, shutdown_notification(cease::kAdministrativeShutdown, "back at 6")});
  EXPECT_EQ(rig.first<SessionDown>()->reason.text, "received Cease/Administrative Shutdown: \"back at 6\"");
  EXPECT_THAT(rig.first<SessionDown>()->reason.received, Says(ErrorCode::kCease, cease::kAdministrativeShutdown));
  EXPECT_EQ(rig.first<SessionDown>()->reason.sent, std::nullopt);
}
TEST(Reason, OfAHardResetNamesWhatIsInsideIt) {  // RFC 8538 §3
  Notification hard = shutdown_notification(cease::kAdministrativeReset, "why not");
  hard.data.insert(hard.data.begin(), {static_cast<std::uint8_t>(hard.code), hard.subcode});
  hard.subcode = cease::kHardReset;
  Rig rig;
  rig.to(State::kEstablished).feed(NotificationReceived{kOut, hard});
  EXPECT_EQ(rig.why(), "received Cease/Hard Reset (Cease/Administrative Reset): \"why not\"");
}
TEST(Reason, OfARefusedOpenIsTheCause) {
  Rig rig;
  Open open = their_open();
  open.as = {65000};
  rig.to_open_confirm(kOut, open);
  ASSERT_TRUE(rig.did<AttemptFailed>());
  EXPECT_EQ(rig.first<AttemptFailed>()->reason.text, "peer's AS is 65000, configured is 64497");
  EXPECT_THAT(rig.first<AttemptFailed>()->reason.sent, Says(ErrorCode::kOpen, open_error::kBadPeerAs));
}
TEST(Reason, OfALostConnectionIsTheDrivers) {
  Rig rig;
  rig.to(State::kEstablished).feed(Disconnected{kOut, "connection reset by peer"});
  EXPECT_EQ(rig.why(), "connection reset by peer");
}
TEST(Reason, OfAConnectionLostOnTheWayUpSaysHowFarItCame) {
  Rig rig;
  rig.to(State::kOpenSent).feed(Disconnected{kOut, "peer closed the connection"});
  EXPECT_EQ(rig.first<AttemptFailed>()->reason.text, "peer closed the connection in OpenSent");
}
TEST(Reason, OfARefusedConnectIsTheDrivers) {
  Rig rig;
  rig.start().feed(ConnectFailed{"connection refused"});
  EXPECT_EQ(rig.first<AttemptFailed>()->reason.text, "cannot connect: connection refused");
}

}  // namespace
}  // namespace tw::bgp
