// One question an interval; the same answer for the server as a whole and for each of its services.
#include "api/grpc/health.h"

#include "grpc/health/v1/health.pb.h"

#include <utility>

namespace tw::api {

HealthFollower::HealthFollower(ApiThread& thread, HealthOptions options, grpc::HealthCheckServiceInterface* service)
    : options_(std::move(options)), service_(service), timer_(thread.context()) {}

void HealthFollower::start() {
  // The library serves health without its description; naming the message links it in, for reflection.
  grpc::health::v1::HealthCheckResponse::descriptor();
  tell(false);
  ask();
}

void HealthFollower::stop() {
  service_ = nullptr;
  timer_.cancel();
}

void HealthFollower::ask() {
  options_.readiness->ask(options_.patience, [self = shared_from_this()](std::optional<bgp::Readiness> readiness) {
    if (self->service_ == nullptr) return;
    self->tell(readiness && readiness->ready);
    self->timer_.expires_after(self->options_.interval);
    self->timer_.async_wait([self](boost::system::error_code error) {
      if (!error && self->service_ != nullptr) self->ask();
    });
  });
}

void HealthFollower::tell(bool serving) {
  for (const char* name : {"", "truewire.v1.NeighborService", "truewire.v1.RouteService", "truewire.v1.SpeakerService",
                           "truewire.v1.VerifyService"}) {
    service_->SetServingStatus(name, serving);
  }
}

}  // namespace tw::api
