// Frames for the unit tests, signed as RFC 2385 asks for, and the judge of what became of them.
//
// Test support; any thread.
#pragma once

#include "tcpmd5/digest.h"
#include "tests/lab/nic/frame.h"

#include <string>
#include <vector>

namespace tw::lab {

inline constexpr std::size_t kMss = 1440;

struct SegmentSpec {
  bool v6 = false;
  std::uint32_t sequence = 1000, acknowledgment = 2000;
  std::uint8_t flags = TcpView::kAck;
  std::uint16_t source_port = 40000;
  std::vector<std::uint8_t> payload{};
  bool is_signed = true;
};
// From 192.0.2.112 to 192.0.2.1, or the same in 2001:db8::/64; both checksums right.
Frame segment_frame(const SegmentSpec& spec);
// `count` full segments in a row, each with octets of its own.
Frames burst(std::size_t count, bool v6 = false, std::uint32_t sequence = 1000);
std::vector<std::uint8_t> octets(std::size_t size, std::uint8_t first = 0);

const tcpmd5::Key& test_key();
// As tcpmd5, which knows nothing of this NIC, sees it.
tcpmd5::Segment parsed(const Frame& frame);
tcpmd5::Signature signature(const Frame& frame);
bool checksum_is_right(const Frame& frame);

}  // namespace tw::lab
