// The commands, each a function of its options: prints to `out`, returns the exit code, throws Failure.
#pragma once

#include "api/cli/client.h"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace tw::cli {

int show_neighbors(const GlobalOptions& global, const std::string& address, std::ostream& out);
int watch_neighbors(const GlobalOptions& global, const std::string& address, std::ostream& out);
int reset_neighbor(const GlobalOptions& global, const std::string& address, bool soft, const std::string& message,
                   std::ostream& out);
int set_neighbor_state(const GlobalOptions& global, const std::string& address, bool enabled,
                       const std::string& message, std::ostream& out);

struct RoutesOptions {
  std::string table = "loc-rib";  // or adj-in, adj-out
  std::string neighbor;
  std::string family;  // "ipv4-unicast", "ipv6-unicast"; empty: both
  std::string prefix;
  bool longer = false;
};
int show_routes(const GlobalOptions& global, const RoutesOptions& options, std::ostream& out);
int watch_routes(const GlobalOptions& global, const std::string& family, std::ostream& out);

struct RouteAddOptions {
  std::vector<std::string> prefixes;
  std::string next_hop;
  std::vector<std::string> communities, large_communities;
  std::optional<std::uint32_t> med, local_pref;
  std::vector<std::uint32_t> as_path;
  bool persistent = false;
};
int add_routes(const GlobalOptions& global, const RouteAddOptions& options, std::ostream& out);
int delete_routes(const GlobalOptions& global, const std::vector<std::string>& prefixes, std::ostream& out);

int show_status(const GlobalOptions& global, std::ostream& out);
int reload(const GlobalOptions& global, std::ostream& out);

// `running`: the file that the daemon runs with; empty: no comparison.
int check_file(const GlobalOptions& global, const std::string& file, const std::string& running, std::ostream& out);

}  // namespace tw::cli
