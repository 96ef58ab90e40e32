// Liveness is that the routing thread answers at all; readiness is what it answers.
#include "api/http/endpoints.h"

#include "api/grpc/messages.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <utility>

namespace tw::api {

namespace {

constexpr std::string_view kIndex =
    "truewired\n"
    "/livez    200 while the routing thread answers\n"
    "/readyz   200 when ready, else 503, with reasons\n"
    "/metrics  for Prometheus\n";

bool wants_json(std::string_view accept) { return accept.find("application/json") != std::string_view::npos; }

// The JSON form is that of truewire.v1.Readiness.
HttpAnswer report(int status, const bgp::Readiness& readiness, bool json, std::string_view good, std::string_view bad) {
  HttpAnswer answer{.status = status};
  if (json) {
    v1::Readiness message;
    fill(message, readiness);
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    options.always_print_primitive_fields = true;
    (void)google::protobuf::util::MessageToJsonString(message, &answer.body, options);
    answer.body += '\n';
    answer.content_type = "application/json";
    return answer;
  }
  answer.body = fmt::format("{}\n", readiness.ready ? good : bad);
  for (const std::string& reason : readiness.reasons) answer.body += reason + '\n';
  return answer;
}

}  // namespace

HttpEndpoints::HttpEndpoints(std::shared_ptr<Question<bgp::Readiness>> readiness,
                             std::shared_ptr<Question<MetricsSnapshot>> metrics, std::chrono::milliseconds patience)
    : readiness_(std::move(readiness)), metrics_(std::move(metrics)), patience_(patience) {}

void HttpEndpoints::answer(std::string_view target, std::string_view accept, std::function<void(HttpAnswer)> then) {
  const std::string_view path = target.substr(0, target.find('?'));
  const bool json = wants_json(accept);
  const std::string stuck = fmt::format("the routing thread did not answer within {} ms", patience_.count());
  if (path == "/livez") {
    readiness_->ask(patience_, [then, json, stuck](const std::optional<bgp::Readiness>& readiness) {
      const bgp::Readiness alive{.ready = readiness.has_value(), .reasons = {}};
      const bgp::Readiness dead{.ready = false, .reasons = {stuck}};
      then(report(readiness ? 200 : 503, readiness ? alive : dead, json, "alive", "stuck"));
    });
  } else if (path == "/readyz") {
    readiness_->ask(patience_, [then, json, stuck](const std::optional<bgp::Readiness>& readiness) {
      const bgp::Readiness& known = readiness ? *readiness : bgp::Readiness{.ready = false, .reasons = {stuck}};
      then(report(known.ready ? 200 : 503, known, json, "ready", "not ready"));
    });
  } else if (path == "/metrics") {
    metrics_->ask(patience_, [then, stuck](const std::optional<MetricsSnapshot>& snapshot) {
      if (!snapshot) return then({.status = 503, .body = stuck + '\n'});
      then({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = prometheus_text(*snapshot)});
    });
  } else if (path == "/") {
    then({.body = std::string(kIndex)});
  } else {
    then({.status = 404, .body = fmt::format("there is nothing here; try one of these\n{}", kIndex)});
  }
}

}  // namespace tw::api
