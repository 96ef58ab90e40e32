// truewire.v1.NeighborService.
#include "api/grpc/messages.h"
#include "api/grpc/services.h"
#include "api/grpc/streams.h"
#include "truewire/v1/neighbors.grpc.pb.h"

#include <algorithm>

namespace tw::api {

namespace {

grpc::Status invalid(const std::string& text) { return {grpc::StatusCode::INVALID_ARGUMENT, text}; }

// Nothing for the empty text: all neighbours.
Parsed<std::optional<rib::IpAddress>> optional_address(const std::string& text) {
  if (text.empty()) return std::optional<rib::IpAddress>();
  const auto address = address_from("address", text);
  if (const auto* wrong = std::get_if<std::string>(&address)) return *wrong;
  return std::optional(std::get<rib::IpAddress>(address));
}

class NeighborWatch final : public WatchStream<v1::WatchNeighborsResponse, bgp::Control::NeighborEvents> {
 public:
  NeighborWatch(ServiceContext context, std::optional<rib::IpAddress> only)
      : WatchStream(std::move(context)), only_(only) {}

 private:
  void open(std::function<void()> wake, bgp::Control::Reply<bgp::Control::WatchId> reply) override {
    context().control->watch_neighbors(std::move(wake), std::move(reply));
  }
  void take(bgp::Control::WatchId id, bgp::Control::Reply<bgp::Control::NeighborEvents> reply) override {
    context().control->take_neighbor_events(id, kBatch, std::move(reply));
  }
  bool empty(const bgp::Control::NeighborEvents& taken) const override {
    return taken.events.empty() && taken.missed == 0;
  }
  bool translate(bgp::Control::NeighborEvents taken) override {
    for (const bgp::NeighborEvent& event : taken.events) {
      if (!only_ || *only_ == event.status.address) fill(*response().add_events(), event);
    }
    response().set_missed(taken.missed);
    return response().events_size() > 0 || taken.missed > 0;
  }

  const std::optional<rib::IpAddress> only_;
};

class NeighborService final : public v1::NeighborService::CallbackService {
 public:
  explicit NeighborService(ServiceContext context) : context_(std::move(context)) {}

  grpc::ServerUnaryReactor* ListNeighbors(grpc::CallbackServerContext* call, const v1::ListNeighborsRequest* request,
                                          v1::ListNeighborsResponse* response) override {
    const auto address = optional_address(request->address());
    if (const auto* wrong = std::get_if<std::string>(&address)) return refuse(call, invalid(*wrong));
    const auto only = std::get<std::optional<rib::IpAddress>>(address);
    using Answer = std::vector<bgp::NeighborStatus>;
    return answer_with<Answer>(
        context_, [control = context_.control, only](auto reply) { control->list_neighbors(only, std::move(reply)); },
        [only, response](Answer neighbors) -> grpc::Status {
          if (only && neighbors.empty()) {
            return {grpc::StatusCode::NOT_FOUND, "there is no neighbor " + rib::to_string(*only)};
          }
          std::sort(neighbors.begin(), neighbors.end(), [](const auto& a, const auto& b) {
            return std::tie(a.address.v6, a.address, a.interface) < std::tie(b.address.v6, b.address, b.interface);
          });
          for (const bgp::NeighborStatus& status : neighbors) fill(*response->add_neighbors(), status);
          return grpc::Status::OK;
        });
  }

  grpc::ServerWriteReactor<v1::WatchNeighborsResponse>* WatchNeighbors(
      grpc::CallbackServerContext*, const v1::WatchNeighborsRequest* request) override {
    const auto address = optional_address(request->address());
    if (const auto* wrong = std::get_if<std::string>(&address)) {
      return new RefusedStream<v1::WatchNeighborsResponse>(invalid(*wrong));
    }
    auto stream = std::make_shared<NeighborWatch>(context_, std::get<std::optional<rib::IpAddress>>(address));
    auto* reactor = stream.get();
    context_.calls->admit(std::move(stream));
    return reactor;
  }

  grpc::ServerUnaryReactor* ResetNeighbor(grpc::CallbackServerContext* call, const v1::ResetNeighborRequest* request,
                                          v1::ResetNeighborResponse*) override {
    const auto address = address_from("address", request->address());
    if (const auto* wrong = std::get_if<std::string>(&address)) return refuse(call, invalid(*wrong));
    return answer_with<bgp::Status>(
        context_,
        [control = context_.control, address = std::get<rib::IpAddress>(address), soft = request->soft(),
         text = request->message()](auto reply) { control->reset_neighbor(address, soft, text, std::move(reply)); },
        to_grpc);
  }

  grpc::ServerUnaryReactor* SetNeighborState(grpc::CallbackServerContext* call,
                                             const v1::SetNeighborStateRequest* request,
                                             v1::SetNeighborStateResponse*) override {
    const auto address = address_from("address", request->address());
    if (const auto* wrong = std::get_if<std::string>(&address)) return refuse(call, invalid(*wrong));
    return answer_with<bgp::Status>(
        context_,
        [control = context_.control, address = std::get<rib::IpAddress>(address), up = request->enabled(),
         text = request->message()](auto reply) { control->set_admin_state(address, up, text, std::move(reply)); },
        to_grpc);
  }

 private:
  const ServiceContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_neighbor_service(ServiceContext context) {
  return std::make_unique<NeighborService>(std::move(context));
}

}  // namespace tw::api
