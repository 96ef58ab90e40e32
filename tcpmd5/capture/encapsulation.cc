// From outside inwards, one layer a step, until there is TCP or nothing that we know.
#include "tcpmd5/capture/encapsulation.h"

#include <algorithm>

namespace tw::tcpmd5 {
namespace {

constexpr std::uint8_t kUdp = 17, kGreProtocol = 47;
constexpr std::uint16_t kEtherIpv4 = 0x0800, kEtherIpv6 = 0x86dd;
constexpr std::uint16_t kEtherVlan = 0x8100, kEtherService = 0x88a8, kEtherOldService = 0x9100;

std::uint16_t be16(Octets data, std::size_t at) { return static_cast<std::uint16_t>(data[at] << 8 | data[at + 1]); }

bool may_be_tunnel(std::uint8_t protocol) { return protocol == kUdp || protocol == kGreProtocol; }

// What lies where a step ended.
enum class Begins : std::uint8_t { kEthernet, kIp };

class Unwrapper {
 public:
  std::variant<Unwrapped, NoSegment> run(Octets frame, LinkType link);

 private:
  // Each looks at what is in front and steps behind it. kDone: `result_` begins with what may be a segment.
  enum class Step : std::uint8_t { kAgain, kDone, kStop };

  Step stop(NoSegment why) {
    why_ = why;
    return Step::kStop;
  }
  bool peeled(Layer layer);
  Step link_layer(LinkType link);
  Step by_ethertype(std::uint16_t type, Octets payload);
  Step ethernet();
  Step ip();
  Step ipv4(Octets packet);
  Step ipv6(Octets packet);
  Step tunnel(std::uint8_t protocol, Octets payload, bool first_fragment);
  Step gre(Octets packet);
  Step erspan(Octets packet, bool third);
  Step vxlan(Octets packet, bool first_fragment);

  Unwrapped result_;
  Begins begins_ = Begins::kEthernet;
  NoSegment why_ = NoSegment::kNotTcp;
};

bool Unwrapper::peeled(Layer layer) {
  if (result_.layers.count == Layers::kMost) return false;
  result_.layers.layer[result_.layers.count++] = layer;
  return true;
}

Unwrapper::Step Unwrapper::link_layer(LinkType link) {
  constexpr std::size_t kSllHeader = 16, kSllType = 14, kSll2Header = 20, kFamily = 4;
  const Octets frame = result_.frame;
  const auto behind = [&](std::size_t header) {
    result_.frame = frame.subspan(std::min(header, frame.size()));
    begins_ = Begins::kIp;
    return Step::kAgain;
  };
  switch (link) {
    case LinkType::kEthernet: begins_ = Begins::kEthernet; return Step::kAgain;
    case LinkType::kRaw:
    case LinkType::kIpv4:
    case LinkType::kIpv6:
    case LinkType::kBsdRaw:
    case LinkType::kOpenBsdRaw: return behind(0);
    case LinkType::kNull:
    case LinkType::kLoop: return behind(kFamily);  // which family, the packet itself says, the same on every system
    case LinkType::kLinuxSll:
      if (frame.size() < kSllHeader) return stop(NoSegment::kTruncated);
      return by_ethertype(be16(frame, kSllType), frame.subspan(kSllHeader));
    case LinkType::kLinuxSll2:
      if (frame.size() < kSll2Header) return stop(NoSegment::kTruncated);
      return by_ethertype(be16(frame, 0), frame.subspan(kSll2Header));
  }
  return stop(NoSegment::kNotTcp);
}

// `payload` is what follows the type.
Unwrapper::Step Unwrapper::by_ethertype(std::uint16_t type, Octets payload) {
  constexpr std::size_t kTagRest = 4;  // of a tag: control information, and the next type
  while (type == kEtherVlan || type == kEtherService || type == kEtherOldService) {
    if (payload.size() < kTagRest) return stop(NoSegment::kTruncated);
    if (!peeled(Layer::kVlan)) return stop(NoSegment::kNotTcp);
    type = be16(payload, 2);
    payload = payload.subspan(kTagRest);
  }
  if (type != kEtherIpv4 && type != kEtherIpv6) return stop(NoSegment::kNotTcp);
  result_.frame = payload;
  begins_ = Begins::kIp;
  return Step::kAgain;
}

Unwrapper::Step Unwrapper::ethernet() {
  constexpr std::size_t kHeader = 14, kTypeAt = 12;
  if (result_.frame.size() < kHeader) return stop(NoSegment::kTruncated);
  return by_ethertype(be16(result_.frame, kTypeAt), result_.frame.subspan(kHeader));
}

// Only GRE and UDP are of interest here; the rest is left to parse_segment(), which knows how to say what is wrong.
Unwrapper::Step Unwrapper::ip() {
  if (result_.frame.empty()) return Step::kDone;
  switch (result_.frame[0] >> 4) {
    case 4: return ipv4(result_.frame);
    case 6: return ipv6(result_.frame);
    default: return Step::kDone;
  }
}

Unwrapper::Step Unwrapper::ipv4(Octets packet) {
  constexpr std::size_t kHeader = 20;
  constexpr std::uint16_t kMoreFragments = 0x2000, kOffset = 0x1fff;
  if (packet.size() < kHeader || !may_be_tunnel(packet[9])) return Step::kDone;
  const std::size_t header = (packet[0] & 0x0fU) * 4, stated = be16(packet, 2);
  const std::size_t end = stated == 0 ? packet.size() : std::min(stated, packet.size());
  if (header < kHeader || (stated != 0 && stated < header)) return stop(NoSegment::kMalformed);
  if (header > end) return stop(NoSegment::kTruncated);
  const std::uint16_t fragment = be16(packet, 6) & (kMoreFragments | kOffset);
  if ((fragment & kOffset) != 0) return stop(packet[9] == kUdp ? NoSegment::kNotTcp : NoSegment::kFragment);
  return tunnel(packet[9], packet.subspan(header, end - header), fragment != 0);
}

// Linux puts a destination option (RFC 2473 §4.1.1) in front of what it tunnels over IPv6.
Unwrapper::Step Unwrapper::ipv6(Octets packet) {
  constexpr std::size_t kHeader = 40, kShortestExtension = 8;
  constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kDestination = 60;
  if (packet.size() < kHeader) return Step::kDone;
  const std::size_t stated = be16(packet, 4), room = packet.size() - kHeader;
  Octets rest = packet.subspan(kHeader, stated == 0 ? room : std::min(stated, room));
  std::uint8_t next = packet[6];
  while (next == kHopByHop || next == kRouting || next == kDestination) {
    if (rest.size() < kShortestExtension) return Step::kDone;
    const std::size_t length = (rest[1] + 1U) * 8;
    if (length > rest.size()) return Step::kDone;
    next = rest[0];
    rest = rest.subspan(length);
  }
  return may_be_tunnel(next) ? tunnel(next, rest, false) : Step::kDone;
}

Unwrapper::Step Unwrapper::tunnel(std::uint8_t protocol, Octets payload, bool first_fragment) {
  if (protocol == kGreProtocol) return first_fragment ? stop(NoSegment::kFragment) : gre(payload);
  return vxlan(payload, first_fragment);
}

// RFC 2784 §2, RFC 2890 §2. Routed packets (RFC 1701) and version 1 (RFC 2637) carry no mirrored frames.
Unwrapper::Step Unwrapper::gre(Octets packet) {
  constexpr std::uint16_t kChecksum = 0x8000, kRouting = 0x4000, kKey = 0x2000, kSequence = 0x1000, kVersion = 0x0007;
  constexpr std::uint16_t kEthernetBridged = 0x6558, kErspan = 0x88be, kErspanThird = 0x22eb;
  constexpr std::size_t kHeader = 4, kField = 4;
  if (packet.size() < kHeader) return stop(NoSegment::kTruncated);
  const std::uint16_t flags = be16(packet, 0), type = be16(packet, 2);
  if ((flags & (kRouting | kVersion)) != 0 || !peeled(Layer::kGre)) return stop(NoSegment::kNotTcp);
  std::size_t header = kHeader;
  for (const std::uint16_t field : {kChecksum, kKey, kSequence})
    if ((flags & field) != 0) header += kField;
  if (packet.size() < header) return stop(NoSegment::kTruncated);
  const Octets payload = packet.subspan(header);
  if (type == kErspanThird) return erspan(payload, true);
  if (type == kErspan && (flags & kSequence) != 0) return erspan(payload, false);
  if (type != kErspan && type != kEthernetBridged) return by_ethertype(type, payload);
  // Without a sequence number it is ERSPAN I, which has no header of its own.
  if (type == kErspan && !peeled(Layer::kErspan1)) return stop(NoSegment::kNotTcp);
  result_.frame = payload;
  begins_ = Begins::kEthernet;
  return Step::kAgain;
}

// draft-foschiano-erspan-03 §4.2 and §4.3.
Unwrapper::Step Unwrapper::erspan(Octets packet, bool third) {
  constexpr std::size_t kSecondHeader = 8, kThirdHeader = 12, kPlatformHeader = 8;
  constexpr std::uint16_t kTruncated = 0x0400, kBadFrame = 0x1800, kPlatform = 0x0001, kFrameType = 0x7c00;
  constexpr std::uint16_t kIpPacket = 2U << 10U;
  std::size_t header = third ? kThirdHeader : kSecondHeader;
  if (packet.size() < header) return stop(NoSegment::kTruncated);
  if (packet[0] >> 4 != (third ? 2 : 1)) return stop(NoSegment::kNotTcp);
  if (!peeled(third ? Layer::kErspan3 : Layer::kErspan2)) return stop(NoSegment::kNotTcp);
  result_.cut_by_mirror = result_.cut_by_mirror || (be16(packet, 2) & kTruncated) != 0;
  begins_ = Begins::kEthernet;
  if (third) {
    const std::uint16_t last = be16(packet, kThirdHeader - 2);
    result_.bad_at_mirror = result_.bad_at_mirror || (be16(packet, 2) & kBadFrame) != 0;
    if ((last & kFrameType) == kIpPacket) begins_ = Begins::kIp;
    if ((last & kPlatform) != 0) header += kPlatformHeader;
    if (packet.size() < header) return stop(NoSegment::kTruncated);
  }
  result_.frame = packet.subspan(header);
  return Step::kAgain;
}

// RFC 7348 §5. Any other UDP is not ours.
Unwrapper::Step Unwrapper::vxlan(Octets packet, bool first_fragment) {
  constexpr std::size_t kUdpHeader = 8, kHeader = 8;
  constexpr std::uint16_t kPort = 4789;
  constexpr std::uint8_t kHasIdentifier = 0x08;
  if (packet.size() < kUdpHeader) return stop(NoSegment::kTruncated);
  if (be16(packet, 2) != kPort) return stop(NoSegment::kNotTcp);
  if (first_fragment) return stop(NoSegment::kFragment);
  if (packet.size() < kUdpHeader + kHeader) return stop(NoSegment::kTruncated);
  if ((packet[kUdpHeader] & kHasIdentifier) == 0 || !peeled(Layer::kVxlan)) return stop(NoSegment::kNotTcp);
  result_.frame = packet.subspan(kUdpHeader + kHeader);
  begins_ = Begins::kEthernet;
  return Step::kAgain;
}

std::variant<Unwrapped, NoSegment> Unwrapper::run(Octets frame, LinkType link) {
  result_.frame = frame;
  Step step = link_layer(link);
  while (step == Step::kAgain) {
    step = begins_ == Begins::kEthernet ? ethernet() : ip();
  }
  if (step == Step::kStop) return why_;
  return result_;
}

}  // namespace

std::variant<Unwrapped, NoSegment> unwrap(Octets frame, LinkType link) { return Unwrapper().run(frame, link); }

std::string to_string(const Layers& layers) {
  std::string text;
  for (const Layer layer : layers.all()) {
    if (!text.empty()) text += ", ";
    switch (layer) {
      case Layer::kVlan: text += "vlan"; break;
      case Layer::kGre: text += "gre"; break;
      case Layer::kErspan1: text += "erspan I"; break;
      case Layer::kErspan2: text += "erspan II"; break;
      case Layer::kErspan3: text += "erspan III"; break;
      case Layer::kVxlan: text += "vxlan"; break;
    }
  }
  return text;
}

}  // namespace tw::tcpmd5
