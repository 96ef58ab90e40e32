// A TCP segment as it lies in a captured frame: where everything is, checked against the frame's bounds.
//
// Ethernet II with any VLAN tags, or bare IP; IPv4 with options (RFC 791), IPv6 with extension headers (RFC 8200).
// Pure: reads nothing outside the frame, allocates nothing. The Segment points into the frame. Any thread.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

namespace tw::tcpmd5 {

using Octets = std::span<const std::uint8_t>;

namespace tcp_flag {
inline constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10, kUrg = 0x20, kEce = 0x40,
                              kCwr = 0x80;
}

inline constexpr std::uint8_t kDigestOption = 19;  // RFC 2385 §3
inline constexpr std::size_t kDigestLength = 16;

struct Segment {
  boost::asio::ip::address source, destination;  // destination: the final one, where a source route is left to go
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t sequence = 0, acknowledgment = 0;
  std::uint8_t flags = 0;  // tcp_flag
  std::uint16_t window = 0, checksum = 0, urgent = 0;
  Octets fixed_header;             // the 20 octets before the options
  Octets options;                  // all of them, padding included
  Octets payload;                  // without the padding of the link
  Octets digest;                   // of the first well-formed option 19; empty: unsigned
  bool options_malformed = false;  // an option's length is impossible; what follows it was not looked at

  std::size_t length() const { return fixed_header.size() + options.size() + payload.size(); }
  bool is_signed() const { return !digest.empty(); }
};

enum class Link : std::uint8_t { kEthernet, kIp };  // what a frame starts with

// Why a frame holds no segment to look at.
enum class NoSegment : std::uint8_t {
  kNotTcp,     // something else, or TCP that cannot be seen: ESP
  kFragment,   // of an IP packet: the segment is not here as a whole
  kTruncated,  // the capture ends before the packet does
  kMalformed,  // lengths contradict each other
};

// A packet that states no length, as frames about to be segmented may, ends with the frame.
std::variant<Segment, NoSegment> parse_segment(Octets frame, Link link);
// What is there of a segment that parse_segment() calls truncated: all of its header, and payload that lacks its end,
// so that no digest can be checked. Nothing: it is not of that kind, or less is there.
std::optional<Segment> parse_truncated_segment(Octets frame, Link link);

// What the checksum field should hold (RFC 9293 §3.1). A frame that its sender left to the NIC to finish
// ("CHECKSUM_PARTIAL") holds something else.
std::uint16_t expected_checksum(const Segment& segment);

}  // namespace tw::tcpmd5
