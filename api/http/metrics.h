// The metrics: one table of names, types and help texts, and the text that Prometheus reads. Pure; thread-safe.
#pragma once

#include "api/verify_snapshot.h"
#include "bgpd/speaker/control.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tw::api {

struct MetricsSnapshot {
  bgp::SpeakerTotals totals;
  bgp::Readiness readiness;
  std::vector<bgp::NeighborStatus> neighbors;
  std::chrono::system_clock::time_point now;  // what uptimes are counted to
  bool verifier_runs = false;
  std::optional<VerifySnapshot> verifier;  // nothing: it does not run, or does not answer
};

enum class MetricType { kCounter, kGauge };
struct MetricDescription {
  const char* name;
  MetricType type;
  const char* help;
};
// The table, for documentation and tests; in the order in which they are printed.
std::vector<MetricDescription> metric_descriptions();

// The exposition format, version 0.0.4. A metric without a sample is left out.
std::string prometheus_text(const MetricsSnapshot& snapshot);

}  // namespace tw::api
