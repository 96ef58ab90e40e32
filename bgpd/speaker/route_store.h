// The routes that must survive a restart: those that the API acknowledged as persistent.
//
// An SQLite database in the state directory, written through to the disk before a call returns, each call all or
// nothing. Routing thread; a call may wait for the disk.
#pragma once

#include "bgpd/speaker/control.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::bgp {

class RouteStore {
 public:
  RouteStore();
  ~RouteStore();

  // Makes the directory and the database where they are missing. Nothing: done; otherwise one line for people, and
  // every later call fails with it.
  std::optional<std::string> open(const std::string& state_directory);

  struct Loaded {
    std::vector<RouteSpec> routes;
    std::vector<std::string> unreadable;  // one line per row that could not be understood; it is left where it is
  };
  Loaded load();
  std::optional<std::string> save(const std::vector<RouteSpec>& routes);
  std::optional<std::string> erase(const std::vector<rib::Prefix>& prefixes);

 private:
  struct Database;
  std::unique_ptr<Database> database_;
  std::string closed_because_ = "no state directory is in use";
};

}  // namespace tw::bgp
