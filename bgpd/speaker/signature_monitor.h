// Watches what the kernel refuses for its TCP-MD5 signature, and says whom that may concern.
//
// The kernel drops such segments without a word to the socket and counts them for the whole host; who sent them is not
// told. So the neighbours that may be meant are those that are not up. Routing thread.
#pragma once

#include "tcpmd5/kernel_counters.h"

#include "bgpd/speaker/log.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tw::bgp {

class SignatureMonitor {
 public:
  struct Suspects {
    std::vector<std::string> keyed, unkeyed;  // neighbours that are not Established
    bool unexpected_told = false;             // who signs without need is known, and has been told
  };
  // `suspects` is asked when something was refused; `told` is given one line for each suspect.
  SignatureMonitor(boost::asio::io_context& io, std::function<Suspects()> suspects,
                   std::function<void(const std::string& neighbor, const std::string& line)> told);
  void start();

  // Since start(); nothing: the kernel's counters cannot be read.
  std::optional<tcpmd5::SignatureCounters> since_start() const;

 private:
  void wait();
  void sample();
  // A kind of refusal: at first every sample is told, then what has come together since the last line.
  struct Kind {
    const char* event;
    const char* what;
    log::Throttle throttle;
    std::uint64_t untold = 0;
  };
  void report(Kind& kind, std::uint64_t count, const std::vector<std::string>& suspects);

  boost::asio::steady_timer timer_;
  std::function<Suspects()> suspects_;
  std::function<void(const std::string&, const std::string&)> told_;
  std::optional<tcpmd5::SignatureCounters> first_, last_;
  Kind failure_, not_found_, unexpected_;
};

}  // namespace tw::bgp
