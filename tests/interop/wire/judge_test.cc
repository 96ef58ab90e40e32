// The judge of the wire test, judged: it must see every fault that it is there to see.
#include "tests/interop/wire/judge.h"

#include "tests/unit/tcpmd5/frames.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tw::wire {
namespace {

using boost::asio::ip::make_address;
using tcpmd5::CapturedFrame;
using tcpmd5::Frame;
using tcpmd5::Key;
using tcpmd5::Link;
using tcpmd5::Segment;

constexpr std::size_t kFlagsAt = 14 + 20 + 13;

// 192.0.2.1 listens on port 179 and 192.0.2.2, the peer, connects: what comes from .1 leaves the host.
class JudgeTest : public testing::Test {
 protected:
  JudgeTest() {
    for (const CapturedFrame& it : tcpmd5::captured_frames()) {
      if (!(it.key == key)) continue;
      const Segment segment = parsed(it.frame);
      if (segment.source == make_address("192.0.2.1")) out.push_back(it.frame);
      if (segment.source == make_address("192.0.2.2")) in.push_back(it.frame);
    }
  }
  static Segment parsed(const Frame& frame) { return std::get<Segment>(parse_segment(frame, Link::kEthernet)); }
  static Frame without_signature(Frame frame) {
    const auto at = static_cast<std::size_t>(parsed(frame).digest.data() - frame.data()) - 2;
    std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(at), 18, std::uint8_t{1});
    return frame;
  }
  static Frame with_flags(Frame frame, std::uint8_t flags) {
    frame[kFlagsAt] = flags;
    return frame;
  }
  std::optional<Finding> left(const Frame& frame, bool to_be_segmented = false) {
    return judge.saw(parsed(frame), Direction::kOut, to_be_segmented);
  }
  std::optional<Finding> came(const Frame& frame) { return judge.saw(parsed(frame), Direction::kIn, false); }
  void keys(const std::string& text) { judge.set_keys(std::get<std::vector<PeerKeys>>(parse_keys(text))); }

  const Key key{"k"};
  std::vector<Frame> in, out;
  Judge judge;
};

TEST_F(JudgeTest, AConnectionSignedThroughoutIsInOrder) {
  keys("192.0.2.2 k");
  for (const Frame& frame : in) EXPECT_FALSE(came(frame));
  for (const Frame& frame : out) EXPECT_FALSE(left(frame));
  EXPECT_EQ(judge.counts().at(make_address("192.0.2.2")).out_signed, out.size());
}

TEST_F(JudgeTest, AnUnsignedSegmentOfOursIsAViolation) {
  keys("192.0.2.0/24 k");
  const auto finding = left(without_signature(out.front()));
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->fault, Fault::kUnsigned);
  EXPECT_TRUE(finding->violation);
}

TEST_F(JudgeTest, AWrongKeyIsAViolation) {
  keys("192.0.2.2 other");
  const auto finding = left(out.front());
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->fault, Fault::kBadDigest);
  EXPECT_TRUE(finding->violation);
}

TEST_F(JudgeTest, TheNarrowestPrefixDecides) {
  keys("192.0.2.0/24 other\n192.0.2.2 k");
  EXPECT_FALSE(left(out.front()));
}

TEST_F(JudgeTest, ASignedSegmentThatTheNicIsToCutUpIsAViolation) {
  keys("192.0.2.2 k");
  const auto finding = left(out.front(), true);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->fault, Fault::kToBeSegmented);
  EXPECT_TRUE(finding->violation);
}

TEST_F(JudgeTest, AResetThatAnswersUnsignedInputIsExcusedOnce) {
  keys("192.0.2.2 k");
  const Frame reset = with_flags(without_signature(out.front()), 0x04);
  (void)came(without_signature(in[1]));
  auto finding = left(reset);
  ASSERT_TRUE(finding);
  EXPECT_TRUE(finding->answers_unsigned);
  EXPECT_FALSE(finding->violation);
  finding = left(reset);
  ASSERT_TRUE(finding);
  EXPECT_TRUE(finding->violation) << "one segment has one answer";
}

TEST_F(JudgeTest, AnythingButAResetIsNotExcusedByUnsignedInput) {
  keys("192.0.2.2 k");
  (void)came(without_signature(in.front()));
  const auto finding = left(with_flags(without_signature(out.front()), 0x12));
  ASSERT_TRUE(finding);
  EXPECT_TRUE(finding->violation);
}

TEST_F(JudgeTest, AnUnkeyedPeerIsNotJudged) {
  keys("192.0.2.77 k");
  EXPECT_FALSE(left(without_signature(out.front())));
  EXPECT_TRUE(judge.counts().empty());
}

TEST_F(JudgeTest, AKeyFromNowOnLeavesTheUnsignedConnectionAloneButBindsTheNextOne) {
  keys("");
  (void)came(without_signature(in.front()));
  keys("192.0.2.2 k from-now");
  EXPECT_FALSE(left(without_signature(out.back())));
  EXPECT_FALSE(left(out.back()));
  (void)came(in.front());  // a new SYN on the same ports
  const auto finding = left(without_signature(out.front()));
  ASSERT_TRUE(finding);
  EXPECT_TRUE(finding->violation);
}

TEST_F(JudgeTest, AKeyTakenAwayFromNowOnStillBindsTheSignedConnection) {
  keys("192.0.2.2 other");
  (void)came(in.front());
  keys("192.0.2.2 k");
  (void)came(in.front());
  keys("192.0.2.2 - from-now");
  EXPECT_FALSE(left(out.back()));
  const auto finding = left(without_signature(out.back()));
  ASSERT_TRUE(finding);
  EXPECT_TRUE(finding->violation);
  (void)came(without_signature(in.front()));
  EXPECT_FALSE(left(without_signature(out.front())));
}

TEST_F(JudgeTest, AKeyWithoutTheMarkBindsAtOnce) {
  keys("");
  (void)came(without_signature(in.front()));
  keys("192.0.2.2 k");
  const auto finding = left(without_signature(out.back()));
  ASSERT_TRUE(finding);
  EXPECT_TRUE(finding->violation);
}

TEST(ParseKeys, NamesTheLineThatIsWrongAndNoKey) {
  for (const char* text :
       {"192.0.2.1 Secret\nnonsense Secret\n", "\n192.0.2.1/33 Secret", "#\n192.0.2.1 Secret whatever"}) {
    const auto parsed = parse_keys(text);
    ASSERT_TRUE(std::holds_alternative<std::string>(parsed)) << text;
    EXPECT_EQ(std::get<std::string>(parsed).find("Secret"), std::string::npos);
    EXPECT_NE(std::get<std::string>(parsed).find("line 2"), std::string::npos);
  }
}

TEST(ParseKeys, SeveralLinesOfOnePeerAreSeveralKeys) {
  const auto table = std::get<std::vector<PeerKeys>>(parse_keys("192.0.2.1 a\n192.0.2.1 b from-now\n\n# c\n"));
  ASSERT_EQ(table.size(), 1u);
  EXPECT_EQ(table[0].keys.size(), 2u);
  EXPECT_TRUE(table[0].from_now);
}

}  // namespace
}  // namespace tw::wire
