// What each path answers: /livez, /readyz, /metrics. Knows no socket and no HTTP library. API thread only.
#pragma once

#include "api/http/metrics.h"
#include "api/question.h"
#include "api/verify_snapshot.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tw::api {

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpEndpoints {
 public:
  // `verifier`: null where it does not run. `patience`: what takes the routing thread longer is answered with 503. The
  // verifier gets a quarter of it, and is left out when that is not enough: it never decides about readiness.
  HttpEndpoints(std::shared_ptr<Question<bgp::Readiness>> readiness, std::shared_ptr<Question<MetricsSnapshot>> metrics,
                std::chrono::milliseconds patience, std::shared_ptr<Question<VerifySnapshot>> verifier = nullptr);

  // Calls `then` once, on the API thread, at the latest after `patience`. `accept` is the header's value: JSON is
  // sent where it names application/json.
  void answer(std::string_view target, std::string_view accept, std::function<void(HttpAnswer)> then);

 private:
  template <class Answer>
  using ThenBoth = std::function<void(std::optional<Answer>, const std::optional<VerifySnapshot>&)>;
  // Asks the routing thread and the verifier at once, and waits for both.
  template <class Answer>
  void ask_with_verifier(Question<Answer>& question, ThenBoth<Answer> then) const;

  std::shared_ptr<Question<bgp::Readiness>> readiness_;
  std::shared_ptr<Question<MetricsSnapshot>> metrics_;
  std::shared_ptr<Question<VerifySnapshot>> verifier_;
  std::chrono::milliseconds patience_;
};

}  // namespace tw::api
