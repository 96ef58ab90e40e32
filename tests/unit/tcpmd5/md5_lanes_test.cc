// Every engine that this processor has, against Md5, block by block.
#include "tcpmd5/md5_lanes.h"

#include "tcpmd5/md5.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace tw::tcpmd5 {
namespace {

class EveryEngine : public ::testing::TestWithParam<Md5Engine> {};

INSTANTIATE_TEST_SUITE_P(Md5Lanes, EveryEngine, ::testing::ValuesIn(md5_engines().begin(), md5_engines().end()),
                         [](const auto& engine) { return std::string(engine.param.name); });

// The state after whole blocks is what Md5 has before its padding; seen through a digest of blocks that end in padding.
std::vector<std::uint8_t> padded(std::vector<std::uint8_t> message) {
  const std::uint64_t bits = message.size() * 8;
  message.push_back(0x80);
  while (message.size() % kMd5Block != 56) message.push_back(0);
  for (int i = 0; i < 8; ++i) message.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
  return message;
}

TEST_P(EveryEngine, GivesEachLaneTheDigestOfItsOwnMessage) {
  const Md5Engine& engine = GetParam();
  std::mt19937 random(1);
  for (const std::size_t blocks : {1U, 2U, 3U, 24U}) {
    std::vector<std::vector<std::uint8_t>> messages(engine.lanes);
    std::vector<Md5::Digest> expected;
    std::vector<std::uint8_t> memory[kMaxMd5Lanes];
    std::array<const std::uint8_t*, kMaxMd5Lanes> data{};
    std::vector<std::uint32_t> state(4 * engine.lanes);
    for (std::size_t lane = 0; lane < engine.lanes; ++lane) {
      auto& message = messages[lane];
      message.resize((blocks - 1) * kMd5Block + lane);
      for (auto& octet : message) octet = static_cast<std::uint8_t>(random());
      Md5 md5;
      md5.update(message);
      expected.push_back(md5.finish());
      const auto whole = padded(message);
      ASSERT_EQ(whole.size(), blocks * kMd5Block);
      memory[lane].assign(lane % 3, 0);  // not aligned
      memory[lane].insert(memory[lane].end(), whole.begin(), whole.end());
      data[lane] = memory[lane].data() + lane % 3;
      for (std::size_t i = 0; i < 4; ++i) state[i * engine.lanes + lane] = kMd5Start[i];
    }
    engine.run(state.data(), data.data(), blocks);
    for (std::size_t lane = 0; lane < engine.lanes; ++lane)
      for (std::size_t i = 0; i < 16; ++i)
        ASSERT_EQ(static_cast<std::uint8_t>(state[i / 4 * engine.lanes + lane] >> (8 * (i % 4))), expected[lane][i])
            << "lane " << lane << " of " << engine.name << ", " << blocks << " blocks, octet " << i;
  }
}

TEST_P(EveryEngine, GoesOnWhereItStopped) {
  const Md5Engine& engine = GetParam();
  std::vector<std::uint8_t> octets(5 * kMd5Block);
  std::mt19937 random(2);
  for (auto& octet : octets) octet = static_cast<std::uint8_t>(random());
  std::array<const std::uint8_t*, kMaxMd5Lanes> data{};
  data.fill(octets.data());
  std::vector<std::uint32_t> at_once(4 * engine.lanes, 7), in_parts = at_once;
  engine.run(at_once.data(), data.data(), 5);
  engine.run(in_parts.data(), data.data(), 2);
  data.fill(octets.data() + 2 * kMd5Block);
  engine.run(in_parts.data(), data.data(), 3);
  EXPECT_EQ(at_once, in_parts);
}

TEST(Md5Lanes, ThePlainEngineIsAlwaysThereAndMoreLanesComeLater) {
  ASSERT_FALSE(md5_engines().empty());
  EXPECT_EQ(md5_engines().front().name, "plain");
  for (std::size_t i = 1; i < md5_engines().size(); ++i) EXPECT_GT(md5_engines()[i].lanes, md5_engines()[i - 1].lanes);
  EXPECT_EQ(fastest_md5_engine().lanes, md5_engines().back().lanes);
}

}  // namespace
}  // namespace tw::tcpmd5
