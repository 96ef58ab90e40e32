// truewire check: is a file valid, and what would a reload to it do. Needs no daemon and no privilege.
#include "api/cli/commands.h"
#include "api/cli/text.h"
#include "bgpd/config/config.h"

#include <fmt/format.h>
#include <google/protobuf/struct.pb.h>

#include "api/cli/json.h"

#include <iostream>

namespace tw::cli {

namespace {

struct Checked {
  std::optional<bgp::Config> config;
  std::vector<std::string> errors;
};

Checked load(const std::string& file) {
  const bgp::LoadResult result = bgp::load_config(file);
  if (result) return {.config = *result, .errors = {}};
  Checked checked;
  for (const bgp::ConfigError& error : result.error()) checked.errors.push_back(error.text());
  return checked;
}

std::string plural(std::size_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

std::string summary(const bgp::Config& config) {
  std::size_t originated = 0;
  for (const bgp::Originate& originate : config.originate) originated += originate.prefixes.size();
  return fmt::format("valid; AS {}, {}, {}, {} originated", config.speaker.as.value,
                     plural(config.neighbors.size(), "neighbor", "neighbors"),
                     plural(config.ranges.size(), "neighbor range", "neighbor ranges"),
                     plural(originated, "prefix", "prefixes"));
}

void add_lines(google::protobuf::Struct& document, const char* field, const std::vector<std::string>& lines) {
  auto& list = *(*document.mutable_fields())[field].mutable_list_value();
  for (const std::string& line : lines) list.add_values()->set_string_value(line);
}

}  // namespace

int check_file(const GlobalOptions& global, const std::string& file, const std::string& running, std::ostream& out) {
  const Checked checked = load(file);
  Checked before;
  if (!running.empty()) before = load(running);
  std::vector<std::string> errors = checked.errors;
  errors.insert(errors.end(), before.errors.begin(), before.errors.end());

  std::vector<std::string> warnings, changes, restart;
  if (checked.config) {
    for (const bgp::ConfigError& warning : checked.config->warnings) warnings.push_back(warning.text());
  }
  if (checked.config && before.config) {
    changes = bgp::describe_difference(*before.config, *checked.config);
    restart = bgp::needs_restart(*before.config, *checked.config);
  }

  if (global.json) {
    google::protobuf::Struct document;
    (*document.mutable_fields())["valid"].set_bool_value(errors.empty());
    add_lines(document, "errors", errors);
    add_lines(document, "warnings", warnings);
    if (!running.empty()) {
      add_lines(document, "changes", changes);
      add_lines(document, "needs_restart", restart);
    }
    print_json(out, document);
    return errors.empty() ? kOk : kFailed;
  }
  for (const std::string& error : errors) std::cerr << printable(error) << '\n';
  for (const std::string& warning : warnings) std::cerr << printable(warning) << " (warning)\n";
  if (!errors.empty()) return kFailed;
  out << fmt::format("{}: {}\n", file, summary(*checked.config));
  if (running.empty()) return kOk;
  for (const std::string& change : changes) out << printable(change) << '\n';
  for (const std::string& key : restart) out << printable(key) << ": takes effect at the next start of truewired\n";
  if (changes.empty() && restart.empty()) out << "a reload would change nothing\n";
  return kOk;
}

}  // namespace tw::cli
