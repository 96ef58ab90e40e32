// A queue of messages, one a frame: for kernels without a ring that holds vnet headers.
#include "tcpmd5/capture/tap_source.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

namespace tw::tcpmd5 {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// One message a frame, many a call.
class PacketQueue : public TapSource {
 public:
  explicit PacketQueue(OpenedTap tap) : TapSource(std::move(tap)), slots_(kBatch) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      slots_[i].octets.resize(kVnetOctets + opened.snaplen);
      slots_[i].piece = {slots_[i].octets.data(), slots_[i].octets.size()};
    }
  }

  std::size_t read(const Tap::OnFrames& on_frames, std::size_t budget) override {
    const SteadyTime steady;
    std::size_t taken = 0;
    while (taken < budget) {
      const std::size_t wanted = std::min(kBatch, budget - taken);
      const int got = receive(wanted);
      if (got <= 0) break;
      batch_.clear();
      for (int i = 0; i < got; ++i) {
        if (const auto frame = frame_of(static_cast<std::size_t>(i), steady)) batch_.push_back(*frame);
      }
      if (!batch_.empty()) on_frames(batch_);
      taken += static_cast<std::size_t>(got);
      if (static_cast<std::size_t>(got) < wanted) break;
    }
    return taken;
  }

 private:
  static constexpr std::size_t kBatch = 32;
  static_assert(kBatch <= Tap::kBatch);
  struct Slot {
    std::vector<std::uint8_t> octets;
    iovec piece{};
    sockaddr_ll address{};
    alignas(cmsghdr) std::array<std::byte, 256> control{};
  };

  int receive(std::size_t wanted) {
    for (std::size_t i = 0; i < wanted; ++i) {
      msghdr& message = messages_[i].msg_hdr;
      message = {};
      message.msg_name = &slots_[i].address;
      message.msg_namelen = sizeof(sockaddr_ll);
      message.msg_iov = &slots_[i].piece;
      message.msg_iovlen = 1;
      message.msg_control = slots_[i].control.data();
      message.msg_controllen = slots_[i].control.size();
    }
    for (;;) {
      const int got = ::recvmmsg(opened.fd, messages_.data(), static_cast<unsigned>(wanted), MSG_DONTWAIT, nullptr);
      if (got >= 0 || errno != EINTR) return got;
    }
  }

  std::optional<TapFrame> frame_of(std::size_t i, const SteadyTime& steady) {
    const std::size_t octets = messages_[i].msg_len;
    if (octets < kVnetOctets) return std::nullopt;
    TapFrame frame;
    read_address(slots_[i].address, frame);
    frame.octets = Octets(slots_[i].octets).subspan(kVnetOctets, octets - kVnetOctets);
    frame.length = frame.octets.size();
    frame.vnet = read_vnet(slots_[i].octets.data());
    frame.wall = std::chrono::system_clock::now();
    msghdr& message = messages_[i].msg_hdr;
    for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr; control = CMSG_NXTHDR(&message, control))
      read_control(*control, frame);
    frame.at = steady.of(frame.wall);
    return frame;
  }

  static void read_control(const cmsghdr& control, TapFrame& frame) {
    if (control.cmsg_level == SOL_PACKET && control.cmsg_type == PACKET_AUXDATA) {
      tpacket_auxdata aux;
      std::memcpy(&aux, CMSG_DATA(&control), sizeof aux);
      frame.length = aux.tp_len;
      frame.vlan = read_vlan(aux.tp_status, aux.tp_vlan_tpid, aux.tp_vlan_tci);
    }
    if (control.cmsg_level == SOL_SOCKET && control.cmsg_type == SCM_TIMESTAMPNS) {
      timespec time;
      std::memcpy(&time, CMSG_DATA(&control), sizeof time);
      frame.wall = WallTime(seconds(time.tv_sec) + nanoseconds(time.tv_nsec));
    }
  }

  std::vector<Slot> slots_;
  std::vector<TapFrame> batch_;
  std::array<mmsghdr, kBatch> messages_{};
};

}  // namespace

std::unique_ptr<TapSource> make_packet_queue(OpenedTap opened) {
  return std::make_unique<PacketQueue>(std::move(opened));
}

}  // namespace tw::tcpmd5
