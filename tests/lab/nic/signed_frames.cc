#include "tests/lab/nic/signed_frames.h"

#include <algorithm>
#include <stdexcept>

namespace tw::lab {
namespace {

void append(std::vector<std::uint8_t>& to, std::initializer_list<unsigned> values) {
  for (const unsigned value : values) to.push_back(static_cast<std::uint8_t>(value));
}
void append16(std::vector<std::uint8_t>& to, std::size_t value) {
  append(to, {static_cast<unsigned>(value >> 8), static_cast<unsigned>(value & 255)});
}
void append32(std::vector<std::uint8_t>& to, std::uint32_t value) {
  append16(to, value >> 16);
  append16(to, value & 0xffff);
}
void append_address(std::vector<std::uint8_t>& to, bool v6, unsigned host) {
  if (v6) {
    append(to, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host});
  } else {
    append(to, {192, 0, 2, host});
  }
}

void append_ip(std::vector<std::uint8_t>& to, bool v6, std::size_t tcp_length) {
  append(to, {2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 0x70});
  append16(to, v6 ? 0x86dd : 0x0800);
  if (v6) {
    append(to, {0x60, 0, 0, 0});
    append16(to, tcp_length);
    append(to, {6, 64});
  } else {
    append(to, {0x45, 0});
    append16(to, 20 + tcp_length);
    append(to, {0, 1, 0x40, 0, 64, 6, 0, 0});
  }
  append_address(to, v6, 0x70);
  append_address(to, v6, 1);
}

}  // namespace

Frame segment_frame(const SegmentSpec& spec) {
  Frame frame;
  auto& to = frame.octets;
  const std::size_t options = spec.is_signed ? 20 : 0;
  append_ip(to, spec.v6, 20 + options + spec.payload.size());
  append16(to, spec.source_port);
  append16(to, 179);
  append32(to, spec.sequence);
  append32(to, spec.acknowledgment);
  append(to, {static_cast<unsigned>((20 + options) / 4 << 4), spec.flags, 0x10, 0, 0, 0, 0, 0});
  if (spec.is_signed) {
    append(to, {1, 1, 19, 18});
    to.insert(to.end(), 16, 0);
  }
  to.insert(to.end(), spec.payload.begin(), spec.payload.end());
  auto view = *TcpView::of(frame);
  if (spec.is_signed) std::ranges::copy(tcpmd5::digest_of(parsed(frame), test_key()), view.digest().begin());
  view.refresh_checksums();
  return frame;
}

Frames burst(std::size_t count, bool v6, std::uint32_t sequence) {
  Frames frames;
  for (std::size_t i = 0; i < count; ++i)
    frames.push_back(segment_frame({.v6 = v6,
                                    .sequence = sequence + static_cast<std::uint32_t>(i * kMss),
                                    .payload = octets(kMss, static_cast<std::uint8_t>(i * 16))}));
  return frames;
}

std::vector<std::uint8_t> octets(std::size_t size, std::uint8_t first) {
  std::vector<std::uint8_t> result(size);
  for (std::size_t i = 0; i < size; ++i) result[i] = static_cast<std::uint8_t>(first + i * 7);
  return result;
}

const tcpmd5::Key& test_key() {
  static const tcpmd5::Key key("a-test-key");
  return key;
}

tcpmd5::Segment parsed(const Frame& frame) {
  const auto result = tcpmd5::parse_segment(frame.octets, tcpmd5::Link::kEthernet);
  if (const auto* segment = std::get_if<tcpmd5::Segment>(&result)) return *segment;
  throw std::logic_error("no segment");
}

tcpmd5::Signature signature(const Frame& frame) { return check_signature(parsed(frame), std::span(&test_key(), 1)); }

bool checksum_is_right(const Frame& frame) {
  const auto segment = parsed(frame);
  return segment.checksum == expected_checksum(segment);
}

}  // namespace tw::lab
