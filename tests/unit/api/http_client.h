// HTTP with bare hands: octets out, octets in. Blocking, with a limit that only a broken server reaches.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tw::api::testing {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval limit{.tv_sec = 30, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawClient& operator=(RawClient&&) = delete;

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  // Returns whether the server still takes octets.
  bool send(std::string_view octets) const {
    while (!octets.empty()) {
      const auto sent = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void half_close() const { shutdown(fd_, SHUT_WR); }
  // Some octets; empty: the server has closed. Nothing: it has reset the connection.
  std::optional<std::string> read_some() const {
    char buffer[65536];
    const auto got = recv(fd_, buffer, sizeof buffer, 0);
    if (got >= 0) return std::string(buffer, static_cast<std::size_t>(got));
    EXPECT_EQ(errno, ECONNRESET) << "the server neither answered nor closed";
    return std::nullopt;
  }
  // Everything until the server closes.
  std::string read_all() const {
    std::string all;
    for (auto some = read_some(); some && !some->empty(); some = read_some()) all += *some;
    return all;
  }
  // One answer whose length is announced.
  std::string read_answer() const {
    std::string all;
    for (;;) {
      const auto end = all.find("\r\n\r\n");
      const auto length = all.find("Content-Length: ");
      if (end != std::string::npos && length < end) {
        if (all.size() >= end + 4 + std::stoul(all.substr(length + 16))) return all;
      }
      const auto some = read_some();
      if (!some || some->empty()) return all;
      all += *some;
    }
  }
  // Whether the server has closed or said something by then.
  bool readable_within(int milliseconds) const {
    pollfd entry{.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&entry, 1, milliseconds) > 0;
  }

 private:
  int fd_;
};

}  // namespace tw::api::testing
