// The routes that originate here: those of the configuration, and those that programs add through the API.
//
// Each kind is a source of its own in the RIB. Routing thread.
#pragma once

#include "bgpd/config/config.h"
#include "bgpd/speaker/control.h"
#include "bgpd/speaker/route_store.h"
#include "rib/rib.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tw::bgp {

class LocalRoutes {
 public:
  explicit LocalRoutes(rib::Rib& rib);

  // The configuration's routes from now on; what is the same as before is not touched.
  void originate(const std::vector<Originate>& wanted);
  // Opens the store and brings back what it holds. Nothing: done; otherwise why persistent routes are refused.
  std::optional<std::string> restore(const std::string& state_directory);

  // One answer per route, in order. Each route stands for itself, but all persistent ones are stored at once: if that
  // fails none of them is added.
  std::vector<Status> add(const std::vector<RouteSpec>& routes);
  std::vector<Status> remove(const std::vector<rib::Prefix>& prefixes);

  rib::PeerId configured() const { return configured_; }
  rib::PeerId added() const { return added_; }
  bool persistent(const rib::Prefix& prefix) const;
  // Prefixes of the configuration, for readiness.
  std::size_t originated_count() const { return originated_.size(); }

 private:
  void announce(rib::PeerId source, const RouteSpec& spec);

  rib::Rib& rib_;
  RouteStore store_;
  rib::PeerId configured_, added_;
  std::map<rib::Prefix, RouteSpec> originated_, api_;
};

}  // namespace tw::bgp
