// The listener for remote probes: ProbeService under mutual TLS, on TCP, and nothing else.
//
// What a stranger can make it do: hold a handshake for ten seconds; nothing more without a certificate that the
// configured authority has signed. start() and stop() by one thread, neither the routing thread nor the API thread.
#pragma once

#include "api/api_thread.h"
#include "api/probe/tls_files.h"
#include "tcpmd5/service/probe_intake.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::api {

struct ProbeServerOptions {
  std::vector<std::string> listen;  // "192.0.2.2:1790", "[2001:db8::2]:1790"; port 0: any free one
  TlsFiles files;
  std::shared_ptr<tcpmd5::ProbeIntake> intake;
  std::function<void(const std::string&)> told;  // one line for the log; called on the API thread
};

class ProbeServer {
 public:
  static constexpr std::size_t kMaxStreams = 32;  // twice as many as probes, so that each can take its own place

  ProbeServer(std::shared_ptr<ApiThread> thread, ProbeServerOptions options);
  ~ProbeServer();
  ProbeServer(const ProbeServer&) = delete;
  ProbeServer& operator=(const ProbeServer&) = delete;

  // Listens on all addresses, or on none: then the text says which file or address is wrong, and why. Once.
  std::optional<std::string> start();
  // Ends the streams with UNAVAILABLE. Idempotent.
  void stop();

  const std::vector<int>& ports() const;  // in use, in the order of `listen`. REQUIRES: started

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tw::api
