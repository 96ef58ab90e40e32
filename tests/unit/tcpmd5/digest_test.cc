// RFC 2385 digests against what a Linux kernel put on the wire.
#include "tcpmd5/digest.h"

#include "tests/unit/tcpmd5/frames.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace tw::tcpmd5 {
namespace {

constexpr std::size_t kEthernet = 14, kIpv4 = 20;

Segment parsed(const Frame& frame) { return std::get<Segment>(parse_segment(frame, Link::kEthernet)); }

Signature check(const Frame& frame, const Key& key) { return check_signature(parsed(frame), std::array{key}); }

TEST(Digest, IsTheKernelsForEverySegmentOfAConnection) {
  std::set<std::string> kinds;
  for (const CapturedFrame& it : captured_frames()) {
    const Segment segment = parsed(it.frame);
    EXPECT_EQ(check_signature(segment, std::array{it.key}), Signature::kValid)
        << segment.source << " port " << segment.source_port << " sequence " << segment.sequence;
    kinds.insert((segment.source.is_v4() ? "v4 " : "v6 ") + std::to_string(segment.flags & ~tcp_flag::kPsh) + " " +
                 std::to_string(segment.payload.size()));
  }
  // SYN, SYN-ACK, RST, FIN, an empty ACK, and payloads of 1, odd and full size, in both families.
  for (const char* kind : {"v4 2 0", "v4 18 0", "v4 20 0", "v4 17 0", "v4 16 0", "v4 16 1", "v4 16 19", "v4 16 1440",
                           "v6 2 0", "v6 18 0", "v6 20 0", "v6 17 0", "v6 16 0", "v6 16 1", "v6 16 19", "v6 16 1420"})
    EXPECT_TRUE(kinds.contains(kind)) << kind;
}

TEST(Digest, IsInvalidUnderAnotherKeyAndValidUnderOneOfSeveral) {
  for (const CapturedFrame& it : captured_frames()) {
    const std::array keys{Key("wrong"), it.key};
    EXPECT_EQ(check_signature(parsed(it.frame), keys), Signature::kValid);
    EXPECT_EQ(check_signature(parsed(it.frame), std::span(keys).first(1)), Signature::kInvalid);
    EXPECT_EQ(check_signature(parsed(it.frame), {}), Signature::kInvalid);
  }
}

TEST(Digest, CoversEveryOctetButChecksumAndOptionValues) {
  for (const CapturedFrame& it : captured_frames()) {
    if (!parsed(it.frame).source.is_v4()) continue;
    const std::size_t tcp = kEthernet + kIpv4;
    const std::size_t digest_at = static_cast<std::size_t>(parsed(it.frame).digest.data() - it.frame.data());
    for (std::size_t at = tcp; at < it.frame.size(); ++at) {
      if (at == tcp + 12) continue;  // the data offset moves everything: below
      const bool checksum = at == tcp + 16 || at == tcp + 17;
      const bool option = at >= tcp + 20 && at < tcp + 20 + parsed(it.frame).options.size();
      if (option && (at < digest_at || at >= digest_at + kDigestLength)) continue;
      Frame changed = it.frame;
      changed[at] ^= 0x01;
      EXPECT_EQ(check(changed, it.key), checksum ? Signature::kValid : Signature::kInvalid) << "octet " << at - tcp;
    }
  }
}

TEST(Digest, DoesNotCoverTheMaximumSegmentSizeThatARouterMayClamp) {
  const CapturedFrame syn = captured_frames().front();
  const std::size_t options = kEthernet + kIpv4 + 20;
  Frame changed = syn.frame;
  bool clamped = false;
  for (std::size_t at = options; at + 4 <= changed.size() && !clamped; ++at)
    if (changed[at] == 2 && changed[at + 1] == 4) {
      changed[at + 2] = 0x02;
      clamped = true;
    }
  ASSERT_TRUE(clamped);
  EXPECT_EQ(check(changed, syn.key), Signature::kValid);
}

TEST(Digest, IsInvalidOnceAnAddressIsTranslated) {
  for (const CapturedFrame& it : captured_frames()) {
    Frame changed = it.frame;
    changed[parsed(it.frame).source.is_v4() ? kEthernet + 15 : kEthernet + 23] ^= 0x01;
    EXPECT_EQ(check(changed, it.key), Signature::kInvalid);
  }
}

TEST(Digest, ASegmentWithoutTheOptionIsUnsigned) {
  Frame stripped = captured_frames().front().frame;
  const auto at = static_cast<std::size_t>(parsed(stripped).digest.data() - stripped.data()) - 2;
  for (std::size_t i = 0; i < 18; ++i) stripped[at + i] = 1;  // NOP, as option strippers do
  EXPECT_EQ(check(stripped, captured_frames().front().key), Signature::kUnsigned);
}

}  // namespace
}  // namespace tw::tcpmd5
