#include "tcpmd5/capture/capture_check.h"

#include "tests/unit/tcpmd5/capture/captures.h"
#include "tests/unit/tcpmd5/capture/tunnels.h"
#include "tests/unit/tcpmd5/signed_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tw::tcpmd5 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A line for each packet that was reported.
struct Reported {
  std::uint64_t number;
  SegmentVerdict verdict;
  bool operator==(const Reported&) const = default;
};
void PrintTo(const Reported& it, std::ostream* out) { *out << it.number << ' ' << name_of(it.verdict); }

struct Checked {
  std::vector<Reported> packets;
  std::vector<std::vector<std::uint64_t>> copied;
  CheckSummary summary;
  Counts total;
  std::uint64_t left_to_nic = 0;
};

KeyRing secret_for_everybody() {
  KeyRing ring;
  ring.add_for_everybody(Key("secret"));
  return ring;
}

Checked check(const std::vector<Frame>& frames, const CheckOptions& options = {.threads = 1},
              const KeyRing& keys = secret_for_everybody(), unsigned link = 1, std::size_t cut_records_to = 1 << 20,
              std::size_t chunk = 1 << 20) {
  OctetBuilder octets = pcap_file(false, kMicrosecondMagic, link);
  for (const Frame& frame : frames) {
    const Frame kept(frame.begin(),
                     frame.begin() + static_cast<std::ptrdiff_t>(std::min(frame.size(), cut_records_to)));
    add_pcap_record(octets, 1, 0, kept, frame.size());
  }
  CaptureFile file = capture_of(octets.get(), 1 << 20, chunk);
  Checked got;
  got.summary =
      check_capture(file, keys, options,
                    {.packet =
                         [&](const CheckedPacket& packet) {
                           got.packets.push_back({packet.number, packet.verdict});
                           got.left_to_nic += packet.checksum_left_to_nic ? 1 : 0;
                         },
                     .copied_digest = [&](const CopiedDigest& group) { got.copied.push_back(group.packets); }});
  got.total = got.summary.total();
  return got;
}

Frame valid_frame() { return make_frame({.payload = numbered_payload(19), .key = "secret"}); }
Frame invalid_frame() { return make_frame({.payload = numbered_payload(19), .key = "wrong"}); }

TEST(CaptureCheck, WhatTheKernelSignedIsValid) {
  std::vector<Frame> frames;
  KeyRing keys;
  for (const CapturedFrame& it : captured_frames()) {
    frames.push_back(it.frame);
    keys.add_for_everybody(it.key);
  }
  const Checked got = check(frames, {.threads = 2}, keys);
  EXPECT_EQ(got.total.valid(), frames.size());
  EXPECT_EQ(got.total.segments(), frames.size());
  EXPECT_EQ(got.total.checksum_left_to_nic, 0U);
  EXPECT_THAT(got.packets, IsEmpty());
}

TEST(CaptureCheck, EachVerdictIsToldAndCounted) {
  Frame wrong_checksum = valid_frame();
  wrong_checksum[34 + 16] ^= 0x10U;
  Frame fragment = valid_frame();
  put_be(fragment, 20, 0x2000, 2);
  Frame malformed = valid_frame();
  malformed[34 + 12] = 0x40;
  const Checked got = check({valid_frame(), invalid_frame(), make_frame({}), wrong_checksum, fragment, malformed,
                             make_frame({.source_port = 80})});
  EXPECT_THAT(got.packets,
              ElementsAre(Reported{2, SegmentVerdict::kInvalid}, Reported{3, SegmentVerdict::kUnsigned},
                          Reported{4, SegmentVerdict::kChecksumWrong}, Reported{5, SegmentVerdict::kFragment},
                          Reported{6, SegmentVerdict::kMalformed}));
  EXPECT_EQ(got.total.valid(), 2U);
  EXPECT_EQ(got.total.checked(), 3U);
  EXPECT_EQ(got.total.not_checkable(), 2U);
  EXPECT_EQ(got.total.segments(), 6U);
  EXPECT_EQ(got.summary.nameless.segments(), 2U);
  EXPECT_EQ(got.summary.packets, 7U);
  EXPECT_EQ(got.summary.other, 1U);
}

TEST(CaptureCheck, WithoutAKeyForItASegmentIsNotJudged) {
  KeyRing keys;
  keys.add({.address = boost::asio::ip::make_address("198.51.100.1"), .prefix_length = 32}, Key("secret"));
  const Checked got = check({valid_frame(), make_frame({})}, {.every_packet = true, .threads = 1}, keys);
  EXPECT_THAT(got.packets, ElementsAre(Reported{1, SegmentVerdict::kNoKey}, Reported{2, SegmentVerdict::kUnconcerned}));
  EXPECT_EQ(got.total.checked(), 0U);
}

TEST(CaptureCheck, SignedSegmentsOfAnyPortAreChecked) {
  const Checked got = check({make_frame({.source_port = 2000, .key = "secret"})});
  EXPECT_EQ(got.total.valid(), 1U);
}

TEST(CaptureCheck, EveryKeyOfAPeerIsTried) {
  KeyRing keys;
  for (const char* key : {"next", "secret"})
    keys.add({.address = boost::asio::ip::make_address("192.0.2.2"), .prefix_length = 32}, Key(key));
  EXPECT_EQ(check({valid_frame()}, {.threads = 1}, keys).total.valid(), 1U);
}

TEST(CaptureCheck, PeersAreCountedInPairsWhicheverSends) {
  const Checked got =
      check({valid_frame(), make_frame({.source = "192.0.2.2", .destination = "192.0.2.1", .key = "wrong"}),
             make_frame({.source = "2001:db8::2", .destination = "2001:db8::1", .key = "secret"})});
  ASSERT_EQ(got.summary.pairs.size(), 2U);
  const auto& [pair, counts] = *got.summary.pairs.begin();
  EXPECT_EQ(pair.first.to_string() + " " + pair.second.to_string(), "192.0.2.1 192.0.2.2");
  EXPECT_EQ(counts.valid(), 1U);
  EXPECT_EQ(counts.of(SegmentVerdict::kInvalid), 1U);
}

TEST(CaptureCheck, AChecksumLeftToTheNicIsNotAWrongOne) {
  for (const bool v6 : {false, true}) {
    FrameSpec spec{.payload = numbered_payload(333), .key = "secret"};
    if (v6) {
      spec.source = "2001:db8::1";
      spec.destination = "2001:db8::2";
    }
    Frame frame = make_frame(spec);
    const Segment segment = segment_of(frame);
    // The sum of the pseudo-header by hand (RFC 9293 §3.1), not inverted.
    std::uint32_t sum = 6 + static_cast<std::uint32_t>(segment.length());
    const std::size_t addresses = v6 ? 22 : 26, size = v6 ? 32 : 8;
    for (std::size_t i = 0; i < size; i += 2) sum += frame[addresses + i] * 256U + frame[addresses + i + 1];
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
    put_be(frame, tcp_header_at(frame) + 16, sum, 2);
    const Checked got = check({frame}, {.every_packet = true, .threads = 1});
    EXPECT_THAT(got.packets, ElementsAre(Reported{1, SegmentVerdict::kValid})) << v6;
    EXPECT_EQ(got.total.checksum_left_to_nic, 1U);
    EXPECT_EQ(got.left_to_nic, 1U);
  }
}

TEST(CaptureCheck, WhatASnapLengthCutIsNotCheckable) {
  const Checked got = check(
      {make_frame({.payload = numbered_payload(500), .key = "secret"}), make_frame({.payload = numbered_payload(500)}),
       make_frame({.source_port = 80, .payload = numbered_payload(500)})},
      {.threads = 1}, secret_for_everybody(), 1, 96);
  EXPECT_THAT(got.packets,
              ElementsAre(Reported{1, SegmentVerdict::kTruncated}, Reported{2, SegmentVerdict::kTruncated}));
  EXPECT_EQ(got.summary.pairs.begin()->second.of(SegmentVerdict::kTruncated), 2U);  // their addresses are known
  EXPECT_EQ(got.summary.other, 1U);
  EXPECT_EQ(check({valid_frame()}, {.threads = 1}, secret_for_everybody(), 1, 40)
                .summary.nameless.of(SegmentVerdict::kTruncated),
            1U);
}

TEST(CaptureCheck, WhatAMirrorWrappedIsChecked) {
  const Frame wrapped = ethernet(0x0800, ipv4_packet(kGreNumber, erspan3(valid_frame(), 1, 1)));
  const Frame cut = ethernet(0x0800, ipv4_packet(kGreNumber, erspan2(valid_frame(), true)));
  const Checked got = check({wrapped, cut});
  EXPECT_EQ(got.total.valid(), 1U);
  EXPECT_THAT(got.packets, ElementsAre(Reported{2, SegmentVerdict::kTruncated}));
}

TEST(CaptureCheck, DigestsCopiedFromALongerSegmentAreProven) {
  std::vector<Frame> frames{valid_frame()};
  for (const Frame& piece :
       cut_after_signing({.sequence = 5000, .payload = numbered_payload(4000), .key = "secret"}, 1440))
    frames.push_back(piece);
  frames.push_back(invalid_frame());
  const Checked got = check(frames);
  EXPECT_THAT(got.copied, ElementsAre(ElementsAre(2, 3, 4)));
  EXPECT_EQ(got.total.of(SegmentVerdict::kInvalid), 4U);
  EXPECT_EQ(got.total.copied, 3U);
  EXPECT_EQ(got.total.copied_groups, 1U);
}

TEST(CaptureCheck, SegmentsLongerThanTheReceiversMssAreNoted) {
  const Frame syn = make_frame({.source = "192.0.2.2",
                                .destination = "192.0.2.1",
                                .source_port = 40'000,
                                .destination_port = 179,
                                .flags = tcp_flag::kSyn,
                                .key = "secret",
                                .mss = 1460});
  const Frame full = make_frame({.payload = numbered_payload(1440), .key = "secret"});
  const Frame longer = make_frame({.payload = numbered_payload(2880), .key = "secret"});
  const Checked got = check({longer, syn, full, longer, longer});
  EXPECT_EQ(got.total.valid(), 5U);
  EXPECT_EQ(got.total.long_without_mss, 1U);
  EXPECT_EQ(got.total.longer_than_mss, 2U);
  EXPECT_THAT(got.packets, IsEmpty());
}

TEST(CaptureCheck, ThreadsAndChunksChangeNothingNotEvenTheOrder) {
  std::vector<Frame> frames;
  for (std::uint32_t i = 0; i < 400; ++i) {
    FrameSpec spec{.sequence = i * 100, .payload = numbered_payload(i * 3), .key = i % 7 == 0 ? "wrong" : "secret"};
    spec.destination = "192.0.2." + std::to_string(i % 9 + 2);
    frames.push_back(make_frame(spec));
  }
  const Checked one = check(frames);
  EXPECT_EQ(one.packets.size(), 58U);
  for (const unsigned threads : {2U, 5U})
    for (const std::size_t chunk : {500U, 20'000U}) {
      const Checked got = check(frames, {.threads = threads}, secret_for_everybody(), 1, 1 << 20, chunk);
      EXPECT_EQ(got.packets, one.packets);
      EXPECT_EQ(got.summary.pairs.size(), 9U);
      EXPECT_EQ(got.total.by_verdict, one.total.by_verdict);
    }
}

TEST(CaptureCheck, NamesOfVerdictsAreTheirOwn) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kSegmentVerdicts; ++i) names.push_back(name_of(static_cast<SegmentVerdict>(i)));
  EXPECT_THAT(names, ElementsAre("valid", "checksum-wrong", "invalid", "unsigned", "no-key", "unconcerned", "fragment",
                                 "truncated", "malformed"));
}

}  // namespace
}  // namespace tw::tcpmd5
