// The gRPC server: truewire.v1, the standard health service, and reflection, on Unix sockets.
//
// start() and stop() by one thread, neither the routing thread nor the API thread.
#pragma once

#include "api/grpc/calls.h"
#include "api/question.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::api {

// How grpc.health.v1 follows readiness: asked for at every interval; no answer within `patience` is "not serving".
struct HealthOptions {
  std::shared_ptr<Question<bgp::Readiness>> readiness;
  std::chrono::milliseconds interval;
  std::chrono::milliseconds patience;
};

class GrpcServer {
 public:
  GrpcServer(ServiceContext context, HealthOptions health);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Listens on all addresses, or on none: then the text says why. To be called once.
  std::optional<std::string> start(const std::vector<std::string>& addresses);
  // Ends calls with UNAVAILABLE; what a client does not read within half a second is cut off. Idempotent.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tw::api
