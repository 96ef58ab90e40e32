#include "tcpmd5/decoy/decoy_pattern.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

namespace tw::tcpmd5 {
namespace {

using How = DecoyWrite::How;

std::vector<DecoyWrite> one_round(DecoyPattern& pattern) {
  std::vector<DecoyWrite> writes;
  for (const std::size_t before = pattern.rounds(); pattern.rounds() == before;) writes.push_back(pattern.next());
  return writes;
}
bool any(const std::vector<DecoyWrite>& writes, const std::function<bool(const DecoyWrite&)>& is) {
  return std::ranges::any_of(writes, is);
}

class DecoyPatternOf : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(SegmentSizes, DecoyPatternOf, testing::Values(216, 536, 1420, 1440, 8940));

TEST_P(DecoyPatternOf, ARoundHoldsWhateverIsKnownToProvokeAFault) {
  const std::size_t mss = GetParam();
  DecoyPattern pattern(mss);
  const auto round = one_round(pattern);
  for (const std::size_t size : {DecoyPattern::kSmall, std::size_t{1}, mss - 1, mss, mss + 1, 2 * mss})
    EXPECT_TRUE(any(round, [&](const DecoyWrite& write) { return write.octets == size; })) << size;
  EXPECT_TRUE(any(round, [&](const DecoyWrite& write) {
    return write.octets == std::min(44 * mss, DecoyPattern::kMaxWrite);
  })) << "a burst";
  for (const How how : {How::kCopied, How::kPieces, How::kOwnPages})
    EXPECT_TRUE(any(round, [&](const DecoyWrite& write) { return write.how == how && write.octets >= mss; }));
  EXPECT_TRUE(any(round,
                  [](const DecoyWrite& write) {
                    return write.how == How::kOwnPages && write.offset % 4096 != 0 &&
                           write.offset / 4096 != (write.offset + 1400) / 4096;
                  }) ||
              mss < 1400)
      << "pages that are crossed within a segment";
}

TEST_P(DecoyPatternOf, NeverReadsBeyondTheContentHoweverLongItRuns) {
  DecoyPattern pattern(GetParam(), 12345);
  while (pattern.rounds() < 100) {
    const DecoyWrite write = pattern.next();
    ASSERT_GT(write.octets, 0U);
    ASSERT_LE(write.octets, DecoyPattern::kMaxWrite);
    ASSERT_LE(write.offset + write.octets, DecoyPattern::kContentOctets);
    ASSERT_TRUE(write.how != How::kPieces || write.piece > 0);
  }
}

TEST_P(DecoyPatternOf, KeepsItsRate) {
  DecoyPattern pattern(GetParam());
  std::size_t bits = 0;
  std::chrono::milliseconds time{0};
  while (pattern.rounds() < 10) {
    const DecoyWrite write = pattern.next();
    bits += write.octets * 8;
    time += write.pause;
  }
  const auto per_second = static_cast<double>(bits) / (static_cast<double>(time.count()) / 1000.0);
  EXPECT_LE(per_second, 1.05 * DecoyPattern::kMaxBitsPerSecond);
}

TEST(DecoyPattern, ARoundTakesFractionsOfASecond) {
  DecoyPattern pattern(1440);
  std::chrono::milliseconds time{0};
  for (const DecoyWrite& write : one_round(pattern)) time += write.pause;
  EXPECT_GE(time, std::chrono::milliseconds(100));
  EXPECT_LE(time, std::chrono::milliseconds(600));
}

TEST(DecoyPattern, EveryRoundBeginsElsewhereInTheContent) {
  DecoyPattern pattern(1440);
  std::set<std::size_t> edges;
  for (int round = 0; round < 20; ++round)
    for (const DecoyWrite& write : one_round(pattern))
      if (write.how == How::kOwnPages) edges.insert(write.offset % 4096);
  EXPECT_GT(edges.size(), 20U);
}

TEST(DecoyPattern, WhatIsAskedForComesFirstAndIsOfThatKind) {
  DecoyPattern pattern(1440);
  pattern.provoke({.min_payload = 1000, .failure_rate = 0.9});
  std::size_t single = 0, bursts = 0;
  for (; pattern.provoking();) {
    const DecoyWrite write = pattern.next();
    EXPECT_GE(write.octets, 1000U);
    (write.octets <= 1440 ? single : bursts) += 1;
  }
  EXPECT_GE(single, 2U);
  EXPECT_GE(bursts, 1U);
  EXPECT_EQ(pattern.next().octets, DecoyPattern::kSmall) << "then the round goes on";
}

TEST(DecoyPattern, OnlyBurstsAreWrittenWhereOnlyBurstsFail) {
  DecoyPattern pattern(1440);
  pattern.provoke({.bursts_only = true, .failure_rate = 1.0});
  ASSERT_TRUE(pattern.provoking());
  while (pattern.provoking()) EXPECT_GE(pattern.next().octets, 2 * 1440U);
}

TEST(DecoyPattern, RareDamageIsProvokedByMore) {
  const auto octets_for = [](double rate) {
    DecoyPattern pattern(1440);
    pattern.provoke({.failure_rate = rate});
    std::size_t octets = 0;
    while (pattern.provoking()) octets += pattern.next().octets;
    return octets;
  };
  EXPECT_GT(octets_for(0.1), 4 * octets_for(1.0));
}

TEST(DecoyPattern, SynsAreNotWritten) {
  DecoyPattern pattern(1440);
  pattern.provoke({.syn_only = true});
  EXPECT_FALSE(pattern.provoking());
}

}  // namespace
}  // namespace tw::tcpmd5
