// truewire routes, route add, route delete, watch routes.
#include "api/cli/commands.h"
#include "api/cli/json.h"
#include "api/cli/route_text.h"
#include "api/cli/text.h"
#include "truewire/v1/routes.grpc.pb.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

namespace tw::cli {

namespace v1 = ::truewire::v1;

namespace {

v1::Family family_named(const std::string& name) {
  if (name == "ipv4-unicast") return v1::FAMILY_IPV4_UNICAST;
  if (name == "ipv6-unicast") return v1::FAMILY_IPV6_UNICAST;
  return v1::FAMILY_UNSPECIFIED;
}

v1::Table table_named(const std::string& name) {
  if (name == "adj-in") return v1::TABLE_ADJ_RIB_IN;
  if (name == "adj-out") return v1::TABLE_ADJ_RIB_OUT;
  return v1::TABLE_LOC_RIB;
}

// What was done to each prefix. The exit code is a failure's if one failed.
template <class Response>
int print_statuses(const GlobalOptions& global, const Response& response, const char* done, std::ostream& out) {
  bool all_ok = true;
  for (const v1::RouteStatus& status : response.statuses()) {
    const bool ok = status.code() == v1::ROUTE_STATUS_CODE_OK;
    all_ok = all_ok && ok;
    if (global.json) continue;
    if (ok) {
      out << fmt::format("{}: {}\n", status.prefix(), done);
    } else {
      const bool named = status.message().starts_with(status.prefix());
      std::cerr << fmt::format("truewire: {}{}\n", named ? "" : status.prefix() + ": ", printable(status.message()));
    }
  }
  if (global.json) print_json(out, response);
  return all_ok ? kOk : kFailed;
}

}  // namespace

int show_routes(const GlobalOptions& global, const RoutesOptions& options, std::ostream& out) {
  const auto stub = v1::RouteService::NewStub(connect(global));
  grpc::ClientContext context;
  v1::ListRoutesRequest request;
  request.set_table(table_named(options.table));
  request.set_neighbor(options.neighbor);
  request.set_family(family_named(options.family));
  request.set_prefix(options.prefix);
  request.set_longer(options.longer);
  const auto reader = stub->ListRoutes(&context, request);

  std::vector<v1::Route> routes;  // for people, who want them sorted; programs get them as they come
  Patience patience(context, global);
  for (v1::ListRoutesResponse piece; reader->Read(&piece);) {
    patience.heard();
    for (v1::Route& route : *piece.mutable_routes()) {
      if (global.json) {
        print_json(out, route);
      } else {
        routes.push_back(std::move(route));
      }
    }
  }
  const grpc::Status status = reader->Finish();
  require_ok(patience.exhausted() ? grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "") : status, global);
  if (global.json) return kOk;
  if (!options.prefix.empty() && !options.longer) {
    if (routes.empty()) throw Failure(kFailed, fmt::format("there is no route to {} in this table", options.prefix));
    print_route_details(routes, out);
  } else {
    print_route_table(std::move(routes), out);
  }
  return kOk;
}

int watch_routes(const GlobalOptions& global, const std::string& family, std::ostream& out) {
  const auto stub = v1::RouteService::NewStub(connect(global));
  grpc::ClientContext context;
  v1::WatchRoutesRequest request;
  request.set_family(family_named(family));
  const auto reader = stub->WatchRoutes(&context, request);
  for (v1::WatchRoutesResponse piece; reader->Read(&piece);) {
    for (const v1::RouteChange& change : piece.changes()) {
      if (global.json) {
        print_json(out, change);
      } else {
        out << change_text(change) << '\n';
      }
    }
    if (piece.initial_done())
      out << (global.json ? "{\"initial_done\":true}\n" : "-- that was all; changes follow --\n");
    out.flush();
  }
  require_ok(reader->Finish(), global);
  return kOk;
}

int add_routes(const GlobalOptions& global, const RouteAddOptions& options, std::ostream& out) {
  const auto stub = v1::RouteService::NewStub(connect(global));
  Deadline context(global);
  v1::AddRoutesRequest request;
  for (const std::string& prefix : options.prefixes) {
    v1::RouteSpec& spec = *request.add_routes();
    spec.set_prefix(prefix);
    spec.set_next_hop(options.next_hop);
    for (const std::string& community : options.communities) spec.add_communities(community);
    for (const std::string& community : options.large_communities) spec.add_large_communities(community);
    if (options.med) spec.set_med(*options.med);
    if (options.local_pref) spec.set_local_pref(*options.local_pref);
    for (const std::uint32_t as : options.as_path) spec.add_as_path(as);
    spec.set_persistent(options.persistent);
  }
  v1::AddRoutesResponse response;
  require_ok(stub->AddRoutes(&context, request, &response), global);
  return print_statuses(global, response, options.persistent ? "added, on disk" : "added", out);
}

int delete_routes(const GlobalOptions& global, const std::vector<std::string>& prefixes, std::ostream& out) {
  const auto stub = v1::RouteService::NewStub(connect(global));
  Deadline context(global);
  v1::DeleteRoutesRequest request;
  for (const std::string& prefix : prefixes) request.add_prefixes(prefix);
  v1::DeleteRoutesResponse response;
  require_ok(stub->DeleteRoutes(&context, request, &response), global);
  return print_statuses(global, response, "deleted", out);
}

}  // namespace tw::cli
