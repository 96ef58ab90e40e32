// Opening a tap: the one call of capturing that takes a privilege (CAP_NET_RAW).
//
// What is opened is a descriptor with its filter in place, so that it can be handed to a process without privileges,
// which maps the ring and parses. Acts in the calling thread's network namespace. Any thread.
#pragma once

#include "tcpmd5/capture/frame_filter.h"

#include <cstddef>
#include <string>
#include <utility>
#include <variant>

namespace tw::tcpmd5 {

struct TapRequest {
  unsigned ifindex = 0;  // 0: all devices
  FrameFilter filter;
  std::size_t ring_octets = 16 << 20;  // kernel memory for what waits to be read; rounded to whole blocks
  bool inbound_only = false;           // leave out what this host sends
  bool promiscuous = false;            // also frames for others, as a mirror port receives them
  bool use_ring = true;                // false: by messages, as where the kernel has no ring with vnet headers
};

// The memory that the kernel shares with whoever reads; no blocks: there is none, frames come as messages.
struct RingGeometry {
  std::size_t block_octets = 0, blocks = 0;
  std::size_t octets() const { return block_octets * blocks; }
};

struct OpenedTap {
  OpenedTap(int descriptor, RingGeometry geometry, std::uint32_t length)
      : fd(descriptor), ring(geometry), snaplen(length) {}
  OpenedTap(OpenedTap&& other) noexcept : fd(std::exchange(other.fd, -1)), ring(other.ring), snaplen(other.snaplen) {}
  OpenedTap& operator=(OpenedTap&& other) noexcept {
    std::swap(fd, other.fd);
    ring = other.ring;
    snaplen = other.snaplen;
    return *this;
  }
  ~OpenedTap();

  int fd;  // owned
  RingGeometry ring;
  std::uint32_t snaplen;
};

// Nothing of what passed before the filter was in place is in it. Otherwise one line for people: what failed, why, and
// what to do.
std::variant<OpenedTap, std::string> open_tap(const TapRequest& request);

}  // namespace tw::tcpmd5
