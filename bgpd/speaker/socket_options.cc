#include "bgpd/speaker/socket_options.h"

#include "tcpmd5/keyed_socket.h"

#include <fmt/format.h>

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#ifndef IPV6_MINHOPCOUNT
#define IPV6_MINHOPCOUNT 73
#endif

namespace tw::bgp {
namespace {

std::string failed(const char* what, int error) { return fmt::format("{}: {}", what, std::strerror(error)); }

bool set_int(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

SocketOrError new_socket(bool v6) {
  Fd fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd) return {Fd(), failed("cannot make a socket", errno), errno == EAFNOSUPPORT};
  // The families have a listener and keys each; a mapped IPv4 address on an IPv6 socket would meet neither.
  if (v6 && !set_int(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1))
    return {Fd(), failed("cannot set IPV6_V6ONLY", errno), false};
  return {std::move(fd), {}, false};
}

std::string bind_error(const Endpoint& local, int error) {
  const std::string where = to_string(local);
  if (error == EACCES)
    return fmt::format("cannot listen on {}: permission denied; ports below 1024 need CAP_NET_BIND_SERVICE", where);
  if (error == EADDRINUSE)
    return fmt::format("cannot listen on {}: the port is in use; is another BGP speaker running?", where);
  if (error == EADDRNOTAVAIL) return fmt::format("cannot listen on {}: no interface has this address", where);
  return fmt::format("cannot listen on {}: {}", where, std::strerror(error));
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::uint32_t interface_index(const std::string& name) { return name.empty() ? 0 : ::if_nametoindex(name.c_str()); }

std::optional<std::string> apply_options(int fd, bool v6, const TransportOptions& options) {
  set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.ttl > 0 && !set_int(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_UNICAST_HOPS : IP_TTL, options.ttl))
    return failed("cannot set the TTL", errno);
  if (options.minimum_ttl > 0 &&
      !set_int(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MINHOPCOUNT : IP_MINTTL, options.minimum_ttl))
    return failed("cannot set the minimum TTL (ttl-security)", errno);
  return std::nullopt;
}

SocketOrError start_connect(const Endpoint& remote, const TransportOptions& options, const tcpmd5::Key& key) {
  const bool v6 = remote.address.v6;
  SocketOrError made = new_socket(v6);
  if (!made.fd) return made;
  const int fd = made.fd.get();
  if (const auto error = apply_options(fd, v6, options)) return {Fd(), *error, false};
  if (!key.empty()) {
    const tcpmd5::PeerSpec peer{to_asio(remote.address), v6 ? 128 : 32};
    if (const auto error = tcpmd5::set_key(fd, peer, key)) return {Fd(), *error, false};
  }
  if (options.local_address) {
    const SocketAddress local = to_sockaddr({*options.local_address, 0, options.interface});
    if (::bind(fd, local.get(), local.length) != 0)
      return {Fd(),
              fmt::format("cannot use the source address {}: {}", rib::to_string(*options.local_address),
                          std::strerror(errno)),
              false};
  }
  const SocketAddress peer = to_sockaddr(remote);
  if (::connect(fd, peer.get(), peer.length) != 0 && errno != EINPROGRESS)
    return {Fd(), std::string(std::strerror(errno)), false};
  return made;
}

SocketOrError make_listener(const Endpoint& local) {
  const bool v6 = local.address.v6;
  SocketOrError made = new_socket(v6);
  if (!made.fd) return made;
  const int fd = made.fd.get();
  set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (const auto error = apply_options(fd, v6, TransportOptions{255, 0, std::nullopt, 0})) return {Fd(), *error, false};
  const SocketAddress address = to_sockaddr(local);
  if (::bind(fd, address.get(), address.length) != 0) return {Fd(), bind_error(local, errno), false};
  return made;
}

}  // namespace tw::bgp
