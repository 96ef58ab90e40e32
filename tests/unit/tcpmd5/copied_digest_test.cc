#include "tcpmd5/copied_digest.h"

#include "tests/unit/tcpmd5/signed_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tw::tcpmd5 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<Key> kKeys{Key("another"), Key("secret")};

FrameSpec whole(std::size_t size, bool v6 = false) {
  FrameSpec spec{.sequence = 0xfffffff0,
                 .flags = tcp_flag::kAck | tcp_flag::kPsh,
                 .payload = numbered_payload(size),
                 .key = "secret"};
  if (v6) {
    spec.source = "2001:db8::1";
    spec.destination = "2001:db8::2";
  }
  return spec;
}

// Feeds the frames, numbered from 1; returns the groups proven.
std::vector<std::vector<std::uint64_t>> proven_in(const std::vector<Frame>& frames, std::span<const Key> keys = kKeys) {
  CopiedDigestProof proof;
  std::vector<std::vector<std::uint64_t>> groups;
  std::uint64_t number = 0;
  for (const Frame& frame : frames) {
    auto result = proof.take(segment_of(frame), ++number, keys);
    if (!result.proven.empty()) groups.push_back(std::move(result.proven));
  }
  return groups;
}

TEST(CopiedDigest, ThePiecesOfASegmentThatWasCutAreProvenAtTheLast) {
  for (const bool v6 : {false, true}) {
    EXPECT_THAT(proven_in(cut_after_signing(whole(7140, v6), 1440)), ElementsAre(ElementsAre(1, 2, 3, 4, 5))) << v6;
    EXPECT_THAT(proven_in(cut_after_signing(whole(1500, v6), 1440)), ElementsAre(ElementsAre(1, 2))) << v6;
  }
}

TEST(CopiedDigest, TwoGroupsInARowAreTwo) {
  FrameSpec second = whole(2880);
  second.sequence += 4320;
  auto frames = cut_after_signing(whole(4320), 1440);
  for (const Frame& frame : cut_after_signing(second, 1440)) frames.push_back(frame);
  EXPECT_THAT(proven_in(frames), ElementsAre(ElementsAre(1, 2, 3), ElementsAre(4, 5)));
}

TEST(CopiedDigest, FlowsDoNotDisturbOneAnother) {
  FrameSpec other = whole(2880);
  other.destination_port = 40'001;
  const auto one = cut_after_signing(whole(2880), 1440), two = cut_after_signing(other, 1440);
  EXPECT_THAT(proven_in({one[0], two[0], two[1], one[1]}), ElementsAre(ElementsAre(2, 3), ElementsAre(1, 4)));
}

TEST(CopiedDigest, WithAPieceMissingNothingIsProven) {
  const auto pieces = cut_after_signing(whole(7140), 1440);
  for (std::size_t missing = 0; missing < pieces.size(); ++missing) {
    auto frames = pieces;
    frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(missing));
    EXPECT_THAT(proven_in(frames), IsEmpty()) << missing;
  }
}

TEST(CopiedDigest, EqualDigestsAloneProveNothing) {
  auto pieces = cut_after_signing(whole(2880), 1440);
  pieces[1].back() ^= 1U;
  EXPECT_THAT(proven_in(pieces), IsEmpty());
  EXPECT_THAT(proven_in(cut_after_signing(whole(2880), 1440), {kKeys.data(), 1}), IsEmpty());
}

TEST(CopiedDigest, ARunTellsWhereItBegan) {
  const auto pieces = cut_after_signing(whole(4320), 1440);
  CopiedDigestProof proof;
  EXPECT_EQ(proof.take(segment_of(pieces[0]), 12, kKeys).run_began, 0U);
  EXPECT_EQ(proof.take(segment_of(pieces[1]), 15, kKeys).run_began, 12U);
  const auto last = proof.take(segment_of(pieces[2]), 16, kKeys);
  EXPECT_EQ(last.run_began, 12U);
  EXPECT_THAT(last.proven, ElementsAre(12, 15, 16));
  EXPECT_EQ(proof.take(segment_of(pieces[0]), 17, kKeys).run_began, 0U);
}

// A run that never ends must not cost more with each piece.
TEST(CopiedDigest, ARunIsBounded) {
  CopiedDigestProof proof;
  FrameSpec spec{.payload = {7}, .key = "wrong"};
  Frame frame = make_frame(spec);
  std::uint64_t longest = 0;
  for (std::uint64_t number = 1; number <= 1000; ++number) {
    put_be(frame, 34 + 4, static_cast<std::uint32_t>(number), 4);
    const auto result = proof.take(segment_of(frame), number, kKeys);
    if (result.run_began != 0) longest = std::max(longest, number - result.run_began + 1);
  }
  EXPECT_EQ(longest, CopiedDigestProof::kMaxPieces);
}

}  // namespace
}  // namespace tw::tcpmd5
