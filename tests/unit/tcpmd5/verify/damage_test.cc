// Each kind of damage on the wire, in both families, is called by its name and shown by what can prove it.
#include "tests/unit/tcpmd5/verify/rig.h"

namespace tw::tcpmd5 {
namespace {

using Damage = BothFamilies;
INSTANTIATE_TEST_SUITE_P(, Damage, testing::Values(4, 6), family_name);

TEST_P(Damage, NothingIsSaidOfAHealthyWire) {
  for (int i = 0; i < 100; ++i) rig.send(i % 3 == 0 ? 0 : 1440);
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.counts().wire, 101U);
  EXPECT_EQ(rig.counts().wire_valid, 101U);
  EXPECT_EQ(rig.counts().reference, 101U);
}

TEST_P(Damage, ADigestCopiedFromTheSegmentBeforeIsProven) {
  const Frame first = rig.send(1440);
  Frame second = rig.hand_over(1440);
  copy_digest(first, second);
  rig.wire(second);
  EXPECT_EQ(rig.found.size(), 1U) << "at once, both references are known";
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kCopiedDigest);
  EXPECT_TRUE(it.proven);
  EXPECT_EQ(it.remote, rig.peer);
  EXPECT_EQ(it.ifindex, Rig::kDevice);
  EXPECT_EQ(it.text,
            "segment 1441..2881 (1440 octets) carries the digest of the segment 1..1441 (1440 octets); both validate "
            "as handed to the NIC");
  ASSERT_TRUE(it.evidence);
  ASSERT_EQ(it.evidence->segments.size(), 3U);
  EXPECT_EQ(it.evidence->segments[0].frame, second);
  EXPECT_EQ(it.evidence->segments[0].where, "mirror:eth1");
  EXPECT_EQ(it.evidence->segments[2].frame, first);
}

TEST_P(Damage, ADigestCopiedFromTheSynIsProven) {
  Rig fresh(GetParam());
  const Frame syn = fresh.pass([&] {
    fresh.port = 40001;
    return fresh.make_syn();
  }());
  Frame data = fresh.hand_over(100);
  copy_digest(syn, data);
  fresh.wire(data);
  EXPECT_EQ(fresh.only().fault, FaultClass::kCopiedDigest);
}

TEST_P(Damage, ADigestCopiedBetweenEmptyAcknowledgmentsIsNoRewrittenHeader) {
  const Frame first = rig.send(0);
  rig.acknowledgment += 100;
  Frame second = rig.hand_over(0);
  copy_digest(first, second);
  rig.wire(second);
  EXPECT_EQ(rig.only().fault, FaultClass::kCopiedDigest);
}

TEST_P(Damage, ADigestCopiedFromAnotherConnectionOfThePeerIsProven) {
  const Frame other = rig.send(200);
  rig.port = 40001;
  rig.next = 500;
  rig.pass(rig.make_syn());
  Frame data = rig.hand_over(200);
  copy_digest(other, data);
  rig.wire(data);
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kCopiedDigest);
  EXPECT_NE(it.text.find("of another connection (port 40000)"), std::string::npos) << it.text;
}

// Several small segments under the header of the first, cut anew at another size.
TEST_P(Damage, CoalescedAndCutAnewTheCopiedDigestIsProvenByTheOctets) {
  std::vector<std::uint8_t> stream;
  std::vector<Frame> frames;
  for (int i = 0; i < 6; ++i) {
    frames.push_back(rig.hand_over(500));
    const Segment it = segment_in(frames.back());
    stream.insert(stream.end(), it.payload.begin(), it.payload.end());
  }
  rig.send(1440);  // segments of this size are usual
  for (std::size_t at = 0; at < stream.size(); at += 1440) {
    Draft piece = draft_of(frames.front());
    piece.sequence += static_cast<std::uint32_t>(at);
    piece.payload.assign(stream.begin() + static_cast<std::ptrdiff_t>(at),
                         stream.begin() + static_cast<std::ptrdiff_t>(std::min(at + 1440, stream.size())));
    Frame frame = frame_of(piece);
    copy_digest(frames.front(), frame);
    rig.wire(frame);
  }
  rig.advance(2s);
  ASSERT_EQ(rig.found.size(), 3U) << rig.all();
  for (const Finding& it : rig.found) {
    EXPECT_EQ(it.fault, FaultClass::kCopiedDigest);
    EXPECT_TRUE(it.proven);
  }
}

// The references are not seen at all: the copies prove it by themselves.
TEST_P(Damage, CopiedDigestsAreProvenByReassemblyWithoutReferences) {
  const Frame whole = rig.make(3000);
  const std::vector<std::uint8_t> octets = draft_of(whole).payload;
  std::vector<Frame> pieces;
  for (std::size_t at = 0; at < octets.size(); at += 1440) {
    Draft piece = draft_of(whole);
    const std::size_t end = std::min(at + 1440, octets.size());
    piece.sequence += static_cast<std::uint32_t>(at);
    if (end < octets.size()) piece.flags = tcp_flag::kAck;
    piece.payload.assign(octets.begin() + static_cast<std::ptrdiff_t>(at),
                         octets.begin() + static_cast<std::ptrdiff_t>(end));
    pieces.push_back(frame_of(piece));
    copy_digest(whole, pieces.back());
  }
  rig.wire(pieces[1]);  // the order does not matter
  rig.wire(pieces[0]);
  rig.wire(pieces[2]);
  rig.advance(2s);
  ASSERT_EQ(rig.found.size(), 3U) << rig.all();
  for (const Finding& it : rig.found) {
    EXPECT_EQ(it.fault, FaultClass::kCopiedDigest);
    EXPECT_TRUE(it.proven);
    EXPECT_NE(it.text.find("one of 3 with one digest"), std::string::npos) << it.text;
  }
}

// References are seen as they were sent, but not the one whose digest the pieces carry.
TEST_P(Damage, PiecesThatAreAlikeToReferencesAreProvenByReassemblyToo) {
  const Frame whole = rig.make(2880);
  rig.next -= 2880;
  const std::vector<std::uint8_t> octets = draft_of(whole).payload;
  for (std::size_t at = 0; at < octets.size(); at += 1440) {
    Draft piece = draft_of(whole);
    piece.sequence += static_cast<std::uint32_t>(at);
    piece.payload.assign(octets.begin() + static_cast<std::ptrdiff_t>(at),
                         octets.begin() + static_cast<std::ptrdiff_t>(at + 1440));
    Frame frame = rig.make(piece);
    rig.sent(frame);
    copy_digest(whole, frame);
    rig.wire(frame);
  }
  rig.advance(2s);
  ASSERT_EQ(rig.found.size(), 2U) << rig.all();
  for (const Finding& it : rig.found) {
    EXPECT_EQ(it.fault, FaultClass::kCopiedDigest);
    EXPECT_TRUE(it.proven);
  }
}

TEST_P(Damage, AnOptionOverwrittenWithNopsIsStripped) {
  rig.wire(stripped_by_nops(rig.hand_over(100)));
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kOptionStripped);
  EXPECT_TRUE(it.proven);
  EXPECT_NE(it.text.find("was overwritten with NOPs"), std::string::npos) << it.text;
}

TEST_P(Damage, AnOptionCutOutIsStripped) {
  rig.wire(stripped_by_cutting(rig.hand_over(100)));
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kOptionStripped);
  EXPECT_TRUE(it.proven);
  EXPECT_NE(it.text.find("was cut out"), std::string::npos) << it.text;
}

TEST_P(Damage, ASynCanBeStrippedToo) {
  rig.port = 40001;
  const Frame syn = rig.make_syn();
  rig.sent(syn);
  rig.wire(stripped_by_nops(syn));
  EXPECT_EQ(rig.only().fault, FaultClass::kOptionStripped);
}

TEST_P(Damage, AStripperThatShiftsSequenceNumbersIsBoth) {
  constexpr std::uint32_t kShift = 0x12345678;
  const auto shifted = [](Draft& it) { it.sequence += kShift; };
  rig.port = 40001;
  const Frame syn = rig.make_syn();
  rig.sent(syn);
  rig.wire(stripped_by_nops(rewritten(syn, shifted)));
  const Frame data = rig.hand_over(100);
  rig.wire(stripped_by_nops(rewritten(data, shifted)));
  const Frame ack = rig.hand_over(0);
  rig.advance(200ms);  // until the shift is known
  rig.wire(stripped_by_nops(rewritten(ack, shifted)));
  rig.advance(2s);
  ASSERT_EQ(rig.found.size(), 3U) << rig.all();
  for (const Finding& it : rig.found) {
    EXPECT_EQ(it.fault, FaultClass::kOptionStripped) << it.text;
    EXPECT_EQ(it.fields, std::vector{HeaderField::kSequence});
    EXPECT_EQ(it.sequence_shift, kShift);
    EXPECT_TRUE(it.proven);
  }
}

TEST_P(Damage, AStripperThatTranslatesAddressesIsBoth) {
  rig.wire(stripped_by_nops(rewritten(rig.hand_over(100), [&](Draft& it) { it.source = rig.somebody; })));
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kOptionStripped);
  EXPECT_EQ(it.fields, std::vector{HeaderField::kSourceAddress});
  EXPECT_EQ(it.local, rig.us);
}

TEST_P(Damage, AnAlteredDigestIsARebuiltOption) {
  Frame frame = rig.hand_over(100);
  frame[digest_at(frame) + 3] ^= 0x10;
  rig.wire(frame);
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kOptionRebuilt);
  EXPECT_TRUE(it.proven);
}

TEST_P(Damage, OptionsOfAnotherLengthAreRebuilt) {
  const Frame sent = rig.hand_over(100);
  Frame frame = sent;
  const std::size_t options = tcp_at(frame) + 20;
  insert(frame, options, Frame(4, 1));
  frame[tcp_at(sent) + 12] += 0x10;
  const std::size_t length_at = GetParam() == 4 ? 16 : 18;
  put16(frame, length_at, std::size_t{frame[length_at]} * 256 + frame[length_at + 1] + 4);
  finish_checksum(frame);
  rig.wire(frame);
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kOptionRebuilt);
  EXPECT_TRUE(it.proven);
  EXPECT_NE(it.text.find("24 octets of options instead of 20"), std::string::npos) << it.text;
}

TEST_P(Damage, EachRewrittenFieldIsNamed) {
  const std::vector<std::pair<HeaderField, void (*)(Draft&)>> rewrites{
      {HeaderField::kSequence, [](Draft& it) { it.sequence += 1000000; }},
      {HeaderField::kAcknowledgment, [](Draft& it) { it.acknowledgment -= 5; }},
      {HeaderField::kFlags, [](Draft& it) { it.flags ^= tcp_flag::kEce; }},
      {HeaderField::kWindow, [](Draft& it) { it.window = 4; }},
      {HeaderField::kSourcePort, [](Draft& it) { it.source_port = 1025; }},
      {HeaderField::kDestinationPort, [](Draft& it) { it.destination_port = 180; }},
  };
  for (const auto& [field, rewrite] : rewrites) {
    for (const std::size_t size : {0, 19, 1440}) {
      Rig fresh(GetParam());
      fresh.wire(rewritten(fresh.hand_over(size), rewrite));
      const Finding it = fresh.only();
      EXPECT_EQ(it.fault, FaultClass::kHeaderRewritten) << to_string(field) << " " << it.text;
      EXPECT_EQ(it.fields, std::vector{field}) << it.text;
      EXPECT_TRUE(it.proven);
      EXPECT_EQ(it.sequence_shift, field == HeaderField::kSequence ? 1000000 : 0);
      EXPECT_EQ(it.local_port, fresh.port);
    }
  }
}

TEST_P(Damage, TheUrgentPointerIsNamedToo) {
  Frame frame = rig.hand_over(100);
  put16(frame, tcp_at(frame) + 18, 9);
  finish_checksum(frame);
  rig.wire(frame);
  EXPECT_EQ(rig.only().fields, std::vector{HeaderField::kUrgent});
}

TEST_P(Damage, ATranslatedAddressIsNamedWithTheOneThatValidates) {
  rig.wire(rewritten(rig.hand_over(100), [&](Draft& it) {
    it.source = rig.somebody;
    it.source_port = 61000;
  }));
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kHeaderRewritten);
  EXPECT_EQ(it.fields, (std::vector{HeaderField::kSourceAddress, HeaderField::kSourcePort}));
  EXPECT_TRUE(it.proven);
  EXPECT_EQ(it.local, rig.us) << "as our host sees it";
  EXPECT_NE(it.text.find(rig.somebody.to_string() + " instead of " + rig.us.to_string()), std::string::npos) << it.text;
}

TEST_P(Damage, ATranslatedPeerIsNamedToo) {
  rig.wire(rewritten(rig.hand_over(100), [&](Draft& it) { it.destination = rig.somebody; }));
  const Finding it = rig.only();
  EXPECT_EQ(it.fields, std::vector{HeaderField::kDestinationAddress});
  EXPECT_EQ(it.remote, rig.peer);
}

TEST_P(Damage, ChangedOctetsAreCountedAndPlaced) {
  Frame frame = rig.hand_over(1440);
  frame[payload_at(frame) + 700] ^= 0xff;
  frame[payload_at(frame) + 702] ^= 0xff;
  finish_checksum(frame);
  rig.wire(frame);
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kPayloadChanged);
  EXPECT_TRUE(it.proven);
  EXPECT_EQ(it.first_difference, 700U);
  EXPECT_EQ(it.differences, 2U);
  EXPECT_FALSE(it.at_segment_edge);
  EXPECT_FALSE(it.at_page_edge);
}

TEST_P(Damage, ChangesAtTheEndOfAFullSegmentAreSaidToBeThere) {
  rig.send(1440);
  Frame frame = rig.hand_over(1440);
  frame.back() ^= 1;
  finish_checksum(frame);
  rig.wire(frame);
  EXPECT_TRUE(rig.only().at_segment_edge);
}

TEST_P(Damage, ChangesAtAPageBoundaryOfALongSegmentAreSaidToBeThere) {
  Frame frame = rig.hand_over(8940);
  frame[payload_at(frame) + 4096] ^= 1;
  finish_checksum(frame);
  rig.wire(frame);
  const Finding it = rig.only();
  EXPECT_TRUE(it.at_page_edge);
  EXPECT_FALSE(it.at_segment_edge);
}

TEST_P(Damage, ASegmentWithOctetsAddedHasAChangedPayload) {
  const Frame sent = rig.hand_over(100);
  rig.wire(rewritten(sent, [](Draft& it) { it.payload.insert(it.payload.end(), 6, 0); }));
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kPayloadChanged);
  EXPECT_EQ(it.first_difference, 100U);
  EXPECT_EQ(it.differences, 6U);
}

TEST_P(Damage, AWrongChecksumUnderAValidDigestIsAClassOfItsOwn) {
  Frame frame = rig.hand_over(100);
  frame[tcp_at(frame) + 16] ^= 0x40;
  rig.wire(frame);
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kChecksumWrong);
  EXPECT_TRUE(it.proven);
  EXPECT_EQ(rig.counts().wire_bad, 1U);
}

TEST_P(Damage, AChecksumThatIsStillToBeFinishedIsNotWrong) {
  Frame frame = rig.hand_over(100);
  frame[tcp_at(frame) + 16] ^= 0x40;
  Copy copy = rig.copy_of(frame);
  copy.checksum_unfinished = true;
  rig.wire(copy);
  rig.advance(2s);
  EXPECT_EQ(rig.all(), "");
}

TEST_P(Damage, SegmentsInOneThatIsLongerThanAnyAreMerged) {
  const Frame first = rig.hand_over(1440), second = rig.hand_over(1440), third = rig.hand_over(700);
  Draft whole = draft_of(first);
  for (const Frame* const it : {&second, &third}) {
    const Draft more = draft_of(*it);
    whole.payload.insert(whole.payload.end(), more.payload.begin(), more.payload.end());
  }
  Frame merged = frame_of(whole);
  copy_digest(first, merged);
  rig.wire(merged);
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kMerged);
  EXPECT_TRUE(it.proven);
  EXPECT_NE(it.text.find("is 3 segments in one"), std::string::npos) << it.text;
}

TEST_P(Damage, WhatNobodyHereSentIsInjected) {
  rig.send(100);
  Draft forged = rig.draft(0);
  forged.flags = tcp_flag::kRst;
  forged.with_option = false;
  rig.wire(frame_of(forged));
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kInjected);
  EXPECT_FALSE(it.proven);
  EXPECT_NE(it.text.find("is unsigned, and this host did not send it"), std::string::npos) << it.text;
}

TEST_P(Damage, ForgedOctetsUnderAForgedDigestAreInjected) {
  rig.send(100);
  Frame forged = frame_of(rig.draft(100));
  sign(forged, rig.other_key);
  rig.wire(forged);
  EXPECT_EQ(rig.only().fault, FaultClass::kInjected);
}

TEST_P(Damage, WhatDoesNotArriveIsLostOnceLaterOnesDid) {
  const Frame lost = rig.hand_over(1440);
  rig.advance(10ms);
  rig.send(100);
  const Finding it = rig.only();
  EXPECT_EQ(it.fault, FaultClass::kLost);
  EXPECT_EQ(it.sequence, segment_in(lost).sequence);
  ASSERT_TRUE(it.evidence);
  EXPECT_EQ(it.evidence->segments.front().frame, lost);
}

TEST_P(Damage, ALostRetransmissionIsLostByItself) {
  const Frame frame = rig.send(1440);
  rig.advance(200ms);
  rig.acknowledgment += 1;  // so that its digest is another
  Draft again = draft_of(frame);
  again.acknowledgment = rig.acknowledgment;
  rig.sent(rig.make(again));
  rig.advance(10ms);
  rig.send(10);
  EXPECT_EQ(rig.only().fault, FaultClass::kLost);
}

}  // namespace
}  // namespace tw::tcpmd5
