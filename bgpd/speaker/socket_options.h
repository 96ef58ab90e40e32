// The TCP sockets of BGP sessions: made, keyed and bound so that nothing leaves the host before everything is set.
//
// Each function does its system calls at once and does not block. Routing thread.
#pragma once

#include "bgpd/speaker/endpoint.h"
#include "tcpmd5/key.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace tw::bgp {

// An owned descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

struct TransportOptions {
  int ttl = 0;          // of what we send; 0: the system's default
  int minimum_ttl = 0;  // of what we accept (RFC 5082); 0: any
  std::optional<rib::IpAddress> local_address;
  std::uint32_t interface = 0;  // index; 0: any
};

// Either a descriptor or one line for people.
struct SocketOrError {
  Fd fd;
  std::string error;
  bool no_such_family = false;  // the kernel has no IPv6, or no IPv4
};

// A socket on which connect() has been started towards `remote`. The key, when given, is set first: a failure to set it
// is an error, never an unsigned attempt.
SocketOrError start_connect(const Endpoint& remote, const TransportOptions& options, const tcpmd5::Key& key);
// A bound socket that does not listen yet, so that keys can be set first. TTL 255, so that peers with GTSM take our
// SYN-ACK.
SocketOrError make_listener(const Endpoint& local);
// TTL and minimum TTL of an accepted connection. Nothing: done.
std::optional<std::string> apply_options(int fd, bool v6, const TransportOptions& options);
std::uint32_t interface_index(const std::string& name);  // 0: there is none of that name now

}  // namespace tw::bgp
