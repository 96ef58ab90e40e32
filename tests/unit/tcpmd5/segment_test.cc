// Where things are in a frame, and that nothing is read outside it.
#include "tcpmd5/segment.h"

#include "tcpmd5/digest.h"
#include "tests/unit/tcpmd5/frames.h"
#include "tests/unit/tcpmd5/signed_frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::make_address;

constexpr std::size_t kEthernet = 14, kIpv4 = 20, kIpv6 = 40;

Segment parsed(const Frame& frame, Link link = Link::kEthernet) {
  const auto result = parse_segment(frame, link);
  if (const auto* why = std::get_if<NoSegment>(&result))
    throw std::runtime_error(std::to_string(static_cast<int>(*why)));
  return std::get<Segment>(result);
}
NoSegment refused(const Frame& frame, Link link = Link::kEthernet) {
  return std::get<NoSegment>(parse_segment(frame, link));
}

// A frame's key, for those that captured_frame() found.
const Key& key_of(const Frame& frame) {
  static const auto all = captured_frames();
  return std::find_if(all.begin(), all.end(), [&](const CapturedFrame& it) { return it.frame == frame; })->key;
}

void set16(Frame& frame, std::size_t at, std::size_t value) {
  frame[at] = static_cast<std::uint8_t>(value >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(value);
}

TEST(Segment, HasItsPartsWhereTheyAre) {
  const Frame frame = captured_frame(4, 19);
  const Segment segment = parsed(frame);
  EXPECT_EQ(segment.source, make_address("192.0.2.2"));
  EXPECT_EQ(segment.destination, make_address("192.0.2.1"));
  EXPECT_EQ(segment.destination_port, 179);
  EXPECT_EQ(segment.flags, tcp_flag::kAck | tcp_flag::kPsh);
  EXPECT_EQ(segment.fixed_header.data(), frame.data() + kEthernet + kIpv4);
  EXPECT_EQ(segment.options.size(), 20u);
  EXPECT_EQ(segment.payload.size(), 19u);
  EXPECT_EQ(segment.payload[18], 18);
  EXPECT_EQ(segment.length(), 20u + 20u + 19u);
  EXPECT_TRUE(segment.is_signed());
  EXPECT_FALSE(segment.options_malformed);
}

TEST(Segment, ChecksumsOfAKernelAreAsExpected) {
  for (const CapturedFrame& it : captured_frames()) {
    const Segment segment = parsed(it.frame);
    EXPECT_EQ(segment.checksum, expected_checksum(segment)) << segment.source << " " << segment.sequence;
  }
}

TEST(Segment, AChangedOctetChangesTheExpectedChecksum) {
  Frame frame = captured_frame(6, 19);
  frame.back() ^= 0x10;
  const Segment segment = parsed(frame);
  EXPECT_NE(segment.checksum, expected_checksum(segment));
}

TEST(Segment, IsFoundUnderVlanTags) {
  Frame frame = captured_frame(6, 1);
  const Key key = key_of(frame);
  insert(frame, 12, {0x81, 0x00, 0x00, 0x07});
  EXPECT_EQ(check_signature(parsed(frame), std::array{key}), Signature::kValid);
  insert(frame, 12, {0x88, 0xa8, 0x00, 0x08});
  EXPECT_EQ(check_signature(parsed(frame), std::array{key}), Signature::kValid);
}

TEST(Segment, IsFoundInBareIp) {
  for (const int version : {4, 6}) {
    const Frame frame = captured_frame(version, 19);
    const Frame bare(frame.begin() + kEthernet, frame.end());
    EXPECT_EQ(check_signature(parsed(bare, Link::kIp), std::array{key_of(frame)}), Signature::kValid);
  }
}

TEST(Segment, PaddingOfTheLinkIsNotPayload) {
  Frame frame = captured_frame(4, 0);
  frame.insert(frame.end(), 46, 0);
  EXPECT_EQ(parsed(frame).payload.size(), 0u);
}

TEST(Segment, IsFoundBehindIpv4Options) {
  Frame frame = captured_frame(4, 19);
  const Key key = key_of(frame);
  insert(frame, kEthernet + kIpv4, {0x94, 4, 0, 0});  // router alert
  frame[kEthernet] = 0x46;
  set16(frame, kEthernet + 2, frame.size() - kEthernet);
  EXPECT_EQ(check_signature(parsed(frame), std::array{key}), Signature::kValid);
}

TEST(Segment, AnIpv4SourceRouteHidesTheDestinationThatIsSigned) {
  Frame frame = captured_frame(4, 19);
  const Key key = key_of(frame);
  // Loose source route to 192.0.2.1 by way of the router that now stands as the destination.
  insert(frame, kEthernet + kIpv4, {1, 0x83, 7, 4, 192, 0, 2, 1});
  frame[kEthernet] = 0x47;
  set16(frame, kEthernet + 2, frame.size() - kEthernet);
  frame[kEthernet + 19] = 99;
  EXPECT_EQ(parsed(frame).destination, make_address("192.0.2.1"));
  EXPECT_EQ(check_signature(parsed(frame), std::array{key}), Signature::kValid);
}

Frame with_extension(Frame frame, std::uint8_t kind, const Frame& header) {
  insert(frame, kEthernet + kIpv6, header);
  frame[kEthernet + kIpv6] = frame[kEthernet + 6];
  frame[kEthernet + 6] = kind;
  set16(frame, kEthernet + 4, frame.size() - kEthernet - kIpv6);
  return frame;
}

TEST(Segment, IsFoundBehindIpv6ExtensionHeaders) {
  const Frame plain = captured_frame(6, 19);
  Frame frame = with_extension(plain, 60, Frame(16));
  frame[kEthernet + kIpv6 + 1] = 1;              // destination options of 16 octets
  frame = with_extension(frame, 51, Frame(12));  // authentication
  frame[kEthernet + kIpv6 + 1] = 1;
  frame = with_extension(frame, 44, Frame(8));  // an atomic fragment (RFC 6946)
  frame = with_extension(frame, 0, Frame(8));   // hop-by-hop
  EXPECT_EQ(check_signature(parsed(frame), std::array{key_of(plain)}), Signature::kValid);
}

TEST(Segment, AnIpv6RoutingHeaderHidesTheDestinationThatIsSigned) {
  const Frame plain = captured_frame(6, 19);
  Frame routing(24);
  routing[1] = 2;  // one address
  routing[3] = 1;  // segments left
  std::copy_n(plain.begin() + kEthernet + 24, 16, routing.begin() + 8);
  for (const std::uint8_t type : {0, 2, 4}) {
    routing[2] = type;
    Frame frame = with_extension(plain, 43, routing);
    frame[kEthernet + 39] = 0x99;  // the router on the way
    EXPECT_EQ(check_signature(parsed(frame), std::array{key_of(plain)}), Signature::kValid) << int{type};
  }
}

TEST(Segment, FragmentsAreNotSegments) {
  Frame v4 = captured_frame(4, 19);
  v4[kEthernet + 6] = 0x20;  // more fragments
  EXPECT_EQ(refused(v4), NoSegment::kFragment);
  v4[kEthernet + 6] = 0x00;
  v4[kEthernet + 7] = 0x01;  // an offset
  EXPECT_EQ(refused(v4), NoSegment::kFragment);
  const Frame v6 = with_extension(captured_frame(6, 19), 44, {0, 0, 0, 1, 0, 0, 0, 0});
  EXPECT_EQ(refused(v6), NoSegment::kFragment);
}

TEST(Segment, OtherProtocolsAreNotTcp) {
  Frame udp = captured_frame(4, 19);
  udp[kEthernet + 9] = 17;
  EXPECT_EQ(refused(udp), NoSegment::kNotTcp);
  Frame arp = captured_frame(4, 19);
  arp[12] = 0x08;
  arp[13] = 0x06;
  EXPECT_EQ(refused(arp), NoSegment::kNotTcp);
  Frame esp = captured_frame(6, 19);
  esp[kEthernet + 6] = 50;
  EXPECT_EQ(refused(esp), NoSegment::kNotTcp);
}

TEST(Segment, AStatedLengthOfZeroMeansTheRestOfTheFrame) {
  for (const int version : {4, 6}) {
    Frame frame = captured_frame(version, 19);
    const Key key = key_of(frame);
    set16(frame, kEthernet + (version == 4 ? 2 : 4), 0);
    EXPECT_EQ(check_signature(parsed(frame), std::array{key}), Signature::kValid);
  }
}

TEST(Segment, ACaptureThatEndsEarlyIsTruncatedAndNeverMisread) {
  for (const int version : {4, 6}) {
    const Frame whole = captured_frame(version, 19);
    for (std::size_t length = kEthernet; length < whole.size(); ++length) {
      const Frame cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_EQ(refused(cut), NoSegment::kTruncated) << length;
    }
  }
}

TEST(Segment, ContradictoryLengthsAreMalformed) {
  Frame frame = captured_frame(4, 19);
  frame[kEthernet + kIpv4 + 12] = 0x40;  // data offset below the fixed header
  EXPECT_EQ(refused(frame), NoSegment::kMalformed);
  frame[kEthernet + kIpv4 + 12] = 0xf0;  // and beyond the segment
  set16(frame, kEthernet + 2, kIpv4 + 40);
  EXPECT_EQ(refused(frame), NoSegment::kMalformed);
  frame[kEthernet] = 0x44;  // IP header of 16 octets
  EXPECT_EQ(refused(frame), NoSegment::kMalformed);
}

// Builds a segment with just these options and looks at it.
Segment with_options(Frame& frame, const Frame& options) {
  frame = captured_frame(4, 1);
  frame.erase(frame.begin() + kEthernet + kIpv4 + 20, frame.end());
  insert(frame, frame.size(), options);
  frame[kEthernet + kIpv4 + 12] = static_cast<std::uint8_t>((20 + options.size()) / 4 << 4);
  set16(frame, kEthernet + 2, frame.size() - kEthernet);
  return parsed(frame);
}

TEST(Segment, AnOptionWithAnImpossibleLengthEndsTheSearch) {
  Frame frame;
  for (const Frame& options : {Frame{2, 0, 1, 1}, Frame{2, 1, 1, 1}, Frame{2, 5, 1, 1}, Frame{1, 1, 1, 2}}) {
    const Segment segment = with_options(frame, options);
    EXPECT_TRUE(segment.options_malformed);
    EXPECT_FALSE(segment.is_signed());
  }
}

TEST(Segment, ADigestBehindTheEndOfTheOptionsDoesNotCount) {
  Frame options(20, 0);
  options[1] = kDigestOption;
  options[2] = 18;
  Frame frame;
  EXPECT_FALSE(with_options(frame, options).is_signed());
  options[0] = 1;
  EXPECT_TRUE(with_options(frame, options).is_signed());
}

TEST(Segment, ADigestOfAnotherLengthDoesNotCount) {
  Frame options(20, 1);
  options[0] = kDigestOption;
  options[1] = 17;
  Frame frame;
  EXPECT_FALSE(with_options(frame, options).is_signed());
}

// Each candidate lies at the very end of its own heap block, so that the address sanitizer sees a read beyond it.
TEST(Segment, NoDamageToAFrameLeadsOutsideIt) {
  std::mt19937 random(2385);
  const auto frames = captured_frames();
  std::size_t segments = 0;
  for (int round = 0; round < 40000; ++round) {
    Frame frame = frames[random() % frames.size()].frame;
    for (unsigned changes = 1 + random() % 6; changes > 0; --changes)
      frame[random() % std::min<std::size_t>(frame.size(), 100)] = static_cast<std::uint8_t>(random());
    if (random() % 2 == 0) frame.resize(random() % (frame.size() + 1));
    const auto exact = std::make_unique<std::uint8_t[]>(frame.size());
    std::copy(frame.begin(), frame.end(), exact.get());
    for (const Link link : {Link::kEthernet, Link::kIp}) {
      const auto result = parse_segment({exact.get(), frame.size()}, link);
      if (const auto* segment = std::get_if<Segment>(&result)) {
        ++segments;
        (void)expected_checksum(*segment);
        (void)check_signature(*segment, std::array{frames[0].key});
        ASSERT_LE(segment->length(), frame.size());
      }
    }
  }
  EXPECT_GT(segments, 1000u) << "too much damage to test anything behind the IP header";
}

TEST(Segment, OfWhatWasCutShortTheHeaderIsStillThere) {
  for (const int version : {4, 6}) {
    FrameSpec spec{.payload = numbered_payload(300), .key = "secret"};
    if (version == 6) {
      spec.source = "2001:db8::1";
      spec.destination = "2001:db8::2";
    }
    const Frame frame = make_frame(spec);
    const Segment expected = segment_of(frame);
    const std::size_t headers = tcp_header_at(frame) + 20 + expected.options.size();
    EXPECT_FALSE(parse_truncated_segment(frame, Link::kEthernet));  // which is whole
    for (std::size_t size = 0; size < frame.size(); ++size) {
      const Frame cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
      const auto segment = parse_truncated_segment(cut, Link::kEthernet);
      ASSERT_EQ(segment.has_value(), size >= headers) << size;
      if (!segment) continue;
      EXPECT_EQ(segment->source, expected.source);
      EXPECT_EQ(segment->sequence, expected.sequence);
      EXPECT_EQ(segment->payload.size(), size - headers);
      EXPECT_TRUE(segment->is_signed());
    }
  }
}

// Eight octets at a time against two, for each length and content that could carry over.
TEST(Segment, ChecksumsOfAnyLengthAreRight) {
  for (std::size_t size = 0; size < 70; ++size)
    for (const std::uint8_t fill : {0x00, 0x01, 0xff}) {
      FrameSpec spec{.payload = Frame(size, fill)};
      if (size > 5) spec.payload[size / 2] = 0x5a;
      const Frame frame = make_frame(spec);
      std::uint32_t sum = 6 + static_cast<std::uint32_t>(frame.size() - 34);
      for (std::size_t at = 26; at < frame.size(); ++at)
        if (at != 50 && at != 51) sum += at % 2 == 0 ? frame[at] * 256U : frame[at];
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
      EXPECT_EQ(expected_checksum(segment_of(frame)), static_cast<std::uint16_t>(~sum)) << size;
    }
}

}  // namespace
}  // namespace tw::tcpmd5
