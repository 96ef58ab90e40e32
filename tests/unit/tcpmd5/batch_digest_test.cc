// Many at once against one at a time, with every engine that this processor has.
#include "tcpmd5/batch_digest.h"

#include "tests/unit/tcpmd5/frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <random>

namespace tw::tcpmd5 {
namespace {

class EveryBatch : public ::testing::TestWithParam<Md5Engine> {};

INSTANTIATE_TEST_SUITE_P(BatchDigest, EveryBatch, ::testing::ValuesIn(md5_engines().begin(), md5_engines().end()),
                         [](const auto& engine) { return std::string(engine.param.name); });

// Segments made of random octets, which outlive them.
class Segments {
 public:
  explicit Segments(unsigned seed) : random_(seed) {}

  Segment& add(std::size_t payload, bool v6, std::size_t key_length) {
    Segment& segment = segments_.emplace_back();
    const char* ends[2][2] = {{"192.0.2.1", "198.51.100.2"}, {"2001:db8::1", "2001:db8:ffff::2"}};
    segment.source = boost::asio::ip::make_address(ends[v6 ? 1 : 0][0]);
    segment.destination = boost::asio::ip::make_address(ends[v6 ? 1 : 0][1]);
    segment.fixed_header = octets(20);
    segment.options = octets(20);
    segment.payload = octets(payload);
    std::string key(key_length, '\0');
    for (char& c : key) c = static_cast<char>(random_() % 255 + 1);
    keys_.emplace_back(key);
    jobs_.push_back({&segment, &keys_.back()});
    return segment;
  }
  std::span<const BatchDigest::Job> jobs() const { return jobs_; }
  std::mt19937& random() { return random_; }

 private:
  Octets octets(std::size_t count) {
    auto& memory = memory_.emplace_back(count);
    for (auto& octet : memory) octet = static_cast<std::uint8_t>(random_());
    return memory;
  }
  std::mt19937 random_;
  std::deque<std::vector<std::uint8_t>> memory_;
  std::deque<Segment> segments_;
  std::deque<Key> keys_;
  std::vector<BatchDigest::Job> jobs_;
};

void expect_same(const Segments& segments, BatchDigest& batch) {
  std::vector<Md5::Digest> digests(segments.jobs().size());
  batch.run(segments.jobs(), digests);
  for (std::size_t i = 0; i < digests.size(); ++i)
    ASSERT_EQ(digests[i], digest_of(*segments.jobs()[i].segment, *segments.jobs()[i].key))
        << "job " << i << ", payload " << segments.jobs()[i].segment->payload.size() << ", key "
        << segments.jobs()[i].key->octets().size();
}

TEST_P(EveryBatch, AgreesForEveryPlaceWhereABlockMayEnd) {
  BatchDigest batch(GetParam());
  for (const bool v6 : {false, true})
    for (const std::size_t key : {1U, 6U, 55U, 80U}) {
      Segments segments(3);
      for (std::size_t payload = 0; payload <= 200; ++payload) segments.add(payload, v6, key);
      expect_same(segments, batch);
    }
}

TEST_P(EveryBatch, AgreesForRandomLengthsUpToTheLongestSegmentThereIs) {
  BatchDigest batch(GetParam());
  Segments segments(4);
  for (int i = 0; i < 150; ++i) {
    const std::size_t most = std::array<std::size_t, 4>{64, 1500, 9000, 70'000}[segments.random()() % 4];
    const std::size_t payload = segments.random()() % (most + 1);
    const bool v6 = segments.random()() % 2 != 0;
    segments.add(payload, v6, segments.random()() % 80 + 1);
  }
  segments.add(70'000, true, 80);
  expect_same(segments, batch);
}

TEST_P(EveryBatch, AgreesWithFewerJobsThanLanesAndWhenUsedAgain) {
  BatchDigest batch(GetParam());
  for (std::size_t count = 0; count <= 2 * kMaxMd5Lanes + 1; ++count) {
    Segments segments(static_cast<unsigned>(count));
    for (std::size_t i = 0; i < count; ++i) segments.add(i * 97, i % 3 == 0, i + 1);
    expect_same(segments, batch);
  }
}

TEST_P(EveryBatch, FindsTheKernelsOwnSignaturesValid) {
  BatchChecker checker(GetParam());
  const auto frames = captured_frames();
  std::deque<Segment> segments;
  std::vector<BatchChecker::Question> questions;
  for (const CapturedFrame& it : frames) {
    segments.push_back(std::get<Segment>(parse_segment(it.frame, Link::kEthernet)));
    questions.push_back({&segments.back(), {&it.key, 1}});
  }
  for (const Signature answer : checker.check(questions)) EXPECT_EQ(answer, Signature::kValid);
}

TEST(BatchChecker, TriesEveryKeyAndOnlyThose) {
  Segments segments(5);
  std::vector<Key> keys{Key("first"), Key("second"), Key("third")};
  std::deque<Md5::Digest> digests;
  std::vector<BatchChecker::Question> questions;
  std::vector<Signature> expected;
  for (int i = 0; i < 40; ++i) {
    Segment& segment = segments.add(static_cast<std::size_t>(i) * 31, i % 2 == 0, 3);
    const int kind = i % 5;
    if (kind < 3) digests.push_back(digest_of(segment, keys[static_cast<std::size_t>(kind)]));
    if (kind == 3) digests.push_back(digest_of(segment, Key("fourth")));
    if (kind != 4) segment.digest = digests.back();
    questions.push_back({&segment, keys});
    expected.push_back(kind < 3 ? Signature::kValid : kind == 3 ? Signature::kInvalid : Signature::kUnsigned);
  }
  questions[0].keys = {};
  expected[0] = Signature::kInvalid;
  BatchChecker checker;
  const auto answers = checker.check(questions);
  EXPECT_EQ(std::vector(answers.begin(), answers.end()), expected);
}

}  // namespace
}  // namespace tw::tcpmd5
