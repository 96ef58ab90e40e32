// The subcommands of `truewire verify`: what can be said, and which function answers it.
#pragma once

#include "api/cli/client.h"
#include "api/cli/verify_export.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace tw::cli {

struct VerifyOptions {
  std::uint32_t limit = 20;  // verdicts
  std::string neighbor, file, device;
  std::string state_directory = "/var/lib/truewire";
  bool systemd_link = false, network_manager = false, ifupdown = false;
};

// Parsing sets `command`. What is referred to must live until that has run.
void add_verify_commands(CLI::App& verify, const GlobalOptions& global, const CLI::Validator& address,
                         VerifyOptions& options, std::function<int()>& command);

}  // namespace tw::cli
