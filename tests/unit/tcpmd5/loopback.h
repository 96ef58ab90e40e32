// TCP sockets on the loopback interface, for what only a kernel can answer.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace tw::tcpmd5 {

class Socket {
 public:
  explicit Socket(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) throw std::runtime_error("socket");
  }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Socket() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int fd() const { return fd_; }

  static Socket adopt(int fd) {
    Socket socket(AF_INET);
    socket.close();
    socket.fd_ = fd;
    return socket;
  }

  // Binds to the loopback address of its family and any port, and listens.
  void listen() {
    const auto [address, size] = loopback(family(), 0);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(fd_, 8) != 0)
      throw std::runtime_error("listen");
  }
  void connect(std::uint16_t port) {
    const auto [address, size] = loopback(family(), port);
    (void)::connect(fd_, reinterpret_cast<const sockaddr*>(&address), size);
  }
  // Whether it becomes readable or, with POLLOUT, connected within the time.
  bool ready(short events, int milliseconds) const {
    pollfd poll_fd{fd_, events, 0};
    return ::poll(&poll_fd, 1, milliseconds) == 1 && (poll_fd.revents & events) != 0 &&
           (poll_fd.revents & POLLERR) == 0;
  }
  std::uint16_t port() const {
    sockaddr_in6 address{};
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin6_port);  // where sin_port is, too
  }

 private:
  int family() const {
    int domain = 0;
    socklen_t size = sizeof domain;
    ::getsockopt(fd_, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    return domain;
  }
  static std::pair<sockaddr_storage, socklen_t> loopback(int family, std::uint16_t port) {
    sockaddr_storage out{};
    if (family == AF_INET) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(out);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return {out, sizeof v4};
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = in6addr_loopback;
    return {out, sizeof v6};
  }

  int fd_;
};

}  // namespace tw::tcpmd5
