// What arrives from a keyed peer: wrong keys, missing signatures, merged segments and translated addresses, told apart.
#include "tests/unit/tcpmd5/verify/rig.h"

namespace tw::tcpmd5 {
namespace {

using Received = BothFamilies;
INSTANTIATE_TEST_SUITE_P(, Received, testing::Values(4, 6), family_name);

// What LRO makes of segments: the first one's header and options, everybody's octets, the last one's PSH.
Frame merged(const std::vector<Frame>& frames) {
  Draft whole = draft_of(frames.front());
  for (std::size_t i = 1; i < frames.size(); ++i) {
    const Draft more = draft_of(frames[i]);
    whole.payload.insert(whole.payload.end(), more.payload.begin(), more.payload.end());
    whole.flags |= more.flags;
  }
  Frame frame = frame_of(whole);
  copy_digest(frames.front(), frame);
  return frame;
}

TEST_P(Received, AValidSegmentIsCountedAndRemembered) {
  rig.received(rig.make_received(100));
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.counts().received, 1U);
  EXPECT_EQ(rig.counts().received_bad, 0U);
  EXPECT_EQ(rig.counts().last_valid_received, rig.now);
}

TEST_P(Received, BeforeAnyValidSegmentThereIsNoTimeOfOne) {
  Frame wrong = rig.make_received(100);
  sign(wrong, rig.other_key);
  rig.received(wrong);
  EXPECT_EQ(rig.counts().last_valid_received, TimePoint{});
}

TEST_P(Received, AWrongKeyAndAMissingSignatureAreToldApart) {
  Frame wrong = rig.make_received(0);
  sign(wrong, rig.other_key);
  rig.received(wrong);
  rig.received(stripped_by_nops(rig.make_received(50)));
  ASSERT_EQ(rig.found.size(), 2U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedWrongKey);
  EXPECT_FALSE(rig.found[0].proven);
  EXPECT_EQ(rig.found[0].ifindex, Rig::kDevice);
  EXPECT_EQ(rig.found[0].remote, rig.peer);
  EXPECT_EQ(rig.found[0].local_port, rig.port);
  EXPECT_EQ(rig.found[1].fault, FaultClass::kReceivedUnsigned);
  EXPECT_EQ(rig.counts().received_bad, 2U);
}

TEST_P(Received, MergedSegmentsAreProvenByTheFirstOfThem) {
  rig.received(rig.make_received(1440));
  rig.received(merged({rig.make_received(1440), rig.make_received(1440), rig.make_received(300)}));
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedMerged);
  EXPECT_TRUE(rig.found[0].proven);
  EXPECT_NE(rig.found[0].text.find("its first 1440 octets validate"), std::string::npos) << rig.found[0].text;
}

TEST_P(Received, MergedSegmentsAreProvenByTheSizeInTheMetadata) {
  const Frame frame = merged({rig.make_received(900), rig.make_received(900)});
  Copy copy = rig.copy_of(frame);
  copy.gso_size = 900;
  rig.received(copy);
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedMerged);
  EXPECT_TRUE(rig.found[0].proven);
}

TEST_P(Received, SmallMergedSegmentsOfUnequalSizesAreProven) {
  rig.received(rig.make_received(1440));
  rig.received(merged({rig.make_received(19), rig.make_received(57)}));
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedMerged);
  EXPECT_TRUE(rig.found[0].proven);
}

TEST_P(Received, AMergeNoLongerThanOtherSegmentsIsProven) {
  rig.received(rig.make_received(1440));
  rig.received(merged({rig.make_received(600), rig.make_received(700)}));
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedMerged);
}

TEST_P(Received, ALongMergeOfUnequalSizesIsProven) {
  rig.received(rig.make_received(1440));
  rig.received(merged({rig.make_received(777), rig.make_received(1440)}));
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedMerged);
  EXPECT_TRUE(rig.found[0].proven);
}

TEST_P(Received, TheDigestOfTheLastSegmentProvesAMergeToo) {
  rig.received(rig.make_received(1440));
  const Frame first = rig.make_received(1440), last = rig.make_received(500);
  Frame frame = merged({first, last});
  copy_digest(last, frame);
  rig.received(frame);
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedMerged);
  EXPECT_NE(rig.found[0].text.find("its last 500 octets validate"), std::string::npos) << rig.found[0].text;
}

TEST_P(Received, WhatTheMetadataCallMergedIsMergedThoughNoPartValidates) {
  Frame frame = rig.make_received(2880);
  sign(frame, rig.other_key);
  Copy copy = rig.copy_of(frame);
  copy.gso_size = 1440;
  rig.received(copy);
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedMerged);
  EXPECT_FALSE(rig.found[0].proven);
}

TEST_P(Received, AnInvalidSegmentLongerThanTheMtuIsOversize) {
  Frame frame = rig.make_received(2880);
  sign(frame, rig.other_key);
  Copy copy = rig.copy_of(frame);
  copy.mtu = 1500;
  rig.received(copy);
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedOversize);
}

TEST_P(Received, AValidSegmentLongerThanTheMtuWasMergedByNobody) {
  const Frame frame = rig.make_received(2880);
  Copy copy = rig.copy_of(frame);
  copy.mtu = 1500;
  rig.received(copy);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(Received, AnInvalidSegmentThatFillsTheMtuIsAWrongKey) {
  Frame frame = rig.make_received(GetParam() == 4 ? 1440 : 1420);
  sign(frame, rig.other_key);
  Copy copy = rig.copy_of(frame);
  copy.mtu = 1500;
  rig.received(copy);
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedWrongKey);
}

TEST_P(Received, ATranslatedAddressOfOursIsNamed) {
  const address before = make_address(GetParam() == 4 ? "203.0.113.77" : "2001:db8:77::77");
  Draft probe = rig.draft(10);
  probe.source = before;  // an end of ours that is known from what it sent
  probe.source_port = 40100;
  rig.pass(rig.make(probe));
  Frame frame = rewritten(rig.make_received(100), [&](Draft& it) { it.destination = before; });
  sign(frame, rig.key);
  rig.received(rewritten(frame, [&](Draft& it) { it.destination = rig.us; }));
  ASSERT_EQ(rig.found.size(), 1U) << rig.all();
  EXPECT_EQ(rig.found[0].fault, FaultClass::kReceivedWrongKey);
  EXPECT_TRUE(rig.found[0].proven);
  EXPECT_NE(rig.found[0].text.find("would be valid if our address were " + before.to_string()), std::string::npos)
      << rig.found[0].text;
}

TEST_P(Received, ATranslatedAddressOfAPeerIsNamed) {
  const int single = GetParam() == 4 ? 32 : 128;
  rig.verifier.set_peers(
      {{.peer = {rig.peer, single}, .keys = {rig.key}}, {.peer = {rig.somebody, single}, .keys = {rig.other_key}}});
  Frame frame = rewritten(rig.make_received(100), [&](Draft& it) { it.source = rig.somebody; });
  sign(frame, rig.other_key);
  rig.received(rewritten(frame, [&](Draft& it) { it.source = rig.peer; }));
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_NE(rig.found[0].text.find("would be valid if the peer's address were " + rig.somebody.to_string()),
            std::string::npos)
      << rig.found[0].text;
}

TEST_P(Received, AFloodOfForgedSegmentsCostsABoundedNumberOfProofs) {
  rig.received(rig.make_received(1440));
  Frame forged = rig.make_received(1440);
  Draft longer = draft_of(forged);
  longer.payload.resize(8000);
  forged = frame_of(longer);
  sign(forged, rig.other_key);
  // Each would cost thousands of digests: unbounded, this would take minutes.
  for (int i = 0; i < 1000; ++i) rig.received(forged);
  EXPECT_EQ(rig.found.size(), 1000U);
  EXPECT_EQ(rig.found.back().fault, FaultClass::kReceivedWrongKey);
}

}  // namespace
}  // namespace tw::tcpmd5
