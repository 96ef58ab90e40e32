// What each path answers: /livez, /readyz, /metrics. Knows no socket and no HTTP library. API thread only.
#pragma once

#include "api/http/metrics.h"
#include "api/question.h"

#include <chrono>
#include <functional>
#include <memory>
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
  // `patience`: what takes the routing thread longer is answered with 503.
  HttpEndpoints(std::shared_ptr<Question<bgp::Readiness>> readiness, std::shared_ptr<Question<MetricsSnapshot>> metrics,
                std::chrono::milliseconds patience);

  // Calls `then` once, on the API thread, at the latest after `patience`. `accept` is the header's value: JSON is
  // sent where it names application/json.
  void answer(std::string_view target, std::string_view accept, std::function<void(HttpAnswer)> then);

 private:
  std::shared_ptr<Question<bgp::Readiness>> readiness_;
  std::shared_ptr<Question<MetricsSnapshot>> metrics_;
  std::chrono::milliseconds patience_;
};

}  // namespace tw::api
