#include "tests/lab/nic/transmit_engine.h"

#include "tests/lab/nic/signed_frames.h"

#include <gtest/gtest.h>

namespace tw::lab {
namespace {

using tcpmd5::Signature;

class TransmitEngine : public testing::TestWithParam<bool> {
 protected:
  static bool v6() { return GetParam(); }

  // A super-segment as a kernel hands it over: pseudo-header's sum where the checksum belongs.
  static Frame super(std::size_t size, std::uint8_t flags) {
    Frame frame = segment_frame({.v6 = v6(), .flags = flags, .payload = octets(size)});
    auto view = *TcpView::of(frame);
    view.set_tcp_checksum(view.pseudo_header_sum());
    frame.offload = {.flags = Offload::kNeedsChecksum,
                     .gso_type = v6() ? Offload::kTcp6 : Offload::kTcp4,
                     .header_length = static_cast<std::uint16_t>(view.headers_length()),
                     .gso_size = kMss,
                     .checksum_start = static_cast<std::uint16_t>(view.tcp_offset()),
                     .checksum_offset = 16};
    return frame;
  }
  Frames sent(Frame frame) {
    Frames wire;
    transmit(std::move(frame), wire, counts_);
    return wire;
  }

  TransmitCounts counts_;
};
INSTANTIATE_TEST_SUITE_P(Family, TransmitEngine, testing::Bool(),
                         [](const auto& param) { return param.param ? "IPv6" : "IPv4"; });

TEST_P(TransmitEngine, CutsASuperSegmentIntoItsOctetsInOrder) {
  Frames wire = sent(super(3 * kMss + 100, TcpView::kAck | TcpView::kPsh));
  ASSERT_EQ(wire.size(), 4u);
  std::vector<std::uint8_t> all;
  std::uint32_t expected = 1000;
  for (const Frame& frame : wire) {
    const auto segment = parsed(frame);
    EXPECT_EQ(segment.sequence, expected);
    EXPECT_TRUE(checksum_is_right(frame));
    expected += static_cast<std::uint32_t>(segment.payload.size());
    all.insert(all.end(), segment.payload.begin(), segment.payload.end());
  }
  EXPECT_EQ(all, octets(3 * kMss + 100));
  EXPECT_EQ(parsed(wire.back()).payload.size(), 100u);
  EXPECT_EQ(counts_.super_segments, 1u);
}

TEST_P(TransmitEngine, PutsPshAndFinOnTheLastAndCwrOnTheFirst) {
  const std::uint8_t flags = TcpView::kAck | TcpView::kPsh | TcpView::kFin | TcpView::kCwr;
  const Frames wire = sent(super(2 * kMss + 1, flags));
  ASSERT_EQ(wire.size(), 3u);
  EXPECT_EQ(parsed(wire[0]).flags, TcpView::kAck | TcpView::kCwr);
  EXPECT_EQ(parsed(wire[1]).flags, TcpView::kAck);
  EXPECT_EQ(parsed(wire[2]).flags, TcpView::kAck | TcpView::kPsh | TcpView::kFin);
}

TEST_P(TransmitEngine, CopiesTheDigestOfASuperSegmentAsHardwareDoes) {
  const Frame whole = super(2 * kMss, TcpView::kAck);
  ASSERT_EQ(signature(whole), Signature::kValid);
  for (const Frame& frame : sent(whole)) {
    EXPECT_EQ(signature(frame), Signature::kInvalid);
    EXPECT_TRUE(std::ranges::equal(parsed(frame).digest, parsed(whole).digest));
  }
}

TEST_P(TransmitEngine, FinishesAChecksumAndTouchesNothingElse) {
  const Frame right = segment_frame({.v6 = v6(), .payload = octets(501)});
  Frame partial = right;
  auto view = *TcpView::of(partial);
  view.set_tcp_checksum(view.pseudo_header_sum());
  partial.offload = {.flags = Offload::kNeedsChecksum,
                     .checksum_start = static_cast<std::uint16_t>(view.tcp_offset()),
                     .checksum_offset = 16};
  const Frames wire = sent(std::move(partial));
  ASSERT_EQ(wire.size(), 1u);
  EXPECT_EQ(wire[0].octets, right.octets);
  EXPECT_EQ(wire[0].offload.flags, 0);
  EXPECT_EQ(counts_.checksums_finished, 1u);
}

TEST_P(TransmitEngine, SendsWhatIsFinishedAsItIs) {
  const Frame frame = segment_frame({.v6 = v6(), .payload = octets(77)});
  const Frames wire = sent(frame);
  ASSERT_EQ(wire.size(), 1u);
  EXPECT_EQ(wire[0].octets, frame.octets);
}

TEST(TransmitEngineBadInput, AnOffloadThatPointsOutsideTheFrameIsIgnored) {
  Frame frame = segment_frame({});
  const auto before = frame.octets;
  frame.offload = {.flags = Offload::kNeedsChecksum, .checksum_start = 60000, .checksum_offset = 16};
  Frames wire;
  TransmitCounts counts;
  transmit(std::move(frame), wire, counts);
  ASSERT_EQ(wire.size(), 1u);
  EXPECT_EQ(wire[0].octets, before);
  EXPECT_EQ(counts.checksums_finished, 0u);
}

TEST(FrameView, RefusesEveryTruncationOfAFrame) {
  for (const bool v6 : {false, true}) {
    const Frame whole = segment_frame({.v6 = v6, .payload = octets(10)});
    for (std::size_t size = 0; size < whole.octets.size(); ++size) {
      Frame cut{{whole.octets.begin(), whole.octets.begin() + static_cast<std::ptrdiff_t>(size)}, {}};
      EXPECT_FALSE(TcpView::of(cut)) << size;
    }
  }
}

}  // namespace
}  // namespace tw::lab
