// Reference copies: what software did wrong is told before any wire is blamed.
#include "tests/unit/tcpmd5/verify/rig.h"

namespace tw::tcpmd5 {
namespace {

using References = BothFamilies;
INSTANTIATE_TEST_SUITE_P(, References, testing::Values(4, 6), family_name);

TEST_P(References, AnUnsignedSegmentTowardsAKeyedPeerIsToldWithOrWithoutAVantage) {
  for (const bool vantage : {true, false}) {
    Rig fresh(GetParam());
    fresh.verifier.set_has_vantage(vantage);
    Draft bare = fresh.draft(10);
    bare.with_option = false;
    fresh.sent(fresh.make(bare));
    ASSERT_EQ(fresh.found.size(), 1U);
    EXPECT_EQ(fresh.found[0].fault, FaultClass::kSentUnsigned);
    EXPECT_EQ(fresh.counts().reference_bad, 1U);
    ASSERT_TRUE(fresh.found[0].evidence);
    EXPECT_EQ(fresh.found[0].evidence->segments[0].where, "reference device 7");
  }
}

TEST_P(References, AnUnsignedResetIsAClassOfItsOwn) {
  Draft reset = rig.draft(0);
  reset.flags = tcp_flag::kRst | tcp_flag::kAck;
  reset.with_option = false;
  rig.sent(rig.make(reset));
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kUnsignedReset);
}

TEST_P(References, ASignedSegmentThatIsStillToBeCutIsToldAtOnce) {
  const Frame super = rig.make(7200);
  Copy copy = rig.copy_of(super);
  copy.gso_size = 1440;
  rig.sent(copy);
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kSignedUncut);
  EXPECT_TRUE(rig.found[0].proven);
  EXPECT_NE(rig.found[0].text.find("cut into 5 of at most 1440 octets"), std::string::npos) << rig.found[0].text;
}

TEST_P(References, AnUnsignedSegmentThatIsStillToBeCutIsUnsigned) {
  Draft bare = rig.draft(7200);
  bare.with_option = false;
  const Frame super = rig.make(bare);
  Copy copy = rig.copy_of(super);
  copy.gso_size = 1440;
  rig.sent(copy);
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kSentUnsigned);
}

// Software segmentation happens before the tap: it sees the pieces.
TEST_P(References, PiecesCutBySoftwareAfterSigningAreProvenByReassembly) {
  const Frame whole = rig.make(3000);
  for (std::size_t at = 0; at < 3000; at += 1440) {
    Frame piece = rewritten(whole, [&](Draft& it) {
      const std::size_t end = std::min<std::size_t>(at + 1440, 3000);
      it.sequence += static_cast<std::uint32_t>(at);
      if (end < 3000) it.flags = tcp_flag::kAck;
      it.payload.assign(it.payload.begin() + static_cast<std::ptrdiff_t>(at),
                        it.payload.begin() + static_cast<std::ptrdiff_t>(end));
    });
    rig.sent(piece);
  }
  EXPECT_EQ(rig.all(), "") << "more might follow";
  rig.advance(Verifier::kPatience);
  ASSERT_EQ(rig.found.size(), 3U) << rig.all();
  for (const Finding& it : rig.found) {
    EXPECT_EQ(it.fault, FaultClass::kSignedUncut);
    EXPECT_TRUE(it.proven);
  }
  EXPECT_EQ(rig.counts().reference_bad, 3U);
}

TEST_P(References, AWrongDigestIsToldOnceItIsKnownToBeNoPiece) {
  Frame wrong = rig.make(100);
  sign(wrong, rig.other_key);
  rig.sent(wrong);
  EXPECT_EQ(rig.verifier.next_tick(), rig.now + Verifier::kPatience);
  EXPECT_EQ(rig.all(), "");
  rig.send(10);  // the next one has another digest
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kSentWrongDigest);
  EXPECT_EQ(rig.found[0].payload_size, 100U);
}

TEST_P(References, AWrongDigestIsToldAfterAWhileIfNothingFollows) {
  Frame wrong = rig.make(100);
  sign(wrong, rig.other_key);
  rig.sent(wrong);
  rig.advance(Verifier::kPatience);
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kSentWrongDigest);
}

TEST_P(References, AnyOfSeveralKeysWillDo) {
  rig.verifier.set_peers({{.peer = {rig.peer, GetParam() == 4 ? 32 : 128}, .keys = {rig.other_key, rig.key}}});
  rig.send(100);
  Frame renewed = rig.make(100);
  sign(renewed, rig.other_key);
  rig.pass(renewed);
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(References, TheLongestPrefixSaysWhichKeyCounts) {
  rig.verifier.set_peers(
      {{.peer = {rig.peer, 8}, .keys = {rig.other_key}}, {.peer = {rig.peer, 24}, .keys = {rig.key}}});
  rig.send(100);
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(References, APeerThatLeavesTheTableIsForgotten) {
  rig.send(100);
  rig.verifier.set_peers({});
  Draft bare = rig.draft(10);
  bare.with_option = false;
  rig.pass(rig.make(bare));
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.counts().reference, 0U);
}

TEST_P(References, OnlyTheFirstFindingsOfAKindCarryEvidenceAndThenOneASecond) {
  const auto bare = [&] {
    Draft it = rig.draft(10);
    it.with_option = false;
    rig.sent(rig.make(it));
    return rig.found.back().evidence != nullptr;
  };
  int carried = 0;
  for (int i = 0; i < 50; ++i) carried += bare();
  EXPECT_EQ(carried, 3);
  rig.advance(1s);
  EXPECT_TRUE(bare());
  EXPECT_FALSE(bare());
}

}  // namespace
}  // namespace tw::tcpmd5
