#include "tests/lab/nic/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace tw::lab {
namespace {

constexpr std::size_t kLargestFrame = 14 + 65535 + 64;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) fail(path);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

TapName tap_name(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size())
    throw std::invalid_argument(text + ": NAMESPACE:INTERFACE is wanted");
  return {text.substr(0, colon), text.substr(colon + 1)};
}

void inside(const std::string& network, const std::function<void()>& action) {
  if (network.empty()) {
    action();
    return;
  }
  const Descriptor home("/proc/thread-self/ns/net"), there("/run/netns/" + network);
  if (::setns(there.get(), CLONE_NEWNET) != 0) fail("setns " + network);
  try {
    action();
  } catch (...) {
    ::setns(home.get(), CLONE_NEWNET);
    throw;
  }
  if (::setns(home.get(), CLONE_NEWNET) != 0) fail("setns back");
}

Tap::Tap(const TapName& name, Receive receive) : buffer_(kLargestFrame) {
  inside(name.network, [&] {
    fd_ = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd_ < 0) fail("/dev/net/tun");
    ifreq request{};
    std::strncpy(request.ifr_name, name.interface.c_str(), IFNAMSIZ - 1);
    const int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (receive == Receive::kNapi ? IFF_NAPI : 0);
    request.ifr_flags = static_cast<short>(flags);
    int header = sizeof(Offload);
    const unsigned offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    if (::ioctl(fd_, TUNSETIFF, &request) != 0 || ::ioctl(fd_, TUNSETVNETHDRSZ, &header) != 0 ||
        ::ioctl(fd_, TUNSETOFFLOAD, offloads) != 0) {
      const int why = errno;
      ::close(fd_);
      errno = why;
      fail(name.network + ":" + name.interface);
    }
  });
}

Tap::~Tap() { ::close(fd_); }

bool Tap::read(Frame& frame) {
  std::array<iovec, 2> parts{{{&frame.offload, sizeof frame.offload}, {buffer_.data(), buffer_.size()}}};
  const ssize_t got = ::readv(fd_, parts.data(), parts.size());
  if (got < static_cast<ssize_t>(sizeof frame.offload)) return false;
  frame.octets.assign(buffer_.begin(), buffer_.begin() + (got - static_cast<ssize_t>(sizeof frame.offload)));
  return true;
}

bool Tap::write(const Frame& frame) {
  std::array<iovec, 2> parts{{{const_cast<Offload*>(&frame.offload), sizeof frame.offload},
                              {const_cast<std::uint8_t*>(frame.octets.data()), frame.octets.size()}}};
  return ::writev(fd_, parts.data(), parts.size()) >= 0;
}

}  // namespace tw::lab
