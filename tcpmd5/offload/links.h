// The network devices of one namespace, as the kernel lists them.
//
// rtnetlink (RTM_GETLINK) and, for the driver's name, the ethtool ioctl. Values; reading one message is pure.
#pragma once

#include "tcpmd5/offload/netlink.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

namespace tw::tcpmd5 {

struct NetworkLink {
  unsigned ifindex = 0;
  std::string name;
  std::string kind;                // of the kernel's software links: "vlan", "bond", "tun" …; empty: a NIC's driver
  std::string mac;                 // as people write it; empty: it has none
  std::string permanent_address;   // burnt in; empty: none, as virtual devices have it
  std::uint32_t mtu = 0;           // octets
  bool running = false;            // up, with carrier
  std::optional<unsigned> lower;   // what it is stacked upon
  bool lower_elsewhere = false;    // `lower` is a number in another network namespace
  std::optional<unsigned> master;  // the bond, bridge or VRF that it is a port of
  bool standby = false;            // a port of a bond that does not send as long as another does
  std::optional<std::uint32_t> gso_max_segs;  // packets in one super-segment
  bool operator==(const NetworkLink&) const = default;
};
using NetworkLinks = std::map<unsigned, NetworkLink>;  // by ifindex

// As people write it; empty where it is all zeros.
std::string address_text(std::span<const std::uint8_t> octets);

// Nothing: the message is not about a link.
std::optional<NetworkLink> read_link(const nlmsghdr& message);

std::variant<NetworkLinks, NetlinkError> list_links(NetlinkSocket& route_socket);
std::variant<NetworkLink, NetlinkError> ask_link(NetlinkSocket& route_socket, unsigned ifindex);

}  // namespace tw::tcpmd5
