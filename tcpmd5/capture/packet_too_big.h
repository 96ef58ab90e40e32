// ICMP "fragmentation needed" (RFC 792, RFC 1191) and ICMPv6 "Packet Too Big" (RFC 4443 §3.2): which packet it is
// about.
//
// Pure: reads nothing outside the frame. Any thread.
#pragma once

#include "tcpmd5/segment.h"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>

namespace tw::tcpmd5 {

struct PacketTooBig {
  boost::asio::ip::address source, destination;  // of the packet that was too big
  std::uint32_t mtu = 0;                         // octets; 0: an old router that does not say
};
// Nothing: the frame is something else, or cut short. Ethernet with any VLAN tags, or bare IP.
std::optional<PacketTooBig> parse_packet_too_big(Octets frame, Link link);

}  // namespace tw::tcpmd5
