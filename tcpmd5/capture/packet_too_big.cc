#include "tcpmd5/capture/packet_too_big.h"

#include <algorithm>
#include <array>

namespace tw::tcpmd5 {

namespace {

std::uint16_t u16(Octets data, std::size_t at) { return static_cast<std::uint16_t>(data[at] << 8 | data[at + 1]); }

template <class Address>
Address address_at(Octets data, std::size_t at) {
  typename Address::bytes_type octets;
  std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(at), octets.size(), octets.begin());
  return Address(octets);
}

Octets without_link(Octets frame) {
  std::size_t at = 12;
  while (frame.size() >= at + 4 && (u16(frame, at) == 0x8100 || u16(frame, at) == 0x88a8)) at += 4;
  return frame.size() >= at + 2 ? frame.subspan(at + 2) : Octets{};
}

std::optional<PacketTooBig> parse_v4(Octets packet) {
  const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
  if (packet.size() < 20 || header < 20 || packet[9] != 1 || packet.size() < header + 8 + 20) return std::nullopt;
  const Octets icmp = packet.subspan(header);
  if (icmp[0] != 3 || icmp[1] != 4) return std::nullopt;
  const Octets about = icmp.subspan(8);
  using V4 = boost::asio::ip::address_v4;
  return PacketTooBig{address_at<V4>(about, 12), address_at<V4>(about, 16), u16(icmp, 6)};
}

std::optional<PacketTooBig> parse_v6(Octets packet) {
  if (packet.size() < 40 + 8 + 40 || packet[6] != 58) return std::nullopt;
  const Octets icmp = packet.subspan(40);
  if (icmp[0] != 2) return std::nullopt;
  const Octets about = icmp.subspan(8);
  using V6 = boost::asio::ip::address_v6;
  const auto mtu = static_cast<std::uint32_t>(u16(icmp, 4)) << 16 | u16(icmp, 6);
  return PacketTooBig{address_at<V6>(about, 8), address_at<V6>(about, 24), mtu};
}

}  // namespace

std::optional<PacketTooBig> parse_packet_too_big(Octets frame, Link link) {
  const Octets packet = link == Link::kEthernet ? without_link(frame) : frame;
  if (packet.empty()) return std::nullopt;
  switch (packet[0] >> 4) {
    case 4: return parse_v4(packet);
    case 6: return parse_v6(packet);
    default: return std::nullopt;
  }
}

}  // namespace tw::tcpmd5
