#include "tcpmd5/capture/tap.h"

#include "tcpmd5/capture/tap_source.h"

#include <fmt/format.h>
#include <linux/if_arp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace tw::tcpmd5 {

namespace {

// struct virtio_net_hdr (virtio 1.2 §5.1.6), in the host's byte order. The kernel's header for it is not C++.
struct RawVnetHeader {
  std::uint8_t flags, segmentation;
  std::uint16_t header_octets, segment_octets, checksum_start, checksum_offset;
};
static_assert(sizeof(RawVnetHeader) == kVnetOctets);
constexpr std::uint8_t kNeedsChecksum = 1, kUncut = 0, kTcpOverIpv4 = 1, kTcpOverIpv6 = 4, kWithEcn = 0x80;

Segmentation read_segmentation(std::uint8_t type) {
  switch (type & ~kWithEcn) {
    case kUncut: return Segmentation::kNone;
    case kTcpOverIpv4: return Segmentation::kTcp4;
    case kTcpOverIpv6: return Segmentation::kTcp6;
    default: return Segmentation::kUdp;
  }
}

}  // namespace

VnetHeader read_vnet(const std::uint8_t* octets) {
  RawVnetHeader raw;
  std::memcpy(&raw, octets, sizeof raw);
  VnetHeader vnet;
  vnet.segmentation = read_segmentation(raw.segmentation);
  if (vnet.segmentation != Segmentation::kNone) vnet.segment_octets = raw.segment_octets;
  vnet.needs_checksum = (raw.flags & kNeedsChecksum) != 0;
  if (vnet.needs_checksum) {
    vnet.checksum_start = raw.checksum_start;
    vnet.checksum_offset = raw.checksum_offset;
  }
  return vnet;
}

std::optional<VlanTag> read_vlan(unsigned status, unsigned protocol, unsigned control) {
  if ((status & TP_STATUS_VLAN_VALID) == 0) return std::nullopt;
  const bool says_which = (status & TP_STATUS_VLAN_TPID_VALID) != 0;
  return VlanTag{static_cast<std::uint16_t>(says_which ? protocol : 0x8100), static_cast<std::uint16_t>(control)};
}

void read_address(const sockaddr_ll& address, TapFrame& frame) {
  frame.ifindex = static_cast<unsigned>(address.sll_ifindex);
  frame.outgoing = address.sll_pkttype == PACKET_OUTGOING;
  const bool ethernet = address.sll_hatype == ARPHRD_ETHER || address.sll_hatype == ARPHRD_LOOPBACK;
  frame.link = ethernet ? Link::kEthernet : Link::kIp;
}

Tap::Tap(std::unique_ptr<TapSource> source) : source_(std::move(source)) {}
Tap::Tap(Tap&&) noexcept = default;
Tap& Tap::operator=(Tap&&) noexcept = default;
Tap::~Tap() = default;

std::variant<Tap, std::string> Tap::over(OpenedTap opened) {
  const RingGeometry ring = opened.ring;
  if (ring.blocks == 0) return Tap(make_packet_queue(std::move(opened)));
  auto source = make_packet_ring(std::move(opened));
  if (!source)
    return fmt::format("cannot map the {} octets of a capture ring: {}", ring.octets(), std::strerror(errno));
  return Tap(std::move(source));
}

int Tap::fd() const { return source_->opened.fd; }

std::size_t Tap::read(const OnFrames& on_frames, std::size_t budget) { return source_->read(on_frames, budget); }

std::uint64_t Tap::dropped() {
  tpacket_stats_v3 counted{};  // begins as the older layout does; the kernel starts again from zero each time
  socklen_t size = sizeof counted;
  if (::getsockopt(fd(), SOL_PACKET, PACKET_STATISTICS, &counted, &size) == 0) source_->dropped += counted.tp_drops;
  return source_->dropped;
}

int Tap::take_error() {
  int number = 0;
  socklen_t size = sizeof number;
  ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &number, &size);
  return number;
}

}  // namespace tw::tcpmd5
