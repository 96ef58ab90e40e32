// A TAP device with offload headers: the kernel's side is an interface of a namespace, ours a descriptor.
//
// Linux. One thread. The device goes when the object does.
#pragma once

#include "tests/lab/nic/frame.h"

#include <functional>
#include <string>

namespace tw::lab {

struct TapName {
  std::string network;  // a network namespace of /run/netns; empty: the one that the process is in
  std::string interface;
};
// "NAMESPACE:INTERFACE"; throws std::invalid_argument.
TapName tap_name(const std::string& text);

// Runs action inside the named namespace, and returns to where the thread was. Throws std::system_error.
void inside(const std::string& network, const std::function<void()>& action);

class Tap {
 public:
  enum class Receive : std::uint8_t {
    kPlain,  // what is written reaches the stack as it is
    kNapi,   // by way of NAPI, so that the kernel may merge it (GRO)
  };
  // Throws std::system_error.
  Tap(const TapName& name, Receive receive);
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  int fd() const { return fd_; }
  // Whether there was a frame that the kernel sent.
  bool read(Frame& frame);
  // Whether the kernel took it; it does not while the interface is down.
  bool write(const Frame& frame);

 private:
  int fd_ = -1;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace tw::lab
