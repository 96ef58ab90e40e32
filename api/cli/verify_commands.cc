#include "api/cli/verify_commands.h"

#include "api/cli/verify_live.h"
#include "api/cli/verify_restore.h"

#include <iostream>

namespace tw::cli {

namespace {

CLI::App* add(CLI::App& verify, const char* name, const char* help) {
  CLI::App* command = verify.add_subcommand(name, help);
  command->fallthrough();  // global options may come after the command
  return command;
}

NetworkSetup setup_of(const VerifyOptions& options) {
  if (options.systemd_link) return NetworkSetup::kSystemdLink;
  return options.network_manager ? NetworkSetup::kNetworkManager : NetworkSetup::kIfupdown;
}

void add_questions(CLI::App& verify, const GlobalOptions& global, const CLI::Validator& address, VerifyOptions& options,
                   std::function<int()>& command) {
  CLI::App* history = add(verify, "history", "the verdicts, newest first");
  history->add_option("--limit", options.limit, "at most so many")->check(CLI::Range(1U, 1000U))->capture_default_str();
  history->callback([&] { command = [&] { return show_verdicts(global, options.limit, std::cout); }; });

  CLI::App* explain = add(verify, "explain", "the reasoning about a neighbor, step by step, and what shows it");
  explain->add_option("NEIGHBOR", options.neighbor, "its address")->required()->check(address);
  explain->callback([&] { command = [&] { return explain_neighbor(global, options.neighbor, std::cout); }; });

  CLI::App* capture = add(verify, "capture", "write the segments that show a neighbor's faults as pcapng");
  capture->add_option("NEIGHBOR", options.neighbor, "its address")->required()->check(address);
  capture->add_option("FILE", options.file, "where to; - for standard output")->required();
  capture->callback(
      [&] { command = [&] { return write_evidence(global, options.neighbor, options.file, std::cout); }; });

  CLI::App* watch = add(verify, "watch", "verdicts as they are reached, until Ctrl-C");
  watch->add_option("NEIGHBOR", options.neighbor, "about this one only")->check(address);
  watch->callback([&] { command = [&] { return watch_verdicts(global, options.neighbor, std::cout); }; });
}

void add_remedies(CLI::App& verify, const GlobalOptions& global, VerifyOptions& options,
                  std::function<int()>& command) {
  CLI::App* undo = add(verify, "undo", "turn on again what remedies keep off on a device");
  undo->add_option("DEVICE", options.device, "such as eth0")->required();
  undo->callback([&] { command = [&] { return undo_remedy(global, options.device, std::cout); }; });

  CLI::App* permanent = add(verify, "export", "what makes the remedies permanent, for the host's network setup");
  CLI::Option_group* setup = permanent->add_option_group("setup", "one of these");
  setup->add_flag("--systemd-link", options.systemd_link, "files for systemd.link, and udev for what it cannot say");
  setup->add_flag("--networkmanager", options.network_manager, "nmcli, and a dispatcher script for what it cannot say");
  setup->add_flag("--ifupdown", options.ifupdown, "lines for /etc/network/interfaces");
  setup->require_option(1);
  permanent->callback([&] { command = [&] { return export_remedies(global, setup_of(options), std::cout); }; });

  CLI::App* restore = add(verify, "restore", "put back what an interrupted trial left; needs no daemon");
  restore->add_option("--state-dir", options.state_directory, "of truewired")->capture_default_str();
  restore->callback([&] { command = [&] { return restore_trials(global, options.state_directory, std::cout); }; });
}

}  // namespace

void add_verify_commands(CLI::App& verify, const GlobalOptions& global, const CLI::Validator& address,
                         VerifyOptions& options, std::function<int()>& command) {
  add_questions(verify, global, address, options, command);
  add_remedies(verify, global, options, command);
}

}  // namespace tw::cli
