// What a mirror wraps around the frames that it copies, taken off: GRE, ERSPAN I, II and III, VXLAN, one inside the
// other, over IPv4 and IPv6; and what a capture puts in front of a packet instead of a link header.
//
// A frame that is a TCP segment is never looked into, whatever it carries: a session that runs outside a tunnel is not
// mistaken for one inside. Pure: reads nothing outside the frame, allocates nothing. Any thread.
#pragma once

#include "tcpmd5/capture/capture_decoder.h"
#include "tcpmd5/segment.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

namespace tw::tcpmd5 {

enum class Layer : std::uint8_t {
  kVlan,     // IEEE 802.1Q or 802.1ad: one tag
  kGre,      // RFC 2784, RFC 2890
  kErspan1,  // draft-foschiano-erspan-03 §4.1: GRE and nothing more
  kErspan2,  // §4.2
  kErspan3,  // §4.3
  kVxlan,    // RFC 7348
};

// The layers that were taken off, outermost first. What is deeper than kMost is not looked at.
struct Layers {
  static constexpr std::size_t kMost = 12;
  std::array<Layer, kMost> layer{};
  std::uint8_t count = 0;
  std::span<const Layer> all() const { return std::span(layer).first(count); }
};
std::string to_string(const Layers& layers);  // "vlan, gre, erspan III"; empty: none

struct Unwrapped {
  Octets frame;           // the innermost IP packet
  Link link = Link::kIp;  // what parse_segment() is to be told
  Layers layers;
  bool cut_by_mirror = false;  // the mirror says that it sent less than the whole frame (ERSPAN's T bit)
  bool bad_at_mirror = false;  // the mirror says that the frame came to it damaged (ERSPAN III, BSO)
};

// kNotTcp: no IP inside, or tunnels beyond the depth that is looked at. kFragment: of an outer packet.
std::variant<Unwrapped, NoSegment> unwrap(Octets frame, LinkType link);

}  // namespace tw::tcpmd5
