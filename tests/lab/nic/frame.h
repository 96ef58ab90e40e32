// A frame on its way through the software NIC, and a view of the TCP segment in it that can be changed in place.
//
// Ethernet II, IPv4 with options, IPv6 without extension headers: what the two kernels at its ends send. Pure; a value.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tw::lab {

using TimePoint = std::chrono::steady_clock::time_point;

// struct virtio_net_hdr, whose header C++ cannot read: what the kernel leaves to the NIC, or what the NIC says that it
// has done. In the machine's byte order, as TAPs have it.
struct Offload {
  static constexpr std::uint8_t kNeedsChecksum = 1;  // flags
  static constexpr std::uint8_t kTcp4 = 1, kTcp6 = 4, kEcn = 0x80;

  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;  // 0: not to be segmented
  std::uint16_t header_length = 0, gso_size = 0, checksum_start = 0, checksum_offset = 0;
};
static_assert(sizeof(Offload) == 10);

struct Frame {
  std::vector<std::uint8_t> octets;
  Offload offload;
};
using Frames = std::vector<Frame>;

// Which connection a segment belongs to, in the direction it travels.
struct FlowId {
  std::array<std::uint8_t, 16> source{}, destination{};
  std::uint16_t source_port = 0, destination_port = 0;
  auto operator<=>(const FlowId&) const = default;
  FlowId reversed() const { return {destination, source, destination_port, source_port}; }
};

// Valid as long as the frame is there and only changed through this view.
class TcpView {
 public:
  static constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10, kEce = 0x40,
                                kCwr = 0x80;

  // Nothing: no TCP, a fragment, or lengths that contradict each other.
  static std::optional<TcpView> of(Frame& frame);

  bool is_v6() const { return v6_; }
  FlowId flow() const;
  std::uint32_t sequence() const { return get32(tcp_ + 4); }
  std::uint32_t acknowledgment() const { return get32(tcp_ + 8); }
  std::uint8_t flags() const { return at(tcp_ + 13); }
  std::uint16_t window() const { return get16(tcp_ + 14); }
  std::uint16_t urgent() const { return get16(tcp_ + 18); }
  void set_sequence(std::uint32_t value) { put32(tcp_ + 4, value); }
  void set_acknowledgment(std::uint32_t value) { put32(tcp_ + 8, value); }
  void set_flags(std::uint8_t value) { frame_->octets[tcp_ + 13] = value; }
  void set_window(std::uint16_t value) { put16(tcp_ + 14, value); }
  void set_urgent(std::uint16_t value) { put16(tcp_ + 18, value); }

  std::span<std::uint8_t> source() const { return part(v6_ ? ip_ + 8 : ip_ + 12, v6_ ? 16 : 4); }
  std::span<std::uint8_t> destination() const { return part(v6_ ? ip_ + 24 : ip_ + 16, v6_ ? 16 : 4); }
  std::span<std::uint8_t> options() const { return part(tcp_ + 20, payload_ - tcp_ - 20); }
  std::span<std::uint8_t> payload() const { return part(payload_, end_ - payload_); }
  // The whole of one TCP option, kind and length included; empty: not there.
  std::span<std::uint8_t> option(std::uint8_t kind) const;
  // The 16 octets of option 19 (RFC 2385 §3); empty: unsigned.
  std::span<std::uint8_t> digest() const;
  bool is_signed() const { return !digest().empty(); }

  std::size_t headers_length() const { return payload_; }  // Ethernet, IP and TCP
  std::size_t tcp_offset() const { return tcp_; }
  std::size_t ip_offset() const { return ip_; }

  // Removes the option and the room that it took; what padding is left over goes, too. Checksums are not touched.
  void cut_option(std::uint8_t kind);
  // Makes these octets the payload, and tells the IP header. REQUIRES: the packet stays below 64 KiB.
  void replace_payload(std::span<const std::uint8_t> octets);

  // Both checksums as they should be, for what the frame now holds. Nothing is left to a NIC any more.
  void refresh_checksums();
  void set_tcp_checksum(std::uint16_t value) { put16(tcp_ + 16, value); }
  std::uint16_t tcp_checksum() const { return get16(tcp_ + 16); }
  // The sum over the pseudo-header (RFC 9293 §3.1), folded, not inverted: what "to be finished by the NIC" starts from.
  std::uint16_t pseudo_header_sum() const;
  void set_ip_identification(std::uint16_t value);  // IPv4; nothing for IPv6
  std::uint16_t ip_identification() const { return v6_ ? 0 : get16(ip_ + 4); }

 private:
  explicit TcpView(Frame& frame) : frame_(&frame) {}
  bool locate();
  void resize_ip();

  std::uint8_t at(std::size_t i) const { return frame_->octets[i]; }
  std::uint16_t get16(std::size_t i) const { return static_cast<std::uint16_t>(at(i) << 8 | at(i + 1)); }
  std::uint32_t get32(std::size_t i) const { return static_cast<std::uint32_t>(get16(i)) << 16 | get16(i + 2); }
  void put16(std::size_t i, std::uint16_t value);
  void put32(std::size_t i, std::uint32_t value);
  std::span<std::uint8_t> part(std::size_t begin, std::size_t size) const {
    return std::span(frame_->octets).subspan(begin, size);
  }

  Frame* frame_;
  bool v6_ = false;
  std::size_t ip_ = 0, tcp_ = 0, payload_ = 0, end_ = 0;  // offsets; end_: without padding of the link
};

}  // namespace tw::lab
