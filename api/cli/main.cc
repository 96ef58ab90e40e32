// truewire, the command line: what can be said, and which function answers it.
#include "api/cli/commands.h"
#include "api/cli/preflight.h"
#include "api/cli/probe.h"
#include "api/cli/text.h"
#include "api/cli/verify_commands.h"
#include "api/cli/verify_files.h"
#include "api/cli/verify_live.h"
#include "api/version.h"
#include "bgpd/config/nearest_word.h"
#include "rib/prefix.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <fstream>
#include <functional>
#include <iostream>
#include <limits>

namespace tw::cli {

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done; 1 refused or not found; 2 the command line makes no sense; 3 truewired is not reachable;\n"
    "4 truewired is not ready (status).";

// Checks of arguments: the empty text is CLI11's "good".
std::string check_prefix(const std::string& text) {
  if (rib::parse_prefix(text)) return "";
  if (const auto loose = rib::parse_prefix(text, false)) {
    return fmt::format("\"{}\" has host bits set; did you mean \"{}\"?", text, rib::to_string(*loose));
  }
  return fmt::format("\"{}\" is not a prefix such as 192.0.2.0/24", text);
}
std::string check_address(const std::string& text) {
  return rib::parse_address(text) ? "" : fmt::format("\"{}\" is not an IP address", text);
}
const CLI::Validator kPrefix(check_prefix, "PREFIX");
const CLI::Validator kAddress(check_address, "ADDRESS");

// For who meant a subcommand, where there are files, too.
void refuse_mistyped_command(const CLI::App& command, const std::string& word) {
  if (std::ifstream(word).good()) return;
  std::vector<std::string> names;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  const std::string hint = bgp::config::did_you_mean(word, {names.begin(), names.end()});
  if (hint.empty()) return;
  throw CLI::ParseError(fmt::format("there is no command or file \"{}\"{}", word, hint), kUsage);
}

// What the parsed line asks for.
using Command = std::function<int()>;

class CommandLine {
 public:
  CommandLine();
  int run(int argc, char** argv);

 private:
  int explain(const CLI::ParseError& error);
  CLI::App* add(CLI::App& parent, const char* name, const char* help);
  void add_neighbors();
  void add_routes_commands();
  void add_route_add(CLI::App& route);
  void add_watch();
  void add_neighbor_actions();
  void add_speaker();
  void add_verify();
  void add_probe();

  CLI::App app_{"Operates truewired, the BGP speaker.", "truewire"};
  Command command_;
  GlobalOptions global_;
  std::string address_, message_, family_, file_, running_;
  bool soft_ = false;
  RoutesOptions routes_;
  RouteAddOptions add_;
  VerifyFilesOptions verify_files_;
  VerifyOptions verify_;
  PreflightOptions preflight_;
  api::RemoteProbeOptions probe_;
  std::vector<std::string> prefixes_;
};

CLI::App* CommandLine::add(CLI::App& parent, const char* name, const char* help) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->fallthrough();  // global options may come after the command
  return command;
}

CommandLine::CommandLine() {
  app_.require_subcommand(1);
  app_.footer(kFooter);
  app_.add_option("--socket", global_.socket, "where truewired listens")
      ->envname("TRUEWIRE_SOCKET")
      ->capture_default_str();
  app_.add_flag("--json", global_.json,
                "JSON for programs: one document, or one object a line for what comes bit by bit");
  app_.add_option("--timeout", global_.timeout, "seconds to wait for an answer")
      ->check(CLI::Range(0.001, 86400.0))
      ->capture_default_str();
  add_neighbors();
  add_routes_commands();
  add_watch();
  add_neighbor_actions();
  add_speaker();
  add_verify();
  add_preflight(app_, global_, preflight_, command_);
  add_probe();
}

void CommandLine::add_neighbors() {
  CLI::App* neighbors = add(app_, "neighbors", "all neighbors, or everything about one");
  neighbors->add_option("ADDRESS", address_, "this neighbor only")->check(kAddress);
  neighbors->callback([this] { command_ = [this] { return show_neighbors(global_, address_, std::cout); }; });
}

void CommandLine::add_routes_commands() {
  CLI::App* routes = add(app_, "routes", "the routes of a table; everything about a route when a prefix is named");
  routes->add_option("PREFIX", routes_.prefix, "this prefix only")->check(kPrefix);
  routes->add_option("--table", routes_.table, "which table; the Adj-RIBs are one neighbor's")
      ->check(CLI::IsMember({"loc-rib", "adj-in", "adj-out"}))
      ->capture_default_str();
  routes->add_option("--neighbor", routes_.neighbor, "whose table, or routes learned from whom")->check(kAddress);
  routes->add_option("--family", routes_.family, "one address family")
      ->check(CLI::IsMember({"ipv4-unicast", "ipv6-unicast"}));
  routes->add_flag("--longer", routes_.longer, "the prefix and all that it contains");
  routes->callback([this] {
    if (routes_.longer && routes_.prefix.empty()) throw CLI::ValidationError("--longer", "needs a PREFIX");
    if (routes_.table != "loc-rib" && routes_.neighbor.empty()) {
      throw CLI::ValidationError("--table", routes_.table + " needs --neighbor");
    }
    command_ = [this] { return show_routes(global_, routes_, std::cout); };
  });

  CLI::App* route = add(app_, "route", "announce and withdraw routes");
  route->require_subcommand(1);
  add_route_add(*route);
  CLI::App* remove = add(*route, "delete", "withdraw routes that were added");
  remove->add_option("PREFIX", prefixes_, "what to withdraw")->required()->check(kPrefix);
  remove->callback([this] { command_ = [this] { return delete_routes(global_, prefixes_, std::cout); }; });
}

void CommandLine::add_route_add(CLI::App& route) {
  CLI::App* command = add(route, "add", "announce routes, or replace them");
  const auto list = [&](const char* name, auto& values, const char* help) {
    return command->add_option(name, values, help)->delimiter(',')->allow_extra_args(false);
  };
  command->add_option("PREFIX", add_.prefixes, "what to announce")->required()->check(kPrefix);
  command->add_option("--next-hop", add_.next_hop, "default: ourselves")->check(kAddress);
  list("--community", add_.communities, "such as 64496:100 or no-export; several with commas or by repeating");
  list("--large-community", add_.large_communities, "such as 64496:1:2");
  command->add_option("--med", add_.med, "multi-exit discriminator");
  command->add_option("--local-pref", add_.local_pref, "local preference");
  list("--as-path", add_.as_path, "AS numbers behind our own, with commas")
      ->check(CLI::Range(1U, std::numeric_limits<std::uint32_t>::max()));
  command->add_flag("--persistent", add_.persistent, "keep it over a restart of truewired");
  command->callback([this] { command_ = [this] { return add_routes(global_, add_, std::cout); }; });
}

void CommandLine::add_watch() {
  CLI::App* watch = add(app_, "watch", "follow changes until Ctrl-C");
  watch->require_subcommand(1);
  CLI::App* routes = add(*watch, "routes", "the Loc-RIB as it is, then each change");
  routes->add_option("--family", family_, "one address family")->check(CLI::IsMember({"ipv4-unicast", "ipv6-unicast"}));
  routes->callback([this] { command_ = [this] { return watch_routes(global_, family_, std::cout); }; });
  CLI::App* neighbors = add(*watch, "neighbors", "what happens to neighbors, from now on");
  neighbors->add_option("ADDRESS", address_, "this neighbor only")->check(kAddress);
  neighbors->callback([this] { command_ = [this] { return watch_neighbors(global_, address_, std::cout); }; });
  CLI::App* verdicts = add(*watch, "verdicts", "what the verifier concludes, from now on; as verify watch");
  verdicts->add_option("ADDRESS", address_, "about this neighbor only")->check(kAddress);
  verdicts->callback([this] { command_ = [this] { return watch_verdicts(global_, address_, std::cout); }; });
}

void CommandLine::add_neighbor_actions() {
  CLI::App* reset = add(app_, "reset", "take a session down and up again");
  reset->add_option("ADDRESS", address_, "the neighbor")->required()->check(kAddress);
  reset->add_flag("--soft", soft_, "only exchange the routes anew (route refresh)");
  reset->add_option("--message", message_, "why, for the neighbor's operator (RFC 9003)");
  reset->callback(
      [this] { command_ = [this] { return reset_neighbor(global_, address_, soft_, message_, std::cout); }; });

  CLI::App* shutdown = add(app_, "shutdown", "take a neighbor out of service");
  shutdown->add_option("ADDRESS", address_, "the neighbor")->required()->check(kAddress);
  shutdown->add_option("--message", message_, "why, for the neighbor's operator (RFC 9003)");
  shutdown->callback(
      [this] { command_ = [this] { return set_neighbor_state(global_, address_, false, message_, std::cout); }; });

  CLI::App* enable = add(app_, "enable", "put a neighbor back into service");
  enable->add_option("ADDRESS", address_, "the neighbor")->required()->check(kAddress);
  enable->callback(
      [this] { command_ = [this] { return set_neighbor_state(global_, address_, true, "", std::cout); }; });
}

void CommandLine::add_speaker() {
  CLI::App* status = add(app_, "status", "readiness, totals and memory; exit code 4 when not ready");
  status->callback([this] { command_ = [this] { return show_status(global_, std::cout); }; });

  CLI::App* again = add(app_, "reload", "read the configuration again and apply the difference");
  again->callback([this] { command_ = [this] { return reload(global_, std::cout); }; });

  CLI::App* check = add(app_, "check", "check a configuration file; needs no daemon");
  check->add_option("FILE", file_, "the file to check")->required();
  check->add_option("--diff", running_, "the file in use: say what a reload would change");
  check->callback([this] { command_ = [this] { return check_file(global_, file_, running_, std::cout); }; });

  CLI::App* about = add(app_, "version", "which version this is");
  about->callback([this] {
    command_ = [this] {
      std::cout << (global_.json ? fmt::format("{{\"version\":\"{}\"}}\n", api::version())
                                 : fmt::format("truewire {} ({})\n", api::version(), api::compiler()));
      return kOk;
    };
  });
}

void CommandLine::add_verify() {
  CLI::App* verify = add(
      app_, "verify", "are our segments signed as they arrive: what truewired sees; or of capture FILEs, without it");
  verify->add_option("FILE", verify_files_.files, "pcap or pcapng; - for standard input");
  verify->add_option("--keys", verify_files_.keys,
                     "lines ADDRESS-or-PREFIX KEY, * for any; or truewired's configuration");
  add_verify_commands(*verify, global_, kAddress, verify_, command_);
  verify->add_flag("--all", verify_files_.all, "a line for every segment, not only for those that are not valid");
  verify->footer(
      "Exit codes with FILEs: 0 all signed segments are valid; 1 some are not, or are not signed though there is a "
      "key;\n"
      "2 a file or the keys cannot be used; 3 there was nothing to check.");
  verify->callback([this, verify] {
    const bool about_files = !verify_files_.keys.empty() || verify_files_.all;
    if (!verify->get_subcommands().empty()) {  // which has its own
      if (!verify_files_.files.empty()) throw CLI::ExtrasError(verify_files_.files);
      if (about_files) throw CLI::ValidationError("--keys, --all", "are for captures: name a FILE");
      return;
    }
    if (verify_files_.files.empty()) {
      if (about_files) throw CLI::ValidationError("FILE", "name the captures to check");
      command_ = [this] { return show_verification(global_, std::cout); };
      return;
    }
    if (verify_files_.keys.empty()) refuse_mistyped_command(*verify, verify_files_.files.front());
    if (verify_files_.keys.empty()) throw CLI::ValidationError("--keys", "name the file of keys to check with");
    command_ = [this] { return verify_files(global_, verify_files_, std::cout); };
  });
}

void CommandLine::add_probe() {
  CLI::App* probe = add(app_, "probe", "show a truewired elsewhere what arrives at an interface of this host");
  probe->add_option("--interface", probe_.interface, "where to capture, as a mirror port is connected to")->required();
  probe->add_option("--to", probe_.to, "HOST:PORT that the daemon's [probe] listens on")->required();
  probe->add_option("--certificate", probe_.files.certificate, "ours, in PEM; its first DNS name is the probe's")
      ->required();
  probe->add_option("--private-key", probe_.files.private_key, "of the certificate, in PEM")->required();
  probe->add_option("--ca", probe_.files.authority, "what the daemon's certificate is signed by, in PEM")->required();
  probe->add_option("--server-name", probe_.server_name, "that the daemon's certificate is for, if not HOST");
  probe->add_flag_callback(
      "--no-decoys", [this] { probe_.decoys = false; }, "accept no decoy streams");
  probe->footer("Needs CAP_NET_RAW. Runs in the foreground until SIGTERM, and tells on standard error what happens.");
  probe->callback([this] { command_ = [this] { return run_probe(probe_, std::cerr); }; });
}

// Asking for help is no error; everything else is one of usage, whatever number CLI11 has for it.
int CommandLine::explain(const CLI::ParseError& error) {
  const CLI::App* innermost = &app_;
  while (!innermost->get_subcommands().empty()) innermost = innermost->get_subcommands().front();
  const std::vector<std::string> rest = app_.remaining(true);
  const std::vector<const CLI::App*> commands = innermost->get_subcommands([](const CLI::App*) { return true; });
  // CLI11 would only say that a command is missing.
  if (error.get_name() == "RequiredError" && !commands.empty() && (!rest.empty() || innermost != &app_)) {
    std::vector<std::string_view> names;
    for (const CLI::App* command : commands) names.push_back(command->get_name());
    if (rest.empty()) {
      std::cerr << fmt::format("{}: which? {}\nRun with --help for more information.\n", innermost->get_name(),
                               fmt::join(names, ", "));
      return kUsage;
    }
    std::cerr << fmt::format("there is no command \"{}\"{}\nRun with --help for more information.\n", rest.front(),
                             bgp::config::did_you_mean(rest.front(), names));
    return kUsage;
  }
  return app_.exit(error) == 0 ? kOk : kUsage;
}

int CommandLine::run(int argc, char** argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(error);
  }
  try {
    const int exit_code = command_();
    std::cout.flush();
    if (!std::cout) throw Failure(kFailed, "writing the output failed");
    return exit_code;
  } catch (const Failure& failure) {
    std::cout.flush();
    std::cerr << "truewire: " << failure.what() << '\n';
    return failure.exit_code();
  }
}

}  // namespace

}  // namespace tw::cli

int main(int argc, char** argv) {
  // `truewire … | head` ends in silence, as any other program does, even where our parent ignores the signal.
  (void)std::signal(SIGPIPE, SIG_DFL);
  return tw::cli::CommandLine().run(argc, argv);
}
