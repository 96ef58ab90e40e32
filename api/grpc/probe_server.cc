#include "api/grpc/probe_server.h"

#include "api/grpc/probe_stream.h"
#include "api/probe/messages.h"

#include "truewire/v1/probe.grpc.pb.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>

#include <utility>
#include <variant>

namespace tw::api {

namespace {

constexpr int kHandshake = 10'000, kIdle = 30'000;                 // milliseconds
constexpr int kKeepaliveEvery = 10'000, kKeepaliveWithin = 8'000;  // the same: a dead probe is noticed within 20 s
constexpr std::size_t kMemory = 64 << 20;                          // octets, for all connections' transport
constexpr std::chrono::milliseconds kFarewell{500};

// The process's other server has health checks and reflection; this one must not inherit them.
class NothingElse : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments* arguments) override {
    arguments->SetPointer(grpc::kHealthCheckServiceInterfaceArg, nullptr);
  }
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override { plugins->clear(); }
};

std::vector<std::string> texts(const std::vector<grpc::string_ref>& values) {
  std::vector<std::string> out;
  for (const grpc::string_ref& value : values) out.emplace_back(value.data(), value.size());
  return out;
}

std::string name_of(const grpc::ServerContextBase& call) {
  const auto peer = call.auth_context();
  if (!peer || !peer->IsPeerAuthenticated()) return "";
  const auto common = texts(peer->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME));
  return name_in_certificate(texts(peer->FindPropertyValues(GRPC_PEER_DNS_PROPERTY_NAME)),
                             common.empty() ? "" : common.front());
}

class RefusedProbe final : public grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
 public:
  explicit RefusedProbe(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

class ProbeService final : public v1::ProbeService::CallbackService {
 public:
  explicit ProbeService(ProbeContext context) : context_(std::move(context)) {}

  grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>* Connect(
      grpc::CallbackServerContext* call) override {
    if (context_.calls->size() >= ProbeServer::kMaxStreams)
      return new RefusedProbe({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many probes are connected"});
    auto stream = std::make_shared<ProbeStream>(context_, call, name_of(*call), call->peer());
    ProbeStream* const reactor = stream.get();
    context_.calls->admit(std::move(stream));
    return reactor;
  }

 private:
  const ProbeContext context_;
};

void set_limits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxProbeMessage);
  builder.SetResourceQuota(grpc::ResourceQuota("probes").Resize(kMemory));
  const std::pair<const char*, int> arguments[] = {
      {GRPC_ARG_MAX_CONCURRENT_STREAMS, 1},
      {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshake},
      {GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdle},  // without a stream
      {GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveEvery},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveWithin},
      {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kKeepaliveEvery / 2},  // the probe's own keepalive
      // A flood waits at the probe: the window does not grow, and nothing small unpacks to something large.
      {GRPC_ARG_HTTP2_BDP_PROBE, 0},
      {GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kMaxProbeMessage},
      {GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0},
      {GRPC_ARG_ALLOW_REUSEPORT, 0},  // two daemons on one port would share the probes
  };
  for (const auto& [name, value] : arguments) builder.AddChannelArgument(name, value);
}

}  // namespace

struct ProbeServer::Impl {
  std::shared_ptr<ApiThread> thread;
  ProbeServerOptions options;
  std::shared_ptr<CallRegistry> calls;
  std::unique_ptr<grpc::Service> service;
  std::unique_ptr<grpc::Server> server;
  std::vector<int> ports;
};

ProbeServer::ProbeServer(std::shared_ptr<ApiThread> thread, ProbeServerOptions options)
    : impl_(std::make_unique<Impl>()) {
  impl_->calls = std::make_shared<CallRegistry>(thread);
  impl_->service = std::make_unique<ProbeService>(ProbeContext{thread, impl_->calls, options.intake, options.told});
  impl_->thread = std::move(thread);
  impl_->options = std::move(options);
}

ProbeServer::~ProbeServer() { stop(); }

std::optional<std::string> ProbeServer::start() {
  auto loaded = load_tls(impl_->options.files);
  if (auto* fault = std::get_if<std::string>(&loaded)) return "[probe]: " + *fault;
  const TlsMaterial& material = std::get<TlsMaterial>(loaded);
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = material.authority;
  tls.pem_key_cert_pairs.push_back({material.private_key, material.certificate});
  const auto credentials = grpc::SslServerCredentials(tls);

  grpc::ServerBuilder builder;
  builder.SetOption(std::make_unique<NothingElse>());
  set_limits(builder);
  impl_->ports.resize(impl_->options.listen.size());
  for (std::size_t i = 0; i < impl_->ports.size(); i++)
    builder.AddListeningPort(impl_->options.listen[i], credentials, &impl_->ports[i]);
  builder.RegisterService(impl_->service.get());
  impl_->server = builder.BuildAndStart();
  if (!impl_->server) {
    return fmt::format("cannot listen for probes on {}: is each an address of this host, and its port free?",
                       fmt::join(impl_->options.listen, ", "));
  }
  return std::nullopt;
}

void ProbeServer::stop() {
  if (!impl_->server) return;
  impl_->calls->close({grpc::StatusCode::UNAVAILABLE, "truewired is shutting down"});
  impl_->server->Shutdown(std::chrono::system_clock::now() + kFarewell);
  impl_->server->Wait();
  impl_->server.reset();
}

const std::vector<int>& ProbeServer::ports() const { return impl_->ports; }

}  // namespace tw::api
