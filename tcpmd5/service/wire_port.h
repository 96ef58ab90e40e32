// A device of this host that copies from the wire come in at: its tap, open only while what it shows can be believed.
//
// Refused while the device merges what it receives (GRO, LRO): it would certify broken wires as good. What this host
// itself sends there is left out: that is no copy from the wire. Not thread-safe; runs on the io_context's thread.
#pragma once

#include "tcpmd5/offload/offloads.h"
#include "tcpmd5/service/paths.h"
#include "tcpmd5/service/tap_reader.h"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

struct WirePortHandlers {
  std::function<void(std::span<const TapFrame>)> frames;  // their octets live until it returns
  std::function<void(Blindness)> blind;
};

class WirePort {
 public:
  // `ports`: of TCP; what tunnels may hold is let through as well. Opened at the next check().
  WirePort(boost::asio::io_context& io, std::string interface, std::vector<std::uint16_t> ports,
           WirePortHandlers handlers);
  ~WirePort();
  WirePort(const WirePort&) = delete;
  WirePort& operator=(const WirePort&) = delete;

  // Opens the device if it is there and does not merge; closes it if that has changed. About once a second.
  void check(Paths& paths, Offloads& offloads);

  const std::string& interface() const { return interface_; }
  bool open() const { return reader_ != nullptr; }
  // Why it is not open, and what to do; empty: it is.
  const std::string& problem() const { return problem_; }
  std::uint64_t frames() const { return reader_ ? reader_->frames() : 0; }
  std::uint64_t dropped() const { return reader_ ? reader_->dropped() : 0; }

 private:
  void close(std::string problem);

  boost::asio::io_context& io_;
  const std::string interface_;
  const std::vector<std::uint16_t> ports_;
  const WirePortHandlers handlers_;
  std::shared_ptr<TapReader> reader_;
  unsigned ifindex_ = 0;
  std::string problem_ = "not opened yet";
};

}  // namespace tw::tcpmd5
