// The metrics table and its text.
#include "api/http/metrics.h"
#include "tests/unit/api/fake_verify.h"
#include "tests/unit/api/samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace tw::api::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

MetricsSnapshot full_snapshot() {
  MetricsSnapshot s;
  s.totals.rib = {.prefixes = 1, .paths = 2, .best = 3};
  s.totals.memory = {.prefixes = 4, .paths = 5, .attributes = 6, .advertised = 7};
  s.totals.attribute_sets = 8;
  s.totals.neighbors = 2;
  s.totals.established = 1;
  s.totals.connections_accepted = 11;
  s.totals.connections_refused = 12;
  s.totals.md5_not_found = 13;
  s.totals.md5_unexpected = 14;
  s.totals.md5_failure = 15;
  s.totals.md5_counters_known = true;
  s.totals.started = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  s.readiness.ready = true;
  s.neighbors = {established_neighbor(), idle_neighbor()};
  s.now = s.neighbors[0].since + std::chrono::seconds(90);
  s.verifier_runs = true;
  s.verifier = VerifySnapshot{damaged_status(), {tso_remedy()}, {{{"copied-digest", tcpmd5::Confidence::kProven}, 3}}};
  return s;
}

TEST(Metrics, EveryRowOfTheTableHasASample) {
  const std::string text = prometheus_text(full_snapshot());
  for (const MetricDescription& d : metric_descriptions()) {
    EXPECT_THAT(text, HasSubstr(std::string("# HELP ") + d.name + " "));
    EXPECT_THAT(text,
                HasSubstr(std::string("# TYPE ") + d.name + (d.type == MetricType::kCounter ? " counter" : " gauge")));
  }
}

TEST(Metrics, NamesFollowTheConventions) {
  std::set<std::string> names;
  for (const MetricDescription& d : metric_descriptions()) {
    const std::string name = d.name;
    EXPECT_TRUE(std::regex_match(name, std::regex("truewire_[a-z0-9_]+"))) << name;
    EXPECT_EQ(name.ends_with("_total"), d.type == MetricType::kCounter) << name;
    EXPECT_TRUE(names.insert(name).second) << name << " twice";
    EXPECT_TRUE(std::string_view(d.help).ends_with('.')) << name;
  }
}

TEST(Metrics, EveryMetricIsDocumented) {
  std::ifstream file(std::string(TRUEWIRE_VECTORS) + "/../../docs/API.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const MetricDescription& d : metric_descriptions()) {
    EXPECT_THAT(text.str(), HasSubstr(std::string("`") + d.name + "`"));
  }
}

TEST(Metrics, ValuesAreWhereTheyBelong) {
  const std::string text = prometheus_text(full_snapshot());
  for (const char* line : {
           "truewire_ready 1",
           "truewire_start_time_seconds 1700000000",
           "truewire_rib_prefixes 1",
           "truewire_rib_paths 2",
           "truewire_rib_best_paths 3",
           "truewire_rib_memory_bytes{type=\"prefixes\"} 4",
           "truewire_rib_memory_bytes{type=\"advertised\"} 7",
           "truewire_rib_attribute_sets 8",
           "truewire_neighbors 2",
           "truewire_neighbors_established 1",
           "truewire_connections_accepted_total 11",
           "truewire_connections_refused_total 12",
           "truewire_md5_refused_segments_total{reason=\"not-found\"} 13",
           "truewire_md5_refused_segments_total{reason=\"unexpected\"} 14",
           "truewire_md5_refused_segments_total{reason=\"failure\"} 15",
           "truewire_neighbor_up{neighbor=\"192.0.2.1\"} 1",
           "truewire_neighbor_up{neighbor=\"fe80::1%eth0\"} 0",
           "truewire_neighbor_state{neighbor=\"192.0.2.1\"} 6",
           "truewire_neighbor_state{neighbor=\"fe80::1%eth0\"} 1",
           "truewire_neighbor_uptime_seconds{neighbor=\"192.0.2.1\"} 90",
           "truewire_neighbor_uptime_seconds{neighbor=\"fe80::1%eth0\"} 0",
           "truewire_neighbor_established_total{neighbor=\"192.0.2.1\"} 3",
           "truewire_neighbor_flaps_total{neighbor=\"192.0.2.1\"} 2",
           "truewire_neighbor_messages_sent_total{neighbor=\"192.0.2.1\",type=\"update\"} 2",
           "truewire_neighbor_messages_received_total{neighbor=\"192.0.2.1\",type=\"route-refresh\"} 10",
           "truewire_neighbor_prefixes_received{neighbor=\"192.0.2.1\",family=\"ipv6-unicast\"} 50",
           "truewire_neighbor_prefixes_accepted{neighbor=\"192.0.2.1\",family=\"ipv4-unicast\"} 90",
           "truewire_neighbor_prefixes_advertised{neighbor=\"192.0.2.1\",family=\"ipv4-unicast\"} 2",
           "truewire_neighbor_update_faults_total{neighbor=\"192.0.2.1\",kind=\"treat-as-withdraw ORIGIN\"} 11",
           "truewire_neighbor_send_queue_bytes{neighbor=\"192.0.2.1\"} 4096",
           "truewire_verify_up 1",
           "truewire_verify_info{mode=\"heal\"} 1",
           "truewire_verify_segments_total{neighbor=\"192.0.2.1\",seen=\"sent\",result=\"valid\"} 999",
           "truewire_verify_segments_total{neighbor=\"192.0.2.1\",seen=\"sent\",result=\"invalid\"} 1",
           "truewire_verify_segments_total{neighbor=\"192.0.2.1\",seen=\"wire\",result=\"valid\"} 970",
           "truewire_verify_segments_total{neighbor=\"192.0.2.1\",seen=\"wire\",result=\"invalid\"} 17",
           "truewire_verify_segments_total{neighbor=\"192.0.2.1\",seen=\"wire\",result=\"uncheckable\"} 3",
           "truewire_verify_segments_total{neighbor=\"192.0.2.1\",seen=\"received\",result=\"valid\"} 498",
           "truewire_verify_segments_total{neighbor=\"192.0.2.1\",seen=\"received\",result=\"invalid\"} 2",
           "truewire_verify_uncheckable_total 6",
           "truewire_verify_findings_total{neighbor=\"192.0.2.1\",fault=\"copied-digest\"} 17",
           "truewire_verify_queue_depth 2",
           "truewire_verify_queue_refused_total 7",
           "truewire_verify_verdicts_total{fault=\"copied-digest\",confidence=\"proven\"} 3",
           "truewire_verify_trial_running{neighbor=\"192.0.2.1\"} 0",
           "truewire_verify_remedies 1",
           "truewire_verify_held_off{device=\"eth0\",knob=\"tso\"} 1",
           "truewire_verify_source_up{source=\"mirror:eth1\"} 1",
           "truewire_verify_source_frames_total{source=\"tap eth0\"} 1500",
           "truewire_verify_source_dropped_total{source=\"tap eth0\"} 4",
           "truewire_verify_source_truncated_total{source=\"tap eth0\"} 5",
       }) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + line + "\n"));
  }
}

TEST(Metrics, CountersThatTheKernelDoesNotTellAreLeftOut) {
  MetricsSnapshot s = full_snapshot();
  s.totals.md5_counters_known = false;
  EXPECT_THAT(prometheus_text(s), Not(HasSubstr("truewire_md5_refused")));
}

TEST(Metrics, AVerifierThatDoesNotAnswerIsDownAndHasNoFigures) {
  MetricsSnapshot s = full_snapshot();
  s.verifier.reset();
  EXPECT_THAT(prometheus_text(s), AllOf(HasSubstr("\ntruewire_verify_up 0\n"), Not(HasSubstr("truewire_verify_info")),
                                        Not(HasSubstr("truewire_verify_source"))));
}

TEST(Metrics, WithoutAVerifierNothingIsSaidOfOne) {
  MetricsSnapshot s = full_snapshot();
  s.verifier.reset();
  s.verifier_runs = false;
  EXPECT_THAT(prometheus_text(s), Not(HasSubstr("truewire_verify")));
}

TEST(Metrics, LabelsAreEscaped) {
  MetricsSnapshot s = full_snapshot();
  s.neighbors[0].description = "quote \" backslash \\ newline \n end";
  EXPECT_THAT(prometheus_text(s), HasSubstr(R"(description="quote \" backslash \\ newline \n end")"));
}

}  // namespace
}  // namespace tw::api::testing
