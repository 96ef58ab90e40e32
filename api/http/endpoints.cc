// Liveness is that the routing thread answers at all; readiness is what it answers.
#include "api/http/endpoints.h"

#include "api/grpc/messages.h"
#include "api/http/verifier_line.h"

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
                             std::shared_ptr<Question<MetricsSnapshot>> metrics, std::chrono::milliseconds patience,
                             std::shared_ptr<Question<VerifySnapshot>> verifier)
    : readiness_(std::move(readiness)),
      metrics_(std::move(metrics)),
      verifier_(std::move(verifier)),
      patience_(patience) {}

template <class Answer>
void HttpEndpoints::ask_with_verifier(Question<Answer>& question, ThenBoth<Answer> then) const {
  if (!verifier_) {
    return question.ask(
        patience_, [then = std::move(then)](std::optional<Answer> answer) { then(std::move(answer), std::nullopt); });
  }
  struct Both {
    std::optional<Answer> answer;
    std::optional<VerifySnapshot> verifier;
    int awaited = 2;
    ThenBoth<Answer> then;
    void came() {
      if (--awaited == 0) then(std::move(answer), verifier);
    }
  };
  const auto both = std::make_shared<Both>();
  both->then = std::move(then);
  question.ask(patience_, [both](std::optional<Answer> answer) {
    both->answer = std::move(answer);
    both->came();
  });
  verifier_->ask(patience_ / 4, [both](std::optional<VerifySnapshot> snapshot) {
    both->verifier = std::move(snapshot);
    both->came();
  });
}

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
    const auto tell = [then, json, stuck, has_verifier = verifier_ != nullptr](
                          std::optional<bgp::Readiness> readiness, const std::optional<VerifySnapshot>& verifier) {
      bgp::Readiness known = readiness ? *readiness : bgp::Readiness{.ready = false, .reasons = {stuck}};
      if (has_verifier) known.reasons.push_back(verifier_line(verifier));
      then(report(known.ready ? 200 : 503, known, json, "ready", "not ready"));
    };
    ask_with_verifier<bgp::Readiness>(*readiness_, tell);
  } else if (path == "/metrics") {
    const auto tell = [then, stuck, has_verifier = verifier_ != nullptr](
                          std::optional<MetricsSnapshot> snapshot, const std::optional<VerifySnapshot>& verifier) {
      if (!snapshot) return then({.status = 503, .body = stuck + '\n'});
      snapshot->verifier_runs = has_verifier;
      snapshot->verifier = verifier;
      then({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = prometheus_text(*snapshot)});
    };
    ask_with_verifier<MetricsSnapshot>(*metrics_, tell);
  } else if (path == "/") {
    then({.body = std::string(kIndex)});
  } else {
    then({.status = 404, .body = fmt::format("there is nothing here; try one of these\n{}", kIndex)});
  }
}

}  // namespace tw::api
