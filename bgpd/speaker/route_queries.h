// Answers to questions about routes, page by page, so that no answer is larger than its page.
//
// Reads the RIB; routing thread. A cursor is a prefix id: a route that exists throughout is listed exactly once.
#pragma once

#include "bgpd/speaker/control.h"
#include "bgpd/speaker/local_routes.h"
#include "bgpd/speaker/neighbor.h"
#include "rib/rib.h"

#include <functional>
#include <string>

namespace tw::bgp {

class RouteQueries {
 public:
  // `source_name`: a neighbour's address, "configuration" or "api".
  RouteQueries(const rib::Rib& rib, const LocalRoutes& local, std::function<std::string(rib::PeerId)> source_name)
      : rib_(rib), local_(local), source_name_(std::move(source_name)) {}

  // `neighbor`: who query.neighbor names, when it names one that exists.
  RoutePage list(const RouteQuery& query, const Neighbor* neighbor, std::uint32_t cursor, std::size_t limit) const;
  // The best route as it is now, or nothing.
  std::optional<Route> best(rib::PrefixId id) const;

 private:
  void append(const RouteQuery& query, const Neighbor* neighbor, rib::PrefixId id, std::vector<Route>& out) const;
  Route describe(rib::PrefixId id, const rib::PathView& path, rib::AttributeId attributes) const;

  const rib::Rib& rib_;
  const LocalRoutes& local_;
  std::function<std::string(rib::PeerId)> source_name_;
};

}  // namespace tw::bgp
