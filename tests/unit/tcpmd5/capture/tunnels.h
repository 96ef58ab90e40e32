// Frames wrapped as mirrors wrap them, octet by octet as the documents draw them.
#pragma once

#include "tests/unit/tcpmd5/frames.h"

#include <cstdint>
#include <initializer_list>

namespace tw::tcpmd5 {

inline Frame joined(std::initializer_list<Frame> parts) {
  Frame all;
  for (const Frame& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}
inline Frame be16_octets(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
}

inline Frame ethernet(unsigned type, const Frame& payload) {
  return joined({from_hex("0202020202020404040404"), {4}, be16_octets(type), payload});
}
inline Frame vlan_tagged(unsigned tag_type, const Frame& frame) {
  Frame tagged = frame;
  insert(tagged, 12, joined({be16_octets(tag_type), be16_octets(7)}));
  return tagged;
}
inline Frame ipv4_packet(std::uint8_t protocol, const Frame& payload, unsigned fragment = 0) {
  return joined({{0x45, 0},
                 be16_octets(20 + payload.size()),
                 {0, 1},
                 be16_octets(fragment),
                 {64, protocol, 0, 0},
                 from_hex("cb007101cb007102"),
                 payload});
}
inline Frame ipv6_packet(std::uint8_t next, const Frame& payload) {
  return joined({{0x60, 0, 0, 0},
                 be16_octets(payload.size()),
                 {next, 64},
                 from_hex("20010db800000000000000000000000a20010db800000000000000000000000b"),
                 payload});
}
inline constexpr std::uint8_t kGreNumber = 47, kUdpNumber = 17, kTcpNumber = 6;

inline Frame gre(unsigned flags, unsigned type, const Frame& payload) {
  std::size_t fields = 0;
  for (const unsigned flag : {0x8000U, 0x2000U, 0x1000U}) fields += (flags & flag) != 0 ? 4 : 0;
  return joined({be16_octets(flags), be16_octets(type), Frame(fields, 0x33), payload});
}
inline Frame erspan1(const Frame& frame) { return gre(0, 0x88be, frame); }
inline Frame erspan2(const Frame& frame, bool truncated = false) {
  return gre(0x1000, 0x88be, joined({{0x10, 0x05}, be16_octets(truncated ? 0x0401 : 0x0001), {0, 0, 0, 9}, frame}));
}
inline Frame erspan3(const Frame& frame, unsigned cos_session = 1, unsigned last = 0) {
  const Frame platform = (last & 1U) != 0 ? Frame(8, 0x44) : Frame{};
  return gre(
      0x1000, 0x22eb,
      joined({{0x20, 0x05}, be16_octets(cos_session), {1, 2, 3, 4}, {0, 0}, be16_octets(last), platform, frame}));
}
inline Frame udp(unsigned port, const Frame& payload) {
  return joined({be16_octets(50'000), be16_octets(port), be16_octets(8 + payload.size()), {0, 0}, payload});
}
inline Frame vxlan(const Frame& frame, std::uint8_t flags = 0x08) {
  return udp(4789, joined({{flags, 0, 0, 0, 0, 0, 5, 0}, frame}));
}

}  // namespace tw::tcpmd5
