// Runs one preflight: family after family, each with a decoy stream of its own.
//
// Not thread-safe; runs on the verifier's thread.
#pragma once

#include "tcpmd5/decoy/preflight.h"
#include "tcpmd5/service/decoys.h"
#include "tcpmd5/service/engine.h"
#include "tcpmd5/service/paths.h"
#include "tcpmd5/service/verify_control.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

// What a preflight works with; all of it outlives it.
struct PreflightAround {
  boost::asio::io_context& io;
  Decoys& decoys;
  Engine& engine;
  const Paths& paths;
  HealerMode mode = HealerMode::kHeal;
};

// The family that is being tested.
struct PreflightFamily {
  DecoyName name;
  boost::asio::ip::address to;
  unsigned ifindex = 0;
  std::chrono::steady_clock::time_point asked_at;
  bool told_waiting = false;
  PeerCounts before;  // of the address, which may be a neighbour's
  std::optional<Preflight> preflight;
};

class PreflightRun : public std::enable_shared_from_this<PreflightRun> {
 public:
  static constexpr std::chrono::milliseconds kLook{100};

  PreflightRun(PreflightAround around, PreflightAsked asked, std::function<void(const PreflightNews&)> on_news);

  // Nothing: it runs. Otherwise why it cannot; on_news is not called then.
  std::optional<std::string> start();
  // A verdict was reached, about whomever.
  void concluded(const Verdict& verdict);
  // Ends its streams and says nothing any more.
  void stop();
  bool over() const { return over_; }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  void wait();
  void look();
  void prepare(TimePoint now);
  void begin(TimePoint now);
  void follow(TimePoint now);
  PreflightView view() const;
  void settle(PreflightResult result);
  void not_tested(std::string why);
  void next_family();

  const PreflightAround around_;
  const PreflightAsked asked_;
  const std::function<void(const PreflightNews&)> on_news_;
  boost::asio::steady_timer timer_;
  std::vector<bool> to_do_;  // families, IPv4 as true
  std::optional<PreflightFamily> family_;
  std::vector<std::string> lines_;
  std::vector<PreflightResult> results_;
  bool over_ = false;
};

}  // namespace tw::tcpmd5
