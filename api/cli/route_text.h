// Routes as text for people. Pure.
#pragma once

#include "truewire/v1/routes.pb.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace tw::cli {

// One line a route, sorted: IPv4 first, then by prefix, the best path first.
void print_route_table(std::vector<::truewire::v1::Route> routes, std::ostream& out);
// One block a path, with every attribute.
void print_route_details(const std::vector<::truewire::v1::Route>& routes, std::ostream& out);
// "+ 192.0.2.0/24 via 198.51.100.1, path 64496 i, from 198.51.100.1" or "- 192.0.2.0/24"
std::string change_text(const ::truewire::v1::RouteChange& change);

}  // namespace tw::cli
