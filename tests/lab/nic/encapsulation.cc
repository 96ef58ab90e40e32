#include "tests/lab/nic/encapsulation.h"

#include "tests/lab/nic/checksum.h"

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

namespace tw::lab {
namespace {

constexpr std::array<std::pair<std::string_view, Encapsulation>, 6> kNames{{{"none", Encapsulation::kNone},
                                                                            {"gre", Encapsulation::kGre},
                                                                            {"erspan1", Encapsulation::kErspan1},
                                                                            {"erspan2", Encapsulation::kErspan2},
                                                                            {"erspan3", Encapsulation::kErspan3},
                                                                            {"vxlan", Encapsulation::kVxlan}}};
constexpr std::uint8_t kGreProtocol = 47, kUdpProtocol = 17;
constexpr std::uint16_t kVxlanPort = 4789, kSessionId = 1, kVxlanNetwork = 77;
constexpr std::size_t kEthernet = 14, kIp = 20;

class Writer {
 public:
  explicit Writer(std::vector<std::uint8_t>& octets) : octets_(octets) {}
  Writer& u8(unsigned value) {
    octets_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  Writer& u16(unsigned value) { return u8(value >> 8).u8(value); }
  Writer& u32(std::uint32_t value) { return u16(value >> 16).u16(value & 0xffff); }

 private:
  std::vector<std::uint8_t>& octets_;
};

void write_tunnel(Writer& to, std::size_t inner, Encapsulation encapsulation, Wrapping wrapping) {
  constexpr unsigned kSequencePresent = 0x1000, kBridged = 0x6558, kErspanI_II = 0x88be, kErspanIII = 0x22eb;
  const unsigned truncated = wrapping.truncated ? 0x0400 : 0;
  switch (encapsulation) {
    case Encapsulation::kNone: break;
    case Encapsulation::kGre: to.u16(0).u16(kBridged); break;
    case Encapsulation::kErspan1: to.u16(0).u16(kErspanI_II); break;
    case Encapsulation::kErspan2:
      to.u16(kSequencePresent).u16(kErspanI_II).u32(wrapping.sequence);
      to.u16(0x1000).u16(truncated | kSessionId).u32(0);
      break;
    case Encapsulation::kErspan3:
      to.u16(kSequencePresent).u16(kErspanIII).u32(wrapping.sequence);
      to.u16(0x2000).u16(truncated | kSessionId).u32(0).u16(0).u16(0);
      break;
    case Encapsulation::kVxlan:
      to.u16(49152).u16(kVxlanPort).u16(static_cast<unsigned>(8 + 8 + inner)).u16(0);  // no checksum: RFC 7348 §5
      to.u32(0x08000000).u32(kVxlanNetwork << 8);
      break;
  }
}

}  // namespace

Encapsulation encapsulation_named(std::string_view name) {
  for (const auto& [known, value] : kNames)
    if (known == name) return value;
  throw std::invalid_argument("no encapsulation is called " + std::string(name));
}

Frame wrapped(const Frame& frame, Encapsulation encapsulation, Wrapping wrapping) {
  if (encapsulation == Encapsulation::kNone) return frame;
  std::vector<std::uint8_t> tunnel;
  Writer tunnel_to(tunnel);
  write_tunnel(tunnel_to, frame.octets.size(), encapsulation, wrapping);

  Frame outer;
  outer.octets.reserve(kEthernet + kIp + tunnel.size() + frame.octets.size());
  Writer to(outer.octets);
  to.u16(0x0200).u32(2).u16(0x0200).u32(1).u16(0x0800);
  const bool is_udp = encapsulation == Encapsulation::kVxlan;
  to.u16(0x4500).u16(static_cast<unsigned>(kIp + tunnel.size() + frame.octets.size())).u32(0);
  to.u8(64).u8(is_udp ? kUdpProtocol : kGreProtocol).u16(0).u32(0xc6120001).u32(0xc6120002);  // 198.18.0.1 to .2
  const auto sum = static_cast<std::uint16_t>(~folded(add_to_sum(0, std::span(outer.octets).subspan(kEthernet, kIp))));
  outer.octets[kEthernet + 10] = static_cast<std::uint8_t>(sum >> 8);
  outer.octets[kEthernet + 11] = static_cast<std::uint8_t>(sum);
  outer.octets.insert(outer.octets.end(), tunnel.begin(), tunnel.end());
  outer.octets.insert(outer.octets.end(), frame.octets.begin(), frame.octets.end());
  return outer;
}

}  // namespace tw::lab
