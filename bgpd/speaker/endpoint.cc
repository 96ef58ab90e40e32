#include "bgpd/speaker/endpoint.h"

#include <fmt/format.h>

#include <net/if.h>

#include <algorithm>
#include <cstring>

namespace tw::bgp {

namespace ip = boost::asio::ip;

ip::address to_asio(const rib::IpAddress& address) {
  if (!address.v6) return ip::address_v4(address.v4_value());
  return ip::address_v6(address.octets);
}

rib::IpAddress from_asio(const ip::address& address) {
  if (address.is_v4()) return rib::IpAddress::v4(address.to_v4().to_uint());
  rib::IpAddress out;
  out.v6 = true;
  out.octets = address.to_v6().to_bytes();
  return out;
}

SocketAddress to_sockaddr(const Endpoint& endpoint) {
  SocketAddress out;
  if (endpoint.address.v6) {
    sockaddr_in6 a{};
    a.sin6_family = AF_INET6;
    a.sin6_port = htons(endpoint.port);
    a.sin6_scope_id = endpoint.scope;
    std::copy(endpoint.address.octets.begin(), endpoint.address.octets.end(), a.sin6_addr.s6_addr);
    std::memcpy(&out.storage, &a, sizeof a);
    out.length = sizeof a;
  } else {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(endpoint.port);
    a.sin_addr.s_addr = htonl(endpoint.address.v4_value());
    std::memcpy(&out.storage, &a, sizeof a);
    out.length = sizeof a;
  }
  return out;
}

Endpoint from_sockaddr(const sockaddr_storage& storage) {
  Endpoint out;
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 a;
    std::memcpy(&a, &storage, sizeof a);
    out.address.v6 = true;
    std::copy(std::begin(a.sin6_addr.s6_addr), std::end(a.sin6_addr.s6_addr), out.address.octets.begin());
    out.port = ntohs(a.sin6_port);
    out.scope = a.sin6_scope_id;
  } else if (storage.ss_family == AF_INET) {
    sockaddr_in a;
    std::memcpy(&a, &storage, sizeof a);
    out.address = rib::IpAddress::v4(ntohl(a.sin_addr.s_addr));
    out.port = ntohs(a.sin_port);
  }
  return out;
}

Endpoint local_endpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return from_sockaddr(storage);
}

Endpoint remote_endpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return from_sockaddr(storage);
}

std::string to_string(const Endpoint& endpoint) {
  const std::string address = rib::to_string(endpoint.address);
  if (!endpoint.address.v6) return fmt::format("{}:{}", address, endpoint.port);
  char name[IF_NAMESIZE];
  if (endpoint.scope != 0 && ::if_indextoname(endpoint.scope, name) != nullptr)
    return fmt::format("[{}%{}]:{}", address, name, endpoint.port);
  return fmt::format("[{}]:{}", address, endpoint.port);
}

}  // namespace tw::bgp
