// truewire preflight: can this NIC be trusted with signed segments?
#pragma once

#include "api/cli/client.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

namespace tw::cli {

struct PreflightOptions {
  std::string probe;
  std::string family;  // "ipv4", "ipv6", "both"; empty: what the probe has
  std::uint32_t seconds = 120;
};
// kOk: trusted or healed; kFailed otherwise.
int preflight(const GlobalOptions& global, const PreflightOptions& options, std::ostream& out);

// Adds the command; when it is called, `command` becomes what it asks for. All of it must outlive the parsing.
void add_preflight(CLI::App& app, const GlobalOptions& global, PreflightOptions& options,
                   std::function<int()>& command);

}  // namespace tw::cli
