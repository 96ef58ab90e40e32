// Which frames a tap lets through: a classic BPF program that the kernel runs on every frame of the device.
//
// It errs on the side of letting through: what it cannot follow cheaply (fragments of TCP, IPv6 extension headers) is
// left to the parser. Up to two VLAN tags in the frame are stepped over; Ethernet and bare IP are told apart by the
// device. Pure; any thread.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tw::tcpmd5 {

struct FrameFilter {
  static constexpr std::size_t kMaxPorts = 16;
  std::vector<std::uint16_t> ports{179};  // TCP from or to one of them; at most kMaxPorts
  bool encapsulated = false;              // also what mirrors arrive in: GRE and ERSPAN, VXLAN (UDP port 4789)
  bool packet_too_big = false;            // also ICMP "fragmentation needed" and ICMPv6 "packet too big"
  std::uint32_t longer_than = 0;          // octets; above 0: only frames longer than that, whatever they hold
  std::uint32_t snaplen = 131072;         // octets of a frame that are kept
};
std::vector<sock_filter> filter_program(const FrameFilter& filter);

}  // namespace tw::tcpmd5
