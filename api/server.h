// Everything that listens for operators and programs: gRPC on Unix sockets, HTTP for health and metrics, and, where it
// is asked for, remote probes over TCP.
//
// Threads: start() makes one thread, the API thread, which translates and serves HTTP; gRPC brings threads of its own,
// which only post to it. The speaker is reached through Control alone. start() and stop() are called by the same
// thread, which must not be the routing thread: stop() waits for calls in progress, whose answers may be on their way
// there.
#pragma once

#include "api/grpc/probe_server.h"
#include "bgpd/speaker/control.h"
#include "tcpmd5/service/verify_control.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::api {

struct HttpAddress {
  std::string host;        // an address literal
  std::uint16_t port = 0;  // 0: any free one
};

struct ApiOptions {
  std::vector<std::string> listen = {"unix:/run/truewire/api.sock"};  // gRPC; only Unix sockets
  std::optional<HttpAddress> http;                                    // nothing: no HTTP
  std::chrono::milliseconds health_interval{1000};                    // how often grpc.health.v1 learns of readiness
  std::chrono::milliseconds routing_timeout{2000};  // the routing thread counts as stuck when it takes longer to answer
  std::shared_ptr<tcpmd5::VerifyControl> verify;    // null: the verifier does not run …
  std::string why_no_verify = "it was not started";  // … and this is what those who ask are told
  std::optional<ProbeServerOptions> probe;           // nothing: no TCP listener
};

class ApiServer {
 public:
  ApiServer(std::shared_ptr<bgp::Control> control, ApiOptions options);
  ~ApiServer();  // stops
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Opens every address, or none: then the text says which one failed, why, and what to do. To be called once.
  std::optional<std::string> start();
  // Ends streams with UNAVAILABLE, closes connections, removes the sockets, joins the threads. Idempotent. Control may
  // answer late, or never: nothing here is touched by it any more.
  void stop();

  std::uint16_t http_port() const;       // the one in use; 0 without HTTP. REQUIRES: started
  std::vector<int> probe_ports() const;  // in use, in the order of `listen`. REQUIRES: started

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tw::api
