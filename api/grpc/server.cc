// Putting the server together, and taking it down in the right order.
#include "api/grpc/server.h"

#include "api/grpc/health.h"
#include "api/grpc/services.h"
#include "api/grpc/unix_socket.h"

#include <fmt/format.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include <mutex>
#include <utility>

namespace tw::api {

namespace {

constexpr int kMaxStreamsPerConnection = 64;
constexpr std::chrono::milliseconds kFarewell{500};  // for clients to read that the server goes

void enable_plugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

}  // namespace

struct GrpcServer::Impl {
  ServiceContext context;
  HealthOptions health_options;
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<grpc::Server> server;
  std::shared_ptr<HealthFollower> health;
};

GrpcServer::GrpcServer(ServiceContext context, HealthOptions health) : impl_(std::make_unique<Impl>()) {
  impl_->context = std::move(context);
  impl_->health_options = std::move(health);
  impl_->services.push_back(make_neighbor_service(impl_->context));
  impl_->services.push_back(make_route_service(impl_->context));
  impl_->services.push_back(make_speaker_service(impl_->context));
  impl_->services.push_back(make_verify_service(impl_->context));
}

GrpcServer::~GrpcServer() { stop(); }

std::optional<std::string> GrpcServer::start(const std::vector<std::string>& addresses) {
  enable_plugins();
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  std::vector<std::string> paths;
  for (const std::string& address : addresses) {
    const auto path = unix_path(address);
    if (!path) {
      return fmt::format("cannot listen on {}: only Unix sockets are served (\"unix:/run/truewire/api.sock\")",
                         address);
    }
    if (auto error = prepare_socket_path(*path)) return error;
    builder.AddListeningPort("unix:" + *path, grpc::InsecureServerCredentials());
    paths.push_back(*path);
  }
  for (const auto& service : impl_->services) builder.RegisterService(service.get());
  {
    const GroupOnlyFiles guard;
    impl_->server = builder.BuildAndStart();
  }
  if (!impl_->server) {
    return fmt::format("cannot listen on {}: binding failed; is the directory writable for this user?",
                       fmt::join(paths, ", "));
  }
  for (const std::string& path : paths) {
    if (auto error = open_to_group(path)) {
      stop();
      return error;
    }
  }
  impl_->health = std::make_shared<HealthFollower>(*impl_->context.thread, impl_->health_options,
                                                   impl_->server->GetHealthCheckService());
  impl_->context.thread->run([this] { impl_->health->start(); });
  return std::nullopt;
}

void GrpcServer::stop() {
  if (!impl_->server) return;
  if (impl_->health) impl_->context.thread->run([this] { impl_->health->stop(); });
  impl_->context.calls->close({grpc::StatusCode::UNAVAILABLE, "truewired is shutting down"});
  // Returns when every call is done: those that are not read to the end are cancelled at the deadline.
  impl_->server->Shutdown(std::chrono::system_clock::now() + kFarewell);
  impl_->server->Wait();
  impl_->server.reset();
}

}  // namespace tw::api
