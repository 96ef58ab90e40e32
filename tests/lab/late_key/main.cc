// late_key: a connection that gets its TCP-MD5 key after it is open, at both ends: the one software cause of copied
// digests that current kernels still have (super-segments are signed once and cut up later), whatever the NIC.
//
//   late_key --client NS:ADDRESS --server NS:ADDRESS --key-file FILE [--port 179] [--octets 102400] [--seconds 20]
//
// One JSON object a line: {"established":true,"local":…,"remote":…,"cookie":N}, of the client; then, when all has
// arrived or the time is up, {"sent":N,"received":N,"seconds":S}. Exit code: 0 all arrived, 1 not, 2 could not try.
#include "tcpmd5/key.h"
#include "tcpmd5/keyed_socket.h"
#include "tests/lab/nic/tap.h"

#include <boost/asio/ip/address.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace tw::lab {
namespace {

using boost::asio::ip::address;
using Clock = std::chrono::steady_clock;

struct End {
  std::string network;
  address ip;
};

struct Options {
  End client, server;
  std::string key_file;
  std::uint16_t port = 179;
  std::size_t octets = 102'400;
  std::chrono::seconds limit{20};
};

[[noreturn]] void fail_errno(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

// "NAMESPACE:ADDRESS"; an IPv6 address has colons of its own.
End parse_end(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) throw std::invalid_argument(text + ": NAMESPACE:ADDRESS is wanted");
  return {text.substr(0, colon), boost::asio::ip::make_address(text.substr(colon + 1))};
}

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--client") {
      options.client = parse_end(value);
    } else if (name == "--server") {
      options.server = parse_end(value);
    } else if (name == "--key-file") {
      options.key_file = value;
    } else if (name == "--port") {
      options.port = static_cast<std::uint16_t>(std::stoul(value));
    } else if (name == "--octets") {
      options.octets = std::stoul(value);
    } else if (name == "--seconds") {
      options.limit = std::chrono::seconds(std::stoul(value));
    } else {
      throw std::invalid_argument("unknown option " + name);
    }
  }
  if (argc % 2 == 0 || options.client.network.empty() || options.server.network.empty() || options.key_file.empty())
    throw std::invalid_argument("--client, --server and --key-file are needed, each with a value");
  return options;
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {
    if (fd_ < 0) fail_errno("socket");
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

int made_in(const End& end) {
  int fd = -1;
  inside(end.network, [&] { fd = ::socket(end.ip.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); });
  return fd;
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const address& ip, std::uint16_t port) {
  SocketAddress result;
  if (ip.is_v6()) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
    *v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_flowinfo = 0, .sin6_addr = {}, .sin6_scope_id = 0};
    std::ranges::copy(ip.to_v6().to_bytes(), v6->sin6_addr.s6_addr);
    result.size = sizeof *v6;
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    v4->sin_addr.s_addr = htonl(ip.to_v4().to_uint());
    result.size = sizeof *v4;
  }
  return result;
}

std::string text_of(const address& ip, std::uint16_t port) {
  return '"' + (ip.is_v6() ? "[" + ip.to_string() + "]" : ip.to_string()) + ":" + std::to_string(port) + '"';
}

std::uint16_t local_port(int fd) {
  SocketAddress where;
  where.size = sizeof where.storage;
  if (::getsockname(fd, where.get(), &where.size) != 0) fail_errno("getsockname");
  // Both families have the port in the same place.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&where.storage)->sin_port);
}

void set_key_late(int fd, const address& peer, const tcpmd5::Key& key) {
  if (const auto fault = tcpmd5::set_key(fd, {peer, peer.is_v6() ? 128 : 32}, key)) throw std::runtime_error(*fault);
}

struct Outcome {
  std::size_t sent = 0, received = 0;
};

Outcome transfer(int from, int to, std::size_t octets, Clock::time_point deadline) {
  const std::vector<std::uint8_t> data(64 << 10, 'x');
  std::vector<std::uint8_t> sink(1 << 20);
  Outcome outcome;
  while (outcome.received < octets && Clock::now() < deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    const bool more = outcome.sent < octets;
    std::array<pollfd, 2> ready{{{to, POLLIN, 0}, {more ? from : -1, POLLOUT, 0}}};
    if (::poll(ready.data(), ready.size(), static_cast<int>(left)) < 0 && errno != EINTR) fail_errno("poll");
    if (ready[1].revents != 0) {
      const ssize_t put =
          ::send(from, data.data(), std::min(data.size(), octets - outcome.sent), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (put < 0 && errno != EAGAIN) break;
      outcome.sent += static_cast<std::size_t>(std::max<ssize_t>(put, 0));
    }
    if (ready[0].revents != 0) {
      const ssize_t got = ::recv(to, sink.data(), sink.size(), MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno != EAGAIN)) break;
      outcome.received += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
  }
  return outcome;
}

int run(const Options& options) {
  auto loaded = tcpmd5::key_from_file(options.key_file);
  if (const auto* fault = std::get_if<std::string>(&loaded)) throw std::runtime_error(*fault);
  const auto key = std::get<tcpmd5::Key>(std::move(loaded));

  const Socket listener(made_in(options.server)), client(made_in(options.client));
  SocketAddress server_address = socket_address(options.server.ip, options.port);
  SocketAddress client_address = socket_address(options.client.ip, 0);
  const int on = 1;
  ::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener.fd(), server_address.get(), server_address.size) != 0 || ::listen(listener.fd(), 1) != 0)
    fail_errno("listening on the server's address");
  if (::bind(client.fd(), client_address.get(), client_address.size) != 0 ||
      ::connect(client.fd(), server_address.get(), server_address.size) != 0)
    fail_errno("connecting");
  const Socket accepted(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));

  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  ::getsockopt(client.fd(), SOL_SOCKET, SO_COOKIE, &cookie, &size);
  std::printf("{\"established\":true,\"local\":%s,\"remote\":%s,\"cookie\":%llu}\n",
              text_of(options.client.ip, local_port(client.fd())).c_str(),
              text_of(options.server.ip, options.port).c_str(), static_cast<unsigned long long>(cookie));
  std::fflush(stdout);

  set_key_late(accepted.fd(), options.client.ip, key);
  set_key_late(client.fd(), options.server.ip, key);
  const auto begin = Clock::now();
  const Outcome outcome = transfer(client.fd(), accepted.fd(), options.octets, begin + options.limit);
  const std::chrono::duration<double> took = Clock::now() - begin;
  std::printf("{\"sent\":%zu,\"received\":%zu,\"seconds\":%.3f}\n", outcome.sent, outcome.received, took.count());
  return outcome.received >= options.octets ? 0 : 1;
}

}  // namespace
}  // namespace tw::lab

int main(int argc, char** argv) {
  try {
    return tw::lab::run(tw::lab::parse_options(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "late_key: %s\n", error.what());
    return 2;
  }
}
