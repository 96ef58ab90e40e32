// From the frame inwards: link, IP, TCP, options. Each layer hands on what is left and what it has learned.
#include "tcpmd5/segment.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

constexpr std::uint8_t kTcp = 6;
constexpr std::size_t kTcpHeader = 20;

std::uint16_t be16(Octets data, std::size_t at) { return static_cast<std::uint16_t>(data[at] << 8 | data[at + 1]); }
std::uint32_t be32(Octets data, std::size_t at) { return std::uint32_t{be16(data, at)} << 16 | be16(data, at + 2); }

address_v4 v4_at(Octets data, std::size_t at) { return address_v4(be32(data, at)); }
address_v6 v6_at(Octets data, std::size_t at) {
  address_v6::bytes_type bytes;
  std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(at), bytes.size(), bytes.begin());
  return address_v6(bytes);
}

// An IP packet's addresses and what it carries.
struct Carried {
  address source, destination;
  Octets tcp;
  bool truncated = false;  // `tcp` lacks its end
};
using IpResult = std::variant<Carried, NoSegment>;

// The frame without its link header and tags; nothing: too short, or not IP.
std::optional<Octets> ip_of_ethernet(Octets frame) {
  constexpr std::size_t kTypeAt = 12;
  constexpr std::size_t kTag = 4;
  std::size_t type_at = kTypeAt;
  for (; frame.size() >= type_at + 2; type_at += kTag) {
    const std::uint16_t type = be16(frame, type_at);
    if (type == 0x0800 || type == 0x86dd) return frame.subspan(type_at + 2);
    if (type != 0x8100 && type != 0x88a8 && type != 0x9100) return std::nullopt;
  }
  return std::nullopt;
}

// RFC 791 §3.1, loose and strict source route: while the pointer is inside the route, the last entry is the
// destination.
address_v4 final_destination_v4(address_v4 next_hop, Octets options) {
  constexpr std::uint8_t kEnd = 0, kNop = 1, kLoose = 131, kStrict = 137;
  while (!options.empty() && options[0] != kEnd) {
    if (options[0] == kNop) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) break;
    const std::size_t length = options[1];
    if ((options[0] == kLoose || options[0] == kStrict) && length >= 7 && options[2] + 3U <= length)
      return v4_at(options, length - 4);
    options = options.subspan(length);
  }
  return next_hop;
}

IpResult parse_v4(Octets packet) {
  constexpr std::size_t kHeader = 20;
  if (packet.size() < kHeader) return NoSegment::kTruncated;
  const std::size_t header = (packet[0] & 0x0fU) * 4;
  const std::size_t stated = be16(packet, 2);
  const std::size_t total = stated == 0 ? packet.size() : stated;
  if (header < kHeader || total < header) return NoSegment::kMalformed;
  if (packet[9] != kTcp) return NoSegment::kNotTcp;
  constexpr std::uint16_t kMoreFragmentsAndOffset = 0x3fff;
  if ((be16(packet, 6) & kMoreFragmentsAndOffset) != 0) return NoSegment::kFragment;
  if (header > packet.size()) return NoSegment::kTruncated;
  const address_v4 destination = final_destination_v4(v4_at(packet, 16), packet.subspan(kHeader, header - kHeader));
  const std::size_t end = std::min(total, packet.size());
  return Carried{v4_at(packet, 12), destination, packet.subspan(header, end - header), total > packet.size()};
}

// RFC 8200 §4.4 and §8.1: the checksum, and so the digest, is over the final destination.
address_v6 final_destination_v6(address_v6 next_hop, Octets header) {
  constexpr std::uint8_t kSourceRoute = 0, kMobility = 2, kSegmentRouting = 4;
  constexpr std::size_t kAddress = 16, kFirst = 8;
  const std::uint8_t type = header[2];
  const std::size_t room = (header.size() - kFirst) / kAddress;
  if (header[3] == 0 || room == 0) return next_hop;
  if (type == kSegmentRouting) return v6_at(header, kFirst);  // RFC 8754 §2: the list is in reverse
  if (type == kSourceRoute || type == kMobility) return v6_at(header, kFirst + (room - 1) * kAddress);
  return next_hop;
}

// The length of an extension header that has `header` octets left to lie in; nothing: not one of them.
std::optional<std::size_t> extension_length(std::uint8_t kind, Octets header) {
  constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAuthentication = 51, kDestination = 60,
                         kMobility = 135, kHip = 139, kShim6 = 140;
  switch (kind) {
    case kHopByHop:
    case kRouting:
    case kDestination:
    case kMobility:
    case kHip:
    case kShim6: return (header[1] + 1U) * 8;
    case kFragment: return 8;
    case kAuthentication: return (header[1] + 2U) * 4;
    default: return std::nullopt;
  }
}

IpResult parse_v6(Octets packet) {
  constexpr std::size_t kHeader = 40, kShortestExtension = 8;
  constexpr std::uint8_t kRouting = 43, kFragment = 44;
  if (packet.size() < kHeader) return NoSegment::kTruncated;
  const std::size_t stated = be16(packet, 4);
  const std::size_t total = stated == 0 ? packet.size() : kHeader + stated;
  const bool truncated = total > packet.size();
  address_v6 destination = v6_at(packet, 24);
  std::uint8_t next = packet[6];
  Octets rest = packet.subspan(kHeader, std::min(total, packet.size()) - kHeader);
  while (next != kTcp) {
    if (rest.size() < kShortestExtension) return truncated ? NoSegment::kTruncated : NoSegment::kNotTcp;
    const auto length = extension_length(next, rest);
    if (!length) return NoSegment::kNotTcp;
    if (*length > rest.size()) return truncated ? NoSegment::kTruncated : NoSegment::kMalformed;
    constexpr std::uint16_t kOffsetAndMore = 0xfff9;
    if (next == kFragment && (be16(rest, 2) & kOffsetAndMore) != 0) return NoSegment::kFragment;
    if (next == kRouting) destination = final_destination_v6(destination, rest.first(*length));
    next = rest[0];
    rest = rest.subspan(*length);
  }
  return Carried{v6_at(packet, 8), destination, rest, truncated};
}

// RFC 9293 §3.2, as Linux reads it: the first option 19 of the right length counts.
void find_digest(Segment& segment) {
  constexpr std::uint8_t kEnd = 0, kNop = 1;
  constexpr std::size_t kHeader = 2;
  Octets options = segment.options;
  while (!options.empty() && options[0] != kEnd) {
    if (options[0] == kNop) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < kHeader || options[1] < kHeader || options[1] > options.size()) {
      segment.options_malformed = true;
      return;
    }
    if (options[0] == kDigestOption && options[1] == kHeader + kDigestLength) {
      segment.digest = options.subspan(kHeader, kDigestLength);
      return;
    }
    options = options.subspan(options[1]);
  }
}

std::variant<Segment, NoSegment> parse_tcp(const Carried& carried) {
  const Octets tcp = carried.tcp;
  const NoSegment too_short = carried.truncated ? NoSegment::kTruncated : NoSegment::kMalformed;
  if (tcp.size() < kTcpHeader) return too_short;
  const std::size_t header = (tcp[12] >> 4U) * 4U;
  if (header < kTcpHeader) return NoSegment::kMalformed;
  if (header > tcp.size()) return too_short;
  Segment segment{.source = carried.source,
                  .destination = carried.destination,
                  .source_port = be16(tcp, 0),
                  .destination_port = be16(tcp, 2),
                  .sequence = be32(tcp, 4),
                  .acknowledgment = be32(tcp, 8),
                  .flags = tcp[13],
                  .window = be16(tcp, 14),
                  .checksum = be16(tcp, 16),
                  .urgent = be16(tcp, 18),
                  .fixed_header = tcp.first(kTcpHeader),
                  .options = tcp.subspan(kTcpHeader, header - kTcpHeader),
                  .payload = tcp.subspan(header)};
  find_digest(segment);
  return segment;
}

// One's complement sum (RFC 1071), to be folded; an odd last octet counts as the high one. Eight octets at a time: a
// sum of numbers of this host's byte order has, folded, its octets swapped at most (§2 B), and long sums are of 32-bit
// halves (§2 C).
std::uint64_t sum16(Octets data) {
  std::uint64_t sum = 0;
  std::size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data.data() + at, sizeof word);
    sum += (word & 0xffffffffU) + (word >> 32U);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  if constexpr (std::endian::native == std::endian::little) sum = (sum >> 8U | sum << 8U) & 0xffff;
  for (; at + 1 < data.size(); at += 2) sum += be16(data, at);
  if (at < data.size()) sum += static_cast<std::uint64_t>(data[at]) << 8;
  return sum;
}

std::uint64_t sum_of(const address& of) {
  if (of.is_v4()) return sum16(of.to_v4().to_bytes());
  return sum16(of.to_v6().to_bytes());
}

IpResult parse_ip(Octets frame, Link link) {
  if (link == Link::kEthernet) {
    const auto inner = ip_of_ethernet(frame);
    if (!inner) return NoSegment::kNotTcp;
    frame = *inner;
  }
  if (frame.empty()) return NoSegment::kTruncated;
  const int version = frame[0] >> 4;
  if (version != 4 && version != 6) return NoSegment::kNotTcp;
  return version == 4 ? parse_v4(frame) : parse_v6(frame);
}

}  // namespace

std::variant<Segment, NoSegment> parse_segment(Octets frame, Link link) {
  const IpResult ip = parse_ip(frame, link);
  if (const auto* why = std::get_if<NoSegment>(&ip)) return *why;
  const auto& carried = std::get<Carried>(ip);
  if (carried.truncated) return NoSegment::kTruncated;
  return parse_tcp(carried);
}

std::optional<Segment> parse_truncated_segment(Octets frame, Link link) {
  const IpResult ip = parse_ip(frame, link);
  const auto* carried = std::get_if<Carried>(&ip);
  if (carried == nullptr || !carried->truncated) return std::nullopt;
  const auto parsed = parse_tcp(*carried);
  const auto* segment = std::get_if<Segment>(&parsed);
  return segment == nullptr ? std::nullopt : std::optional(*segment);
}

std::uint16_t expected_checksum(const Segment& segment) {
  std::uint64_t sum = sum_of(segment.source) + sum_of(segment.destination) + kTcp;
  sum += (segment.length() & 0xffff) + (segment.length() >> 16);
  sum += sum16(segment.fixed_header) + (segment.checksum ^ 0xffffU);  // without what the field holds (RFC 1624 §3)
  sum += sum16(segment.options) + sum16(segment.payload);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace tw::tcpmd5
