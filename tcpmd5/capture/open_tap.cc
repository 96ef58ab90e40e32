#include "tcpmd5/capture/open_tap.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace tw::tcpmd5 {
namespace {

// A block is handed over when it is full or when so long has passed, at most twice: the delay of a verdict on a quiet
// session. Each time wakes the reader, and many segments at once are cheaper to hash than few.
constexpr unsigned kBlockMilliseconds = 20;
// A block holds the longest frame with its headers. Many small blocks rather than few big ones: on a quiet session
// each costs a whole block.
constexpr std::size_t kBlockOctets = 256 << 10;
constexpr std::uint32_t kMaxSnaplen = kBlockOctets - 4096;
constexpr unsigned kFrameOctets = 2048;  // only to be consistent: frames of TPACKET_V3 are as long as they are

template <class Value>
bool set_option(int fd, int option, const Value& value) {
  return ::setsockopt(fd, SOL_PACKET, option, &value, sizeof value) == 0;
}

bool attach_filter(int fd, std::vector<sock_filter> program) {
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

// Nothing: this kernel has no such ring together with vnet headers.
std::optional<RingGeometry> make_ring(int fd, std::size_t octets) {
  const RingGeometry ring{kBlockOctets, std::max<std::size_t>(4, (octets + kBlockOctets - 1) / kBlockOctets)};
  tpacket_req3 request{};
  request.tp_block_size = static_cast<unsigned>(ring.block_octets);
  request.tp_block_nr = static_cast<unsigned>(ring.blocks);
  request.tp_frame_size = kFrameOctets;
  request.tp_frame_nr = static_cast<unsigned>(ring.octets() / kFrameOctets);
  request.tp_retire_blk_tov = kBlockMilliseconds;
  const int version = TPACKET_V3;
  if (!set_option(fd, PACKET_VERSION, version) || !set_option(fd, PACKET_RX_RING, request)) return std::nullopt;
  return ring;
}

// What takes the ring's place: a queue of messages, each with its time and what the ring tells in a frame's header.
bool make_queue(int fd, std::size_t octets) {
  const int on = 1;
  const int size = static_cast<int>(std::min<std::size_t>(octets, 1 << 30));
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  return set_option(fd, PACKET_AUXDATA, on) && ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0;
}

bool listen_on(int fd, const TapRequest& request) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(request.ifindex);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::string device_text(unsigned ifindex) {
  std::array<char, IF_NAMESIZE> name{};
  if (ifindex == 0) return "all devices";
  if (::if_indextoname(ifindex, name.data()) == nullptr) return fmt::format("device {}", ifindex);
  return name.data();
}

std::string failure(const TapRequest& request, std::string_view what) {
  const int number = errno;
  const std::string device = device_text(request.ifindex);
  if (number == EPERM || number == EACCES)
    return fmt::format("{}: cannot capture: it takes CAP_NET_RAW (systemd: AmbientCapabilities=CAP_NET_RAW)", device);
  if (number == ENODEV || number == ENXIO) return fmt::format("{}: cannot capture: there is no such device", device);
  return fmt::format("{}: cannot capture: {}: {}", device, what, std::strerror(number));
}

}  // namespace

OpenedTap::~OpenedTap() {
  if (fd >= 0) ::close(fd);
}

std::variant<OpenedTap, std::string> open_tap(const TapRequest& request) {
  // Protocol 0: it receives nothing before it is bound, when the filter has long been in place.
  OpenedTap tap(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), {},
                std::min(request.filter.snaplen, kMaxSnaplen));
  if (tap.fd < 0) return failure(request, "socket");
  FrameFilter filter = request.filter;
  filter.snaplen = tap.snaplen;
  if (!attach_filter(tap.fd, filter_program(filter))) return failure(request, "filter");
  const int on = 1;
  if (!set_option(tap.fd, PACKET_VNET_HDR, on)) return failure(request, "vnet header");
  if (request.inbound_only && !set_option(tap.fd, PACKET_IGNORE_OUTGOING, on)) return failure(request, "direction");
  if (request.use_ring) tap.ring = make_ring(tap.fd, request.ring_octets).value_or(RingGeometry{});
  if (tap.ring.blocks == 0 && !make_queue(tap.fd, request.ring_octets)) return failure(request, "receive queue");
  if (!listen_on(tap.fd, request)) return failure(request, "bind");
  if (request.promiscuous) {
    packet_mreq membership{};
    membership.mr_ifindex = static_cast<int>(request.ifindex);
    membership.mr_type = PACKET_MR_PROMISC;
    if (!set_option(tap.fd, PACKET_ADD_MEMBERSHIP, membership)) return failure(request, "promiscuous mode");
  }
  return tap;
}

}  // namespace tw::tcpmd5
