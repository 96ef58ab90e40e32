// A live tap: the frames that a device sends and receives, each with what the kernel knows of it.
//
// AF_PACKET. What goes out is seen as it is handed to the driver, before the NIC's own work: the reference copy; what
// comes in is seen as the kernel took it, after the NIC's. Neither is the wire. Not thread-safe. Frames are not copied:
// their octets lie where the kernel put them, and live until the callback returns.
#pragma once

#include "tcpmd5/capture/open_tap.h"
#include "tcpmd5/segment.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace tw::tcpmd5 {

enum class Segmentation : std::uint8_t { kNone, kTcp4, kTcp6, kUdp };

// What is left for the NIC to do, or what a NIC or GRO has done: virtio 1.2 §5.1.6.
struct VnetHeader {
  Segmentation segmentation = Segmentation::kNone;        // to be cut, or merged: not one segment of the wire
  std::uint16_t segment_octets = 0;                       // payload of each piece
  bool needs_checksum = false;                            // the checksum is still to be completed
  std::uint16_t checksum_start = 0, checksum_offset = 0;  // octets from the frame's start; from there
};

struct VlanTag {
  std::uint16_t protocol = 0;  // EtherType of the tag: 0x8100 or 0x88a8
  std::uint16_t control = 0;   // priority and VLAN number
};

struct TapFrame {
  unsigned ifindex = 0;
  bool outgoing = false;
  Link link = Link::kEthernet;
  Octets octets;
  std::size_t length = 0;  // of the frame; more than there is in `octets` where it was truncated
  VnetHeader vnet;
  std::optional<VlanTag> vlan;  // taken out of the frame by the kernel or yet to be put in by the NIC
  std::chrono::sys_time<std::chrono::nanoseconds> wall;  // when the kernel saw it
  std::chrono::steady_clock::time_point at;              // the same
  bool truncated() const { return octets.size() < length; }
};

struct TapSource;

class Tap {
 public:
  // Maps the ring, where there is one. Otherwise one line for people.
  static std::variant<Tap, std::string> over(OpenedTap opened);
  Tap(Tap&&) noexcept;
  Tap& operator=(Tap&&) noexcept;
  ~Tap();

  int fd() const;  // readable: there are frames

  // At most kBatch frames, in the order of their coming; never none.
  using OnFrames = std::function<void(std::span<const TapFrame>)>;
  static constexpr std::size_t kBatch = 256;
  // Takes what has arrived, at most `budget` frames, without waiting; how many it took.
  std::size_t read(const OnFrames& on_frames, std::size_t budget);

  // Frames that passed the filter and were lost because nobody read in time, since the tap was opened: blindness.
  std::uint64_t dropped();
  // The device's state as far as the tap heard of it since the last call: an errno, ENETDOWN where it went down or
  // away; 0: nothing. To be asked when poll() says POLLERR.
  int take_error();

 private:
  explicit Tap(std::unique_ptr<TapSource> source);
  std::unique_ptr<TapSource> source_;
};

}  // namespace tw::tcpmd5
