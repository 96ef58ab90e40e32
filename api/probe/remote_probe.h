// The probe itself: captures at one interface what the daemon asks for, streams it there, and comes back for ever.
//
// One thread, the io_context's, for everything; gRPC brings its own, which only post. While there is no connection
// nothing is captured. What it cannot do it says to its log, and to the daemon.
#pragma once

#include "api/probe/frame_queue.h"
#include "api/probe/retry_pause.h"
#include "api/probe/uplink.h"
#include "tcpmd5/decoy/decoy_receiver.h"
#include "tcpmd5/offload/ethtool_offloads.h"
#include "tcpmd5/service/paths.h"
#include "tcpmd5/service/wire_port.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::api {

struct RemoteProbeOptions {
  std::string interface;
  std::string to;           // "HOST:PORT"
  std::string server_name;  // empty: HOST
  TlsFiles files;           // read anew for each attempt, so that renewed certificates are taken over
  bool decoys = true;       // whether decoy streams may be asked for
};

class RemoteProbe {
 public:
  // `say`: one line an event, for people.
  RemoteProbe(boost::asio::io_context& io, RemoteProbeOptions options, std::function<void(const std::string&)> say);
  ~RemoteProbe();
  RemoteProbe(const RemoteProbe&) = delete;
  RemoteProbe& operator=(const RemoteProbe&) = delete;

  void start();
  // Says goodbye; `done` when the daemon has heard it, or half a second later.
  void stop(std::function<void()> done);

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kCheckEvery{1}, kStateEvery{3};
  static constexpr std::chrono::milliseconds kFarewell{500};
  static constexpr std::size_t kMaxDecoys = 4;

  void connect();
  void connected();
  void ended(const grpc::Status& status);
  void retry(const std::string& problem, bool refused);
  v1::ConnectRequest hello();

  void asked(const tcpmd5::ProbeRequest& request);
  void watch(const tcpmd5::ProbeWatch& watch);
  void decoy(const tcpmd5::DecoyRequest& request);
  void check();
  void pump();
  bool send_next(TimePoint now);

  boost::asio::io_context& io_;
  const RemoteProbeOptions options_;
  const std::function<void(const std::string&)> say_;
  tcpmd5::Paths paths_;
  tcpmd5::EthtoolOffloads offloads_;
  std::vector<boost::asio::ip::address> decoy_addresses_;

  std::shared_ptr<Uplink> uplink_;
  bool connected_ = false;  // the daemon has said something
  RetryPause pause_;
  std::string told_;  // the last problem that was said: not again while it stays
  std::function<void()> stopping_;

  std::unique_ptr<tcpmd5::WirePort> port_;
  FrameQueue queue_;
  std::string problem_;  // of the port, as the daemon knows it
  bool state_wanted_ = false;
  TimePoint state_sent_{};
  std::deque<tcpmd5::DecoyAnswer> answers_;
  std::map<std::uint64_t, std::shared_ptr<tcpmd5::DecoyReceiver>> decoys_;
  boost::asio::steady_timer retry_timer_, check_timer_, batch_timer_;
  bool batch_timer_set_ = false;
};

// Why there is no connection, for people: what gRPC says, and what to look at.
std::string explain(const grpc::Status& status);

}  // namespace tw::api
