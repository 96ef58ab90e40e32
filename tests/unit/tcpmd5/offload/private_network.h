// A network namespace of the test's own, with devices made on the spot. Needs root, as the whole suite of drivers does.
#pragma once

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tw::tcpmd5 {

class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

inline OwnedFd current_namespace() {
  OwnedFd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) throw std::runtime_error("cannot open the network namespace");
  return fd;
}

// The thread is in a fresh, empty namespace for as long as this lives; the devices die with it.
class PrivateNetwork {
 public:
  PrivateNetwork() : home_(current_namespace()) {
    if (::unshare(CLONE_NEWNET) != 0) throw std::runtime_error("these tests need root: unshare(CLONE_NEWNET) failed");
    here_ = current_namespace();
    ip("link set lo up");
  }
  ~PrivateNetwork() { ::setns(home_.get(), CLONE_NEWNET); }
  PrivateNetwork(const PrivateNetwork&) = delete;
  PrivateNetwork& operator=(const PrivateNetwork&) = delete;

  int fd() const { return here_.get(); }
  void enter() const { ::setns(here_.get(), CLONE_NEWNET); }
  void leave() const { ::setns(home_.get(), CLONE_NEWNET); }

 private:
  friend void ip(const std::string& arguments);
  static void ip(const std::string& arguments) {
    if (std::system(("ip " + arguments).c_str()) != 0) throw std::runtime_error("failed: ip " + arguments);
  }
  OwnedFd home_;
  OwnedFd here_;
};

// Runs iproute2's `ip` in the thread's namespace.
inline void ip(const std::string& arguments) { PrivateNetwork::ip(arguments); }

inline unsigned index_of(const std::string& name) {
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) throw std::runtime_error("no device " + name);
  return index;
}

// A TAP: a NIC in software, with every offload that a TAP can have; what the kernel sends is read from it.
class TapDevice {
 public:
  explicit TapDevice(const std::string& name)
      : name_(name), fd_(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)) {
    ifreq request{};
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (fd_.get() < 0 || ::ioctl(fd_.get(), TUNSETIFF, &request) != 0) throw std::runtime_error("cannot make a TAP");
    int header_size = 12;
    ::ioctl(fd_.get(), TUNSETVNETHDRSZ, &header_size);
    if (::ioctl(fd_.get(), TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) != 0)
      throw std::runtime_error("cannot give a TAP its offloads");
  }
  unsigned index() const { return index_of(name_); }
  const std::string& name() const { return name_; }
  int fd() const { return fd_.get(); }

  // A frame arrives from the wire.
  void receive(std::span<const std::uint8_t> frame) {
    std::vector<std::uint8_t> with_header(12);
    with_header.insert(with_header.end(), frame.begin(), frame.end());
    if (::write(fd(), with_header.data(), with_header.size()) < 0) throw std::runtime_error("cannot write to the TAP");
  }

 private:
  std::string name_;
  OwnedFd fd_;
};

inline bool readable_within(int fd, int milliseconds) {
  pollfd it{fd, POLLIN, 0};
  return ::poll(&it, 1, milliseconds) == 1;
}

}  // namespace tw::tcpmd5
