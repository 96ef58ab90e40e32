#include "api/cli/preflight.h"

#include "api/cli/json.h"
#include "api/cli/text.h"
#include "api/cli/verify_json.h"
#include "truewire/v1/verify.grpc.pb.h"

#include <fmt/format.h>

#include <iostream>
#include <string_view>

namespace tw::cli {

namespace v1 = ::truewire::v1;

namespace {

std::string_view word_of(v1::PreflightOutcome outcome) {
  switch (outcome) {
    case v1::PREFLIGHT_OUTCOME_TRUSTED: return "trusted";
    case v1::PREFLIGHT_OUTCOME_HEALED: return "healed";
    case v1::PREFLIGHT_OUTCOME_DAMAGED: return "damaged";
    case v1::PREFLIGHT_OUTCOME_NOT_TESTED: return "not-tested";
    default: return "unknown";
  }
}

std::string_view words_of(v1::PreflightOutcome outcome) {
  switch (outcome) {
    case v1::PREFLIGHT_OUTCOME_DAMAGED: return "damaged, not healed";
    case v1::PREFLIGHT_OUTCOME_NOT_TESTED: return "could not be tested";
    default: return word_of(outcome);
  }
}

v1::PreflightRequest::Family family_of(const std::string& word) {
  if (word == "ipv4") return v1::PreflightRequest::FAMILY_IPV4;
  if (word == "ipv6") return v1::PreflightRequest::FAMILY_IPV6;
  return word == "both" ? v1::PreflightRequest::FAMILY_BOTH : v1::PreflightRequest::FAMILY_UNSPECIFIED;
}

std::string json_of(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::vector<std::string> values;
  for (const std::string& word : words) values.push_back(json_text(clean(word)));
  return json_list(values);
}

std::string json_of(const v1::PreflightFamily& family) {
  return json_object({{"family", json_text(family.family())},
                      {"outcome", json_text(word_of(family.outcome()))},
                      {"device", json_text(clean(family.device()))},
                      {"text", json_text(clean(family.text()))},
                      {"fault", json_text(clean(family.fault()))},
                      {"culprits", json_of(family.culprits())},
                      {"proven", json_of(family.proven())},
                      {"valid", std::to_string(family.valid())},
                      {"invalid", std::to_string(family.invalid())}});
}

std::string json_of(const v1::PreflightReport& report) {
  std::vector<std::string> families;
  for (const v1::PreflightFamily& family : report.families()) families.push_back(json_of(family));
  return json_object({{"outcome", json_text(word_of(report.outcome()))}, {"families", json_list(families)}});
}

void print(const v1::PreflightReport& report, std::ostream& out) {
  for (const v1::PreflightFamily& family : report.families())
    out << fmt::format("{}: {}: {}\n", family.family() == "ipv4" ? "IPv4" : "IPv6", words_of(family.outcome()),
                       printable(family.text()));
}

}  // namespace

int preflight(const GlobalOptions& global, const PreflightOptions& options, std::ostream& out) {
  const auto stub = v1::VerifyService::NewStub(connect(global));
  grpc::ClientContext context;
  v1::PreflightRequest request;
  request.set_probe(options.probe.starts_with("probe:") ? options.probe.substr(6) : options.probe);
  request.set_family(family_of(options.family));
  request.set_seconds(options.seconds);
  const auto reader = stub->Preflight(&context, request);
  v1::PreflightReport report;
  for (v1::PreflightResponse piece; reader->Read(&piece);) {
    for (const std::string& line : piece.progress())
      out << (global.json ? json_object({{"progress", json_text(clean(line))}}) : printable(line)) << '\n';
    out.flush();
    if (piece.has_report()) report = piece.report();
  }
  require_ok(reader->Finish(), global);
  if (global.json) {
    out << json_of(report) << '\n';
  } else {
    print(report, out);
  }
  const bool good =
      report.outcome() == v1::PREFLIGHT_OUTCOME_TRUSTED || report.outcome() == v1::PREFLIGHT_OUTCOME_HEALED;
  return good ? kOk : kFailed;
}

void add_preflight(CLI::App& app, const GlobalOptions& global, PreflightOptions& options,
                   std::function<int()>& command) {
  CLI::App* preflight_command =
      app.add_subcommand("preflight", "can this NIC be trusted with signed segments? asked with decoys to a probe");
  preflight_command->fallthrough();  // global options may come after the command
  preflight_command->add_option("--to", options.probe, "the probe: NAME of \"probe:NAME\" in wire of [verify]")
      ->required();
  preflight_command->add_option("--family", options.family, "ipv4, ipv6 or both; default: what the probe has")
      ->check(CLI::IsMember({"ipv4", "ipv6", "both"}));
  preflight_command->add_option("--seconds", options.seconds, "patience with each family; trials may take longer")
      ->check(CLI::Range(5U, 500U))
      ->capture_default_str();
  preflight_command->footer(
      "Exit codes: 0 trusted, or healed; 1 damaged and not healed, could not be tested, or refused;\n"
      "2 the command line makes no sense; 3 truewired is not reachable.");
  preflight_command->callback([&] { command = [&] { return preflight(global, options, std::cout); }; });
}

}  // namespace tw::cli
