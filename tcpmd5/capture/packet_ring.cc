// A ring that the kernel fills and this process reads without a system call: TPACKET_V3.
#include "tcpmd5/capture/tap_source.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace tw::tcpmd5 {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// The kernel fills blocks with frames one after the other, and hands over block by block.
class PacketRing : public TapSource {
 public:
  PacketRing(OpenedTap tap, std::uint8_t* memory) : TapSource(std::move(tap)), memory_(memory) {}
  ~PacketRing() override { ::munmap(memory_, opened.ring.octets()); }

  std::size_t read(const Tap::OnFrames& on_frames, std::size_t budget) override {
    const SteadyTime steady;
    std::size_t taken = 0;
    while (taken < budget && (left_in_block_ != 0 || next_block())) {
      batch_.clear();
      const std::size_t count = std::min({std::size_t{left_in_block_}, Tap::kBatch, budget - taken});
      while (batch_.size() < count) batch_.push_back(take_frame(steady));
      on_frames(batch_);
      taken += count;
      left_in_block_ -= static_cast<std::uint32_t>(count);
      if (left_in_block_ == 0) release_block();
    }
    return taken;
  }

 private:
  tpacket_hdr_v1& block_header() const {
    auto* block = reinterpret_cast<tpacket_block_desc*>(memory_ + block_ * opened.ring.block_octets);
    return block->hdr.bh1;
  }

  // Whether there is a frame to take. A block that the kernel closed without frames is given back.
  bool next_block() {
    while ((std::atomic_ref(block_header().block_status).load(std::memory_order_acquire) & TP_STATUS_USER) != 0) {
      left_in_block_ = block_header().num_pkts;
      frame_ = reinterpret_cast<std::uint8_t*>(&block_header()) - offsetof(tpacket_block_desc, hdr) +
               block_header().offset_to_first_pkt;
      if (left_in_block_ != 0) return true;
      release_block();
    }
    return false;
  }

  void release_block() {
    std::atomic_ref(block_header().block_status).store(TP_STATUS_KERNEL, std::memory_order_release);
    block_ = (block_ + 1) % opened.ring.blocks;
  }

  TapFrame take_frame(const SteadyTime& steady) {
    const auto& header = *reinterpret_cast<const tpacket3_hdr*>(frame_);
    TapFrame frame;
    read_address(*reinterpret_cast<const sockaddr_ll*>(frame_ + TPACKET_ALIGN(sizeof header)), frame);
    frame.octets = Octets(frame_ + header.tp_mac, header.tp_snaplen);
    frame.length = header.tp_len;
    frame.vnet = read_vnet(frame_ + header.tp_mac - kVnetOctets);
    frame.vlan = read_vlan(header.tp_status, header.hv1.tp_vlan_tpid, header.hv1.tp_vlan_tci);
    frame.wall = WallTime(seconds(header.tp_sec) + nanoseconds(header.tp_nsec));
    frame.at = steady.of(frame.wall);
    frame_ += header.tp_next_offset;
    fetch(frame_, header.tp_next_offset);
    return frame;
  }

  // Another processor wrote the frames, so that each line costs a trip to it. Those of the next frame and, as frames
  // next to one another are mostly of one size, of the one behind it are asked for ahead: what the kernel tells of a
  // frame, and its headers. A prefetch reads nothing, and may point anywhere.
  static void fetch(const std::uint8_t* next, std::size_t size) {
    constexpr std::size_t kLine = 64, kHeaderLines = 4;
    for (std::size_t line = 0; line < kHeaderLines; ++line) {
      __builtin_prefetch(next + line * kLine);
      __builtin_prefetch(next + size + line * kLine);
    }
  }

  std::uint8_t* memory_;
  std::size_t block_ = 0;
  std::uint32_t left_in_block_ = 0;
  const std::uint8_t* frame_ = nullptr;  // the next one, where any is left in the block
  std::vector<TapFrame> batch_;          // all of one block
};

}  // namespace

std::unique_ptr<TapSource> make_packet_ring(OpenedTap opened) {
  void* memory = ::mmap(nullptr, opened.ring.octets(), PROT_READ | PROT_WRITE, MAP_SHARED, opened.fd, 0);
  if (memory == MAP_FAILED) return nullptr;
  return std::make_unique<PacketRing>(std::move(opened), static_cast<std::uint8_t*>(memory));
}

}  // namespace tw::tcpmd5
