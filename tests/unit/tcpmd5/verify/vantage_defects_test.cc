// What a vantage does wrong, or the two sources do at different times, is no damage.
#include "tests/unit/tcpmd5/verify/rig.h"

namespace tw::tcpmd5 {
namespace {

using VantageDefects = BothFamilies;
INSTANTIATE_TEST_SUITE_P(, VantageDefects, testing::Values(4, 6), family_name);

TEST_P(VantageDefects, DuplicatesOnTheMirrorAreHarmless) {
  for (int i = 0; i < 50; ++i) rig.wire(rig.send(1440));
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.counts().wire_valid, 101U);
}

TEST_P(VantageDefects, AMirrorThatLagsLosesAndInjectsNothing) {
  std::vector<std::pair<TimePoint, Frame>> on_their_way;
  for (int i = 0; i < 200; ++i) {
    on_their_way.emplace_back(rig.now + 900ms, rig.hand_over(100));
    rig.advance(10ms);
    while (on_their_way.front().first <= rig.now) {
      rig.wire(on_their_way.front().second);
      on_their_way.erase(on_their_way.begin());
    }
  }
  for (; !on_their_way.empty(); on_their_way.erase(on_their_way.begin())) {
    rig.advance(10ms);
    rig.wire(on_their_way.front().second);
  }
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(VantageDefects, DamageIsNamedThroughALagToo) {
  const Frame first = rig.send(1440);
  Frame second = rig.hand_over(1440);
  rig.advance(900ms);
  copy_digest(first, second);
  rig.wire(second);
  EXPECT_EQ(rig.only().fault, FaultClass::kCopiedDigest);
}

TEST_P(VantageDefects, AValidCopyBeforeItsReferenceIsNeitherInjectedNorLost) {
  for (int i = 0; i < 20; ++i) {
    const Frame frame = rig.make(200);
    rig.wire(frame);
    rig.advance(20ms);
    rig.sent(frame);
  }
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.counts().wire_valid, 21U);
}

TEST_P(VantageDefects, ADamagedCopyWaitsForItsReference) {
  const Frame first = rig.send(1440);
  const Frame second = rig.make(1440);
  Frame damaged = second;
  copy_digest(first, damaged);
  rig.wire(damaged);
  EXPECT_EQ(rig.all(), "") << "its octets are not known yet";
  rig.advance(80ms);
  rig.sent(second);
  EXPECT_EQ(rig.only().fault, FaultClass::kCopiedDigest);
}

TEST_P(VantageDefects, AChangedPayloadWhoseReferenceComesLateIsNotCalledInjected) {
  const Frame sent = rig.make(1440);
  Frame damaged = sent;
  damaged.back() ^= 1;
  finish_checksum(damaged);
  rig.wire(damaged);
  rig.advance(90ms);
  rig.sent(sent);
  EXPECT_EQ(rig.only().fault, FaultClass::kPayloadChanged);
}

TEST_P(VantageDefects, ADigestCopiedFromAnEarlierTransmissionIsNoRewrittenHeaderThoughTheReferenceComesLate) {
  const Frame first = rig.send(100);
  Draft again = draft_of(first);
  again.window += 50;
  const Frame second = rig.make(again);
  Frame damaged = second;
  copy_digest(first, damaged);
  rig.wire(damaged);
  rig.advance(50ms);
  rig.sent(second);
  EXPECT_EQ(rig.only().fault, FaultClass::kCopiedDigest);
}

TEST_P(VantageDefects, ReorderingIsHarmless) {
  std::vector<Frame> window;
  for (int round = 0; round < 20; ++round) {
    window.clear();
    for (int i = 0; i < 10; ++i) window.push_back(rig.hand_over(500));
    std::shuffle(window.begin(), window.end(), rig.random);
    for (const Frame& it : window) rig.wire(it);
    rig.advance(5ms);
  }
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(VantageDefects, ASilentVantageIsBlindAndLosesNothing) {
  rig.hand_over(1440);
  rig.advance(500ms);
  rig.hand_over(1440);
  rig.advance(3s);
  rig.send(100);  // the mirror is back
  rig.advance(3s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(VantageDefects, ADeviceThatTheVantageDoesNotShowLosesNothing) {
  Copy elsewhere = rig.copy_of(rig.make(100));
  const Frame kept = rig.make(100);
  elsewhere = rig.copy_of(kept);
  elsewhere.ifindex = Rig::kDevice + 1;
  rig.sent(elsewhere);
  rig.advance(10ms);
  rig.send(100);
  rig.advance(3s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(VantageDefects, NothingIsLostAroundDropsOfTheVantage) {
  rig.hand_over(1440);
  rig.advance(300ms);
  rig.verifier.blind({.dropped = 1}, false, rig.now);
  rig.advance(10ms);
  rig.send(100);
  rig.advance(3s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(VantageDefects, NothingIsLostAroundCopiesThatCameCutShort) {
  rig.hand_over(1440);
  rig.verifier.blind({.truncated = 1}, false, rig.now);
  rig.advance(10ms);
  rig.send(100);
  rig.advance(3s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(VantageDefects, LossIsToldAgainOnceTheVantageSees) {
  rig.verifier.blind({.dropped = 1}, false, rig.now);
  rig.advance(Verifier::kLostAfter);
  rig.hand_over(1440);
  rig.advance(10ms);
  rig.send(100);
  EXPECT_EQ(rig.only().fault, FaultClass::kLost);
}

TEST_P(VantageDefects, ABlindnessReportOfNothingIsNoBlindness) {
  rig.hand_over(1440);
  rig.verifier.blind({}, false, rig.now);
  rig.advance(10ms);
  rig.send(100);
  EXPECT_EQ(rig.only().fault, FaultClass::kLost);
}

TEST_P(VantageDefects, NothingIsInjectedAroundDropsOfReferences) {
  rig.verifier.blind({.dropped = 3}, true, rig.now);
  rig.advance(100ms);
  Frame unknown = rig.make(300);
  unknown.back() ^= 1;
  rig.wire(unknown);
  rig.advance(3s);
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.verifier.uncheckable(), 1U);
  EXPECT_EQ(rig.counts().wire_uncheckable, 1U);
}

TEST_P(VantageDefects, NothingIsInjectedThatMayHaveBeenSentBeforeTheVerifierStarted) {
  Rig fresh(GetParam());
  Verifier young;
  young.set_peers({{.peer = {fresh.peer, GetParam() == 4 ? 32 : 128}, .keys = {fresh.key}}});
  young.set_has_vantage(true);
  Frame before = fresh.make(100);
  before.back() ^= 1;
  const Frame after = fresh.make(100);
  const Copy reference = fresh.copy_of(after), copy = fresh.copy_of(before);
  std::vector<Finding> found;
  young.sent({&reference, 1}, found);
  young.on_the_wire({&copy, 1}, "mirror", found);
  young.tick(fresh.now + 500ms, found);
  EXPECT_TRUE(found.empty());
  EXPECT_EQ(young.uncheckable(), 1U);
}

TEST_P(VantageDefects, ThePeersOwnSegmentsOnTheMirrorAreNotOurs) {
  Frame theirs = rig.make_received(300);
  theirs.back() ^= 1;
  rig.wire(theirs);
  rig.wire(stripped_by_nops(rig.make_received(100)));
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.counts().wire, 1U) << "the SYN before";
}

TEST_P(VantageDefects, OtherHostsOnTheMirrorAreNobodysBusiness) {
  Draft other = rig.draft(300);
  other.source = rig.somebody;
  Frame frame = frame_of(other);
  sign(frame, rig.other_key);
  rig.wire(frame);
  other.with_option = false;
  rig.wire(frame_of(other));
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.counts().wire, 1U);
  EXPECT_EQ(rig.verifier.uncheckable(), 0U);
}

TEST_P(VantageDefects, WhoIsInNoEntryIsNobodysBusiness) {
  Draft other = rig.draft(300);
  other.destination = rig.somebody;
  other.with_option = false;
  const Frame frame = frame_of(other);
  rig.pass(frame);
  Draft reply = other;
  std::swap(reply.source, reply.destination);
  rig.received(frame_of(reply));
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(VantageDefects, ACopyOfWhatLeftBadIsNotBlamedOnTheWire) {
  Frame wrong = rig.make(100);
  sign(wrong, rig.other_key);
  rig.pass(wrong);
  Draft bare = rig.draft(50);
  bare.with_option = false;
  rig.pass(rig.make(bare));
  rig.advance(2s);
  ASSERT_EQ(rig.found.size(), 2U) << rig.all();
  EXPECT_EQ(rig.found[0].fault, FaultClass::kSentWrongDigest);
  EXPECT_EQ(rig.found[1].fault, FaultClass::kSentUnsigned);
  EXPECT_EQ(rig.counts().wire_bad, 2U);
}

TEST_P(VantageDefects, ThePiecesOfAnUncutSegmentAreNotBlamedOnTheWire) {
  const Frame super = rig.make(2880);
  Copy uncut = rig.copy_of(super);
  uncut.gso_size = 1440;
  rig.sent(uncut);
  for (std::size_t at = 0; at < 2880; at += 1440) {
    Frame piece = rewritten(super, [&](Draft& it) {
      it.sequence += static_cast<std::uint32_t>(at);
      it.payload.assign(it.payload.begin() + static_cast<std::ptrdiff_t>(at),
                        it.payload.begin() + static_cast<std::ptrdiff_t>(at + 1440));
    });
    rig.wire(piece);
  }
  EXPECT_EQ(rig.only().fault, FaultClass::kSignedUncut);
}

TEST_P(VantageDefects, AKeyRollOverBetweenReferenceAndCopyBreaksNothing) {
  const Frame before = rig.hand_over(100);
  rig.advance(300ms);
  rig.verifier.set_peers({{.peer = {rig.peer, GetParam() == 4 ? 32 : 128}, .keys = {rig.other_key, rig.key}}});
  Frame renewed = rig.make(100);
  sign(renewed, rig.other_key);
  rig.pass(renewed);
  rig.verifier.set_peers({{.peer = {rig.peer, GetParam() == 4 ? 32 : 128}, .keys = {rig.other_key}}});
  rig.wire(before);
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(VantageDefects, SegmentsOfEveryKindPassAcrossTheWrapOfSequenceNumbers) {
  rig.next = 0xffffff00;
  for (const std::uint8_t flags : {tcp_flag::kAck, tcp_flag::kAck, tcp_flag::kFin, tcp_flag::kRst}) {
    Draft it = rig.draft(flags == tcp_flag::kRst ? 0 : 1440);
    it.flags |= flags;
    rig.pass(rig.make(it));
  }
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(VantageDefects, ACopiedDigestIsProvenAcrossTheWrapOfSequenceNumbers) {
  rig.next = 0xfffffff0;
  const Frame first = rig.send(40);
  Frame second = rig.hand_over(1440);
  copy_digest(first, second);
  rig.wire(second);
  EXPECT_EQ(rig.only().fault, FaultClass::kCopiedDigest);
}

TEST_P(VantageDefects, AConnectionThatReusesPortsIsComparedWithItsOwnOctets) {
  rig.send(1440);
  rig.next -= 2000;  // the new one's numbers overlap the old one's
  const Frame syn = rig.pass(rig.make_syn());
  const Frame data = rig.hand_over(1440);
  Frame damaged = data;
  damaged[payload_at(damaged) + 9] ^= 1;
  finish_checksum(damaged);
  rig.wire(damaged);
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kPayloadChanged);
  EXPECT_EQ(it.differences, 1U);
}

TEST_P(VantageDefects, RetransmissionsOfTheSameOctetsAreEachAccountedFor) {
  const Frame frame = rig.hand_over(1440);
  rig.wire(stripped_by_nops(frame));
  rig.advance(200ms);
  rig.pass(frame);  // identical, digest and all
  rig.advance(400ms);
  rig.pass(frame);
  EXPECT_EQ(rig.only().fault, FaultClass::kOptionStripped);
}

TEST_P(VantageDefects, ValidCopiesAreToldOnlyWhileSomebodyAsks) {
  rig.send(100);
  rig.verifier.set_report_valid(true);
  const Frame frame = rig.hand_over(700);
  rig.advance(30ms);
  rig.wire(frame);
  rig.verifier.set_report_valid(false);
  rig.send(100);
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kNone);
  EXPECT_EQ(rig.found[0].payload_size, 700U);
  EXPECT_EQ(rig.found[0].at - rig.found[0].sent_at, 30ms);
}

TEST_P(VantageDefects, NextTickIsWhenSomethingWaits) {
  rig.advance(2s);
  EXPECT_EQ(rig.verifier.next_tick(), TimePoint::max());
  const Frame frame = rig.hand_over(100);
  EXPECT_EQ(rig.verifier.next_tick(), rig.now + Verifier::kLostAfter);
  rig.wire(frame);
  EXPECT_EQ(rig.verifier.next_tick(), TimePoint::max());
  Frame forged = frame_of(rig.draft(10));
  rig.wire(forged);
  EXPECT_EQ(rig.verifier.next_tick(), rig.now + Verifier::kPatience);
}

}  // namespace
}  // namespace tw::tcpmd5
