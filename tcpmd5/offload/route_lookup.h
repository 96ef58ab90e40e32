// Which way a packet to a peer would leave this host, as the kernel's routing decides now.
//
// rtnetlink (RTM_GETROUTE, RTM_GETNEIGH) in the network namespace of the socket. Not thread-safe.
#pragma once

#include "tcpmd5/offload/netlink.h"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace tw::tcpmd5 {

// What is known of the flow: the more, the surer the choice among several next hops.
struct RouteQuery {
  boost::asio::ip::address destination;  // with its scope, if link-local
  std::optional<boost::asio::ip::address> source;
  std::optional<unsigned> egress;                       // bound to this device or VRF
  std::uint16_t source_port = 0, destination_port = 0;  // TCP; 0: not known yet
};

struct Route {
  unsigned egress = 0;                // ifindex
  boost::asio::ip::address next_hop;  // the destination itself, where it is on the link
  std::optional<boost::asio::ip::address> source;
  bool local = false;  // to this host itself
};
std::variant<Route, NetlinkError> ask_route(NetlinkSocket& route_socket, const RouteQuery& query);

// The next hop's link address as people write it; nothing: not resolved now.
std::optional<std::string> ask_neighbor(NetlinkSocket& route_socket, unsigned ifindex,
                                        const boost::asio::ip::address& next_hop);
// The port of the bridge behind which that link address is; nothing: it has not been heard of.
std::optional<unsigned> ask_bridge_port(NetlinkSocket& route_socket, unsigned bridge, const std::string& mac);

}  // namespace tw::tcpmd5
