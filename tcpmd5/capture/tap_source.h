// Where a tap's frames come from: a ring or a queue of messages. Of the implementation of Tap.
#pragma once

#include "tcpmd5/capture/tap.h"

#include <linux/if_packet.h>

#include <memory>

namespace tw::tcpmd5 {

struct TapSource {
  explicit TapSource(OpenedTap tap) : opened(std::move(tap)) {}
  virtual ~TapSource() = default;
  virtual std::size_t read(const Tap::OnFrames& on_frames, std::size_t budget) = 0;

  OpenedTap opened;
  std::uint64_t dropped = 0;
};

// REQUIRES: opened.ring has blocks. Nothing: errno says why it cannot be mapped.
std::unique_ptr<TapSource> make_packet_ring(OpenedTap opened);
// REQUIRES: opened.ring has none.
std::unique_ptr<TapSource> make_packet_queue(OpenedTap opened);

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// Turns the kernel's wall-clock stamps into steady time; right as long as the clock is not set within milliseconds.
class SteadyTime {
 public:
  SteadyTime() : wall_(std::chrono::system_clock::now()), steady_(std::chrono::steady_clock::now()) {}
  std::chrono::steady_clock::time_point of(WallTime wall) const { return steady_ + (wall - wall_); }

 private:
  WallTime wall_;
  std::chrono::steady_clock::time_point steady_;
};

// The kernel puts it in front of each frame.
inline constexpr std::size_t kVnetOctets = 10;
VnetHeader read_vnet(const std::uint8_t* octets);
std::optional<VlanTag> read_vlan(unsigned status, unsigned protocol, unsigned control);
// Device, direction and link.
void read_address(const sockaddr_ll& address, TapFrame& frame);

}  // namespace tw::tcpmd5
