// Addresses on their way between routing (rib::IpAddress), Asio and the kernel.
//
// Pure values; any thread.
#pragma once

#include "rib/prefix.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace tw::bgp {

boost::asio::ip::address to_asio(const rib::IpAddress& address);
rib::IpAddress from_asio(const boost::asio::ip::address& address);  // the scope is dropped

// A transport endpoint with the interface that a link-local address needs.
struct Endpoint {
  rib::IpAddress address;
  std::uint16_t port = 0;
  std::uint32_t scope = 0;  // interface index; 0: none
  bool operator==(const Endpoint&) const = default;
};
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
SocketAddress to_sockaddr(const Endpoint& endpoint);
Endpoint from_sockaddr(const sockaddr_storage& storage);
Endpoint local_endpoint(int fd);
Endpoint remote_endpoint(int fd);
std::string to_string(const Endpoint& endpoint);  // "192.0.2.1:179", "[2001:db8::1]:179", "[fe80::1%eth0]:179"

}  // namespace tw::bgp
