// Keeps grpc.health.v1 in step with readiness. API thread only, but for the constructor.
#pragma once

#include "api/grpc/server.h"

#include <grpcpp/health_check_service_interface.h>

#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace tw::api {

class HealthFollower : public std::enable_shared_from_this<HealthFollower> {
 public:
  // `service` must live until stop() has been called.
  HealthFollower(ApiThread& thread, HealthOptions options, grpc::HealthCheckServiceInterface* service);
  void start();  // every service is NOT_SERVING until the first answer
  void stop();

 private:
  void ask();
  void tell(bool serving);

  HealthOptions options_;
  grpc::HealthCheckServiceInterface* service_;  // null: stopped
  boost::asio::steady_timer timer_;
};

}  // namespace tw::api
