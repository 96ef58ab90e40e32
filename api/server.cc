// The order of things: the API thread first and last, gRPC and HTTP in between.
#include "api/server.h"

#include "api/api_thread.h"
#include "api/grpc/server.h"
#include "api/http/server.h"
#include "api/question.h"
#include "api/verify_snapshot.h"

#include <utility>

namespace tw::api {

namespace {

using Control = std::weak_ptr<bgp::Control>;  // closures that Control keeps must not keep Control

void ask_readiness(const Control& weak, bgp::Control::Reply<bgp::Readiness> reply) {
  if (const auto control = weak.lock()) control->readiness(std::move(reply));
}

// Three questions, one after the other; the first may wait, the others follow on the routing thread.
void ask_snapshot(const Control& weak, const bgp::Control::Reply<MetricsSnapshot>& reply) {
  ask_readiness(weak, [weak, reply](const bgp::Readiness& readiness) {
    const auto control = weak.lock();
    if (!control) return;
    control->totals([weak, reply, readiness](const bgp::SpeakerTotals& totals) {
      const auto speaker = weak.lock();
      if (!speaker) return;
      speaker->list_neighbors(std::nullopt, [reply, readiness, totals](std::vector<bgp::NeighborStatus> neighbors) {
        reply({totals, readiness, std::move(neighbors), std::chrono::system_clock::now()});
      });
    });
  });
}

}  // namespace

struct ApiServer::Impl {
  std::shared_ptr<bgp::Control> control;
  ApiOptions options;
  std::shared_ptr<ApiThread> thread;
  std::shared_ptr<Question<bgp::Readiness>> readiness;
  std::shared_ptr<Question<MetricsSnapshot>> metrics;
  std::shared_ptr<VerifyObserver> observer;            // null: the verifier does not run
  std::shared_ptr<Question<VerifySnapshot>> verifier;  // the same
  std::unique_ptr<GrpcServer> grpc;
  std::unique_ptr<ProbeServer> probes;  // null: none are served
  std::shared_ptr<HttpServer> http;
};

ApiServer::ApiServer(std::shared_ptr<bgp::Control> control, ApiOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->control = std::move(control);
  impl_->options = std::move(options);
}

ApiServer::~ApiServer() { stop(); }

std::optional<std::string> ApiServer::start() {
  Impl& self = *impl_;
  self.thread = std::make_shared<ApiThread>();
  self.readiness = std::make_shared<Question<bgp::Readiness>>(
      self.thread, [weak = Control(self.control)](auto reply) { ask_readiness(weak, std::move(reply)); });
  self.metrics = std::make_shared<Question<MetricsSnapshot>>(
      self.thread, [weak = Control(self.control)](auto reply) { ask_snapshot(weak, std::move(reply)); });
  if (self.options.verify && self.options.http) {
    self.observer = std::make_shared<VerifyObserver>(self.options.verify);
    self.verifier = std::make_shared<Question<VerifySnapshot>>(
        self.thread, [observer = self.observer](auto reply) { observer->ask(std::move(reply)); });
  }
  if (self.options.http) {
    const auto endpoints =
        std::make_shared<HttpEndpoints>(self.readiness, self.metrics, self.options.routing_timeout, self.verifier);
    self.http = std::make_shared<HttpServer>(self.thread->context(), endpoints);
    if (auto error = self.http->listen(self.options.http->host, self.options.http->port)) {
      stop();
      return error;
    }
  }
  self.grpc = std::make_unique<GrpcServer>(
      ServiceContext{self.control, self.thread, std::make_shared<CallRegistry>(self.thread), self.options.verify,
                     self.options.why_no_verify},
      HealthOptions{self.readiness, self.options.health_interval, self.options.routing_timeout});
  if (auto error = self.grpc->start(self.options.listen)) {
    stop();
    return error;
  }
  if (self.options.probe) {
    self.probes = std::make_unique<ProbeServer>(self.thread, *self.options.probe);
    if (auto error = self.probes->start()) {
      stop();
      return error;
    }
  }
  if (self.http) self.thread->post([http = self.http] { http->start(); });
  return std::nullopt;
}

void ApiServer::stop() {
  Impl& self = *impl_;
  if (!self.thread) return;
  if (self.probes) self.probes->stop();
  if (self.grpc) self.grpc->stop();
  self.thread->run([&self] {
    if (self.http) self.http->stop();
    self.readiness->close();
    self.metrics->close();
    if (self.verifier) self.verifier->close();
  });
  self.thread->close();
}

std::uint16_t ApiServer::http_port() const { return impl_->http ? impl_->http->port() : 0; }

std::vector<int> ApiServer::probe_ports() const { return impl_->probes ? impl_->probes->ports() : std::vector<int>{}; }

}  // namespace tw::api
