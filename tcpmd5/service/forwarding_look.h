// The look at what arrives on a router: counters always, taps only while a storm of "fragmentation needed" is under
// way.
//
// Not thread-safe; runs on the verifier's thread.
#pragma once

#include "tcpmd5/diagnosis/forwarding.h"
#include "tcpmd5/service/paths.h"
#include "tcpmd5/service/tap_reader.h"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace tw::tcpmd5 {

class ForwardingLook {
 public:
  static constexpr std::size_t kMaxTaps = 32;  // devices looked at in one storm; the others are not

  ForwardingLook(boost::asio::io_context& io, ForwardingWatch& watch);
  ~ForwardingLook();

  // To be called about once a second.
  void sample(Paths& paths, TimePoint now);
  bool looking() const { return !taps_.empty(); }

 private:
  struct Device {
    std::shared_ptr<TapReader> tap;
    std::uint64_t received = 0;  // frames, as the kernel counts them
    std::uint64_t oversize = 0;  // since the last sample
  };
  void open_taps(Paths& paths);
  void close_taps();
  void on_frames(std::span<const TapFrame> frames, const PathDevice& device);
  void count_ordinary(TimePoint now);

  boost::asio::io_context& io_;
  ForwardingWatch& watch_;
  std::map<unsigned, Device> taps_;
  std::map<unsigned, std::string> names_;
};

// Of this network namespace; nothing: it does not forward.
std::optional<std::uint64_t> too_big_sent();

}  // namespace tw::tcpmd5
