// Fields replaced one by one, pieces put together, parts tried: what the proofs rest on.
#include "tcpmd5/verify/substitution.h"

#include "tcpmd5/verify/finding.h"
#include "tcpmd5/verify/merge_proof.h"
#include "tcpmd5/verify/reassembly.h"
#include "tcpmd5/verify/stream_match.h"
#include "tests/unit/tcpmd5/verify/rig.h"

#include <set>

namespace tw::tcpmd5 {
namespace {

TEST(EditedSegment, EachFieldPutBackMakesTheDigestValidAgain) {
  Rig rig(4);
  const Frame sent = rig.make(64);
  const Frame changed = rewritten(sent, [&](Draft& it) {
    it.source = rig.somebody;
    it.destination = rig.us;
    it.source_port += 1;
    it.destination_port += 1;
    it.sequence += 1;
    it.acknowledgment += 1;
    it.flags ^= tcp_flag::kEce;
    it.window += 1;
  });
  const Segment original = segment_in(sent);
  const auto fields = differing_fields(segment_in(changed), original);
  EXPECT_EQ(fields.size(), 8U);
  EditedSegment undone(segment_in(changed));
  for (const HeaderField field : fields) {
    EXPECT_FALSE(undone.validates(std::array{rig.key})) << "without the " << to_string(field);
    undone.take(field, original);
  }
  EXPECT_TRUE(undone.validates(std::array{rig.key}));
  EXPECT_TRUE(differing_fields(undone.segment(), original).empty());
}

TEST(EditedSegment, TheReservedBitsCountAsFlags) {
  Rig rig(4);
  const Frame sent = rig.make(64);
  Frame changed = sent;
  changed[tcp_at(changed) + 12] |= 1;
  const Segment seen = segment_in(changed);
  EXPECT_EQ(differing_fields(seen, segment_in(sent)), std::vector{HeaderField::kFlags});
  EditedSegment undone(seen);
  undone.take(HeaderField::kFlags, segment_in(sent));
  EXPECT_TRUE(undone.validates(std::array{rig.key}));
}

TEST(Reassembly, NeedsEveryPieceInOrderAndTheKey) {
  Rig rig(6);
  const Frame whole = rig.make(3000);
  std::vector<Frame> frames;
  for (std::size_t at = 0; at < 3000; at += 1000)
    frames.push_back(rewritten(whole, [at](Draft& it) {
      it.sequence += static_cast<std::uint32_t>(at);
      if (at < 2000) it.flags = tcp_flag::kAck;
      it.payload.assign(it.payload.begin() + static_cast<std::ptrdiff_t>(at),
                        it.payload.begin() + static_cast<std::ptrdiff_t>(at + 1000));
    }));
  const std::vector<Segment> pieces{segment_in(frames[0]), segment_in(frames[1]), segment_in(frames[2])};
  EXPECT_TRUE(reassembly_validates(pieces, std::array{rig.key}));
  EXPECT_FALSE(reassembly_validates(pieces, std::array{rig.other_key}));
  EXPECT_FALSE(reassembly_validates(std::span(pieces).first(2), std::array{rig.key}));
  EXPECT_FALSE(reassembly_validates(std::vector{pieces[0], pieces[2], pieces[1]}, std::array{rig.key}));
  EXPECT_FALSE(reassembly_validates({}, std::array{rig.key}));
}

TEST(CompareOctets, LengthsCountAsDifferences) {
  const std::vector<std::uint8_t> shorter{1, 2, 3}, longer{1, 9, 3, 4, 5};
  const OctetDifferences it = compare_octets(longer, shorter);
  EXPECT_EQ(it.first, 1U);
  EXPECT_EQ(it.last, 4U);
  EXPECT_EQ(it.count, 3U);
  EXPECT_EQ(compare_octets(shorter, std::span(longer).first(1)).first, 1U);
  EXPECT_EQ(compare_octets(shorter, shorter).count, 0U);
}

TEST(StreamMatch, OctetsAreKnownOnlyWithoutAGap) {
  Rig rig(4);
  KeptSegments kept;
  std::vector<std::uint8_t> stream;
  const std::uint32_t begin = rig.next;
  for (int i = 0; i < 3; ++i) {
    const Frame frame = rig.make(100);
    const Draft draft = draft_of(frame);
    stream.insert(stream.end(), draft.payload.begin(), draft.payload.end());
    if (i != 1) kept.add(rig.copy_of(frame), true, 0);
  }
  EXPECT_TRUE(match_stream(kept, begin, std::span(stream).first(100)).matches());
  EXPECT_TRUE(match_stream(kept, begin + 20, std::span(stream).subspan(20, 80)).matches());
  EXPECT_FALSE(match_stream(kept, begin + 20, std::span(stream).subspan(20, 80)).whole);
  EXPECT_FALSE(match_stream(kept, begin, std::span(stream).first(101)).known);
  EXPECT_FALSE(match_stream(kept, begin, stream).known);
  EXPECT_FALSE(match_stream(kept, begin + 250, std::span(stream).subspan(250)).whole);
  stream[30] ^= 1;
  const StreamMatch differs = match_stream(kept, begin, std::span(stream).first(100));
  EXPECT_TRUE(differs.known);
  EXPECT_FALSE(differs.matches());
  EXPECT_EQ(differs.differences.first, 30U);
}

TEST(MergeProof, IsNotFoundInAWholeSegmentAndStopsWithItsBudget) {
  Rig rig(4);
  const Frame frame = rig.make(1000);
  WorkBudget enough(0, 1 << 30), nothing(0, 0);
  EXPECT_FALSE(prove_merge(segment_in(frame), std::array{rig.key}, {}, true, enough));
  Draft longer = draft_of(frame);
  longer.payload.resize(1200);
  Frame merged = frame_of(longer);
  copy_digest(frame, merged);
  EXPECT_FALSE(prove_merge(segment_in(merged), std::array{rig.key}, {}, true, nothing));
  EXPECT_FALSE(prove_merge(segment_in(merged), std::array{rig.key}, std::array<std::size_t, 1>{900}, false, enough));
  const auto proof = prove_merge(segment_in(merged), std::array{rig.key}, {}, true, enough);
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->piece, 1000U);
  EXPECT_TRUE(proof->first);
}

TEST(WorkBudget, RefillsWithTimeUpToItsMost) {
  WorkBudget budget(10, 20);
  const TimePoint start{std::chrono::hours(1)};
  budget.refill(start);
  EXPECT_TRUE(budget.spend(20));
  EXPECT_FALSE(budget.spend(1));
  budget.refill(start + 500ms);
  EXPECT_TRUE(budget.spend(5));
  EXPECT_FALSE(budget.spend(1));
  budget.refill(start + 1h);
  EXPECT_FALSE(budget.spend(21));
  EXPECT_TRUE(budget.spend(20));
}

TEST(FaultClass, EachHasNamesOfItsOwn) {
  std::set<std::string_view> words, names;
  const auto last = static_cast<std::size_t>(FaultClass::kReceivedUnexpected);
  for (std::size_t i = 0; i <= last; ++i) {
    const auto fault = static_cast<FaultClass>(i);
    words.insert(to_string(fault));
    names.insert(name_of(fault));
    EXPECT_EQ(name_of(fault).find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos);
  }
  EXPECT_EQ(words.size(), last + 1);
  EXPECT_EQ(names.size(), last + 1);
  EXPECT_FALSE(words.contains("unknown"));
}

}  // namespace
}  // namespace tw::tcpmd5
