// Connection collision detection (RFC 4271 §6.8, RFC 6286 §2.3).
#include "bgpd/session/collision.h"

#include "tests/unit/bgpd/session/rig.h"

namespace tw::bgp {
namespace {

constexpr auto kCollision = cease::kCollisionResolution;

// --- the rule

Open speaker(std::uint32_t id, std::uint32_t as) {
  Open open;
  open.identifier = id;
  open.as = {as};
  return open;
}

TEST(PreferredConnection, IsTheOneOfTheHigherIdentifierComparedAsUnsigned) {
  EXPECT_EQ(preferred_connection(speaker(2, 1), speaker(1, 9)), kOut);
  EXPECT_EQ(preferred_connection(speaker(1, 9), speaker(2, 1)), kIn);
  EXPECT_EQ(preferred_connection(speaker(0xF0000000, 1), speaker(0x10000000, 1)), kOut);
}
TEST(PreferredConnection, IsTheOneOfTheHigherAsIfTheIdentifiersAreEqual) {
  EXPECT_EQ(preferred_connection(speaker(1, 4'200'000'000), speaker(1, 64496)), kOut);
  EXPECT_EQ(preferred_connection(speaker(1, 64496), speaker(1, 4'200'000'000)), kIn);
}
TEST(PreferredConnection, IsTheSameForBothSpeakers) {
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    for (const std::uint32_t as : {1U, 2U, 3U}) {
      if (id == 2 && as == 2) continue;
      const Open a = speaker(2, 2), b = speaker(id, as);
      EXPECT_NE(preferred_connection(a, b), preferred_connection(b, a));
    }
  }
}

// --- both connections up to OPEN, in both orders, with either speaker dominant

struct Case {
  std::uint32_t their_id;
  Connection first, second;  // whose OPEN comes first
  Connection stays() const { return their_id < kOurId ? kOut : kIn; }
};
class Collision : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(AllOrders, Collision,
                         testing::Values(Case{kLowerId, kOut, kIn}, Case{kLowerId, kIn, kOut},
                                         Case{kHigherId, kOut, kIn}, Case{kHigherId, kIn, kOut}),
                         [](const auto& one) {
                           return std::string(one.param.their_id < kOurId ? "WeDominate" : "TheyDominate") +
                                  (one.param.first == kOut ? "OutgoingFirst" : "IncomingFirst");
                         });

TEST_P(Collision, IsResolvedWhenTheSecondOpenComes) {
  const Case& c = GetParam();
  Rig rig;
  rig.to_open_sent(kOut).feed(Accepted{});
  ASSERT_TRUE(rig.did<Admit>());
  rig.feed(OpenReceived{c.first, their_open(c.their_id)});
  EXPECT_FALSE(rig.did<CloseConnection>()) << "a connection in OpenSent is no collision yet";
  rig.feed(OpenReceived{c.second, their_open(c.their_id)});
  EXPECT_THAT(rig.notification(other(c.stays())), Says(ErrorCode::kCease, kCollision));
  ASSERT_EQ(rig.all<CloseConnection>().size(), 1U);
  EXPECT_EQ(rig.first<CloseConnection>()->connection, other(c.stays()));
  EXPECT_FALSE(rig.did<AttemptFailed>()) << "it is no failure";
  EXPECT_EQ(rig.state(), State::kOpenConfirm);
  rig.feed(KeepaliveReceived{c.stays()});
  EXPECT_EQ(rig.fsm().established(), c.stays());
}
TEST_P(Collision, TheFirstToBeEstablishedStaysWhoeverDominates) {
  const Case& c = GetParam();
  Rig rig;
  rig.to_open_sent(kOut).feed(Accepted{});
  rig.feed(OpenReceived{c.first, their_open(c.their_id)}).feed(KeepaliveReceived{c.first});
  EXPECT_EQ(rig.fsm().established(), c.first);
  EXPECT_THAT(rig.notification(c.second), Says(ErrorCode::kCease, kCollision));
  rig.feed(OpenReceived{c.second, their_open(c.their_id)});
  EXPECT_TRUE(rig.actions().empty()) << "it was on its way when we closed";
}
TEST_P(Collision, ThePeersDecisionIsAccepted) {
  const Case& c = GetParam();
  Rig rig;
  rig.to_open_sent(kOut).feed(Accepted{}).feed(OpenReceived{c.first, their_open(c.their_id)});
  rig.feed(NotificationReceived{c.second, {ErrorCode::kCease, kCollision, {}}});
  EXPECT_FALSE(rig.did<AttemptFailed>());
  EXPECT_TRUE(rig.did<CloseConnection>());
  rig.feed(KeepaliveReceived{c.first});
  EXPECT_EQ(rig.fsm().established(), c.first);
}
TEST_P(Collision, EqualIdentifiersAreDecidedByTheAs) {
  Rig rig;  // 64496; the peer is 64497
  rig.to_open_sent(kOut).feed(Accepted{});
  rig.feed(OpenReceived{GetParam().first, their_open(kOurId)})
      .feed(OpenReceived{GetParam().second, their_open(kOurId)});
  EXPECT_THAT(rig.notification(kOut), Says(ErrorCode::kCease, kCollision));
  EXPECT_EQ(rig.state(), State::kOpenConfirm);
}
TEST_P(Collision, AnUnacceptableOpenLosesWithoutBeingCompared) {
  const Case& c = GetParam();
  Rig rig;
  Open bad = their_open(c.their_id);
  bad.as = {65000};
  rig.to_open_sent(kOut).feed(Accepted{}).feed(OpenReceived{c.first, their_open(c.their_id)});
  rig.feed(OpenReceived{c.second, bad});
  EXPECT_THAT(rig.notification(c.second), Says(ErrorCode::kOpen, open_error::kBadPeerAs));
  rig.feed(KeepaliveReceived{c.first});
  EXPECT_EQ(rig.fsm().established(), c.first);
}

// --- a newcomer in every state

TEST(Newcomer, IsAdmittedBesideAnUnansweredConnectWhichGoesOn) {
  Rig rig;
  rig.start().feed(Accepted{});
  EXPECT_TRUE(rig.did<Admit>());
  EXPECT_FALSE(rig.did<AbandonConnect>());
  rig.feed(Connected{});
  EXPECT_EQ(rig.sent(MessageType::kOpen), 1);
}
TEST(Newcomer, BesideAnEstablishedSessionIsRefusedAndTheSessionIsProbed) {
  Rig rig;
  rig.to(State::kEstablished).pass(seconds(10)).feed(Accepted{});
  ASSERT_TRUE(rig.did<Refuse>());
  EXPECT_THAT(std::optional(Rig::parse(rig.first<Refuse>()->message)), Says(ErrorCode::kCease, kCollision));
  EXPECT_EQ(rig.sent(MessageType::kKeepalive), 1);
  EXPECT_EQ(rig.first<Send>()->connection, kOut);
  EXPECT_EQ(rig.state(), State::kEstablished);
}
TEST(Newcomer, ProbesNoMoreThanOnceASecond) {  // §4.4
  Rig rig;
  rig.to(State::kEstablished).pass(seconds(10)).feed(Accepted{});
  for (int i = 0; i < 1000; ++i) {
    rig.feed(Accepted{});
    EXPECT_EQ(rig.sent(MessageType::kKeepalive), 0);
  }
  rig.pass(seconds(1)).feed(Accepted{});
  EXPECT_EQ(rig.sent(MessageType::kKeepalive), 1);
}
TEST(Newcomer, APeerWhoseHostRestartedIsBackAsSoonAsItsKernelAnswersTheProbe) {
  Rig rig;
  rig.to(State::kEstablished).live(minutes(10), kOut).feed(Accepted{});
  rig.feed(Disconnected{kOut, "connection reset by peer"}).feed(Accepted{});
  EXPECT_TRUE(rig.did<Admit>());
}
TEST(Newcomer, ReplacesAnIncomingConnectionOnWhichNothingWasSaid) {
  Rig rig;
  rig.to_open_sent(kIn).feed(Accepted{});
  ASSERT_GE(rig.actions().size(), 4U);
  EXPECT_THAT(rig.notification(kIn), Says(ErrorCode::kCease, kCollision));
  EXPECT_TRUE(std::holds_alternative<CloseConnection>(rig.actions()[1])) << "the old one goes first";
  EXPECT_TRUE(std::holds_alternative<Admit>(rig.actions()[2]));
  EXPECT_EQ(rig.sent(MessageType::kOpen), 1);
}
TEST(Newcomer, IsRefusedBesideAnIncomingConnectionInOpenConfirm) {
  Rig rig;
  rig.to_open_confirm(kIn).feed(Accepted{});
  ASSERT_TRUE(rig.did<Refuse>());
  EXPECT_THAT(std::optional(Rig::parse(rig.first<Refuse>()->message)), Says(ErrorCode::kCease, kCollision));
  rig.feed(KeepaliveReceived{kIn});
  EXPECT_EQ(rig.fsm().established(), kIn);
}
TEST(Establishing, GivesTheUnansweredConnectUp) {
  Rig rig;
  rig.start().feed(Accepted{}).feed(OpenReceived{kIn, their_open()}).feed(KeepaliveReceived{kIn});
  EXPECT_TRUE(rig.did<AbandonConnect>());
  EXPECT_EQ(rig.fsm().established(), kIn);
}

}  // namespace
}  // namespace tw::bgp
