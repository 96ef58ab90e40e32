// truewire neighbors, watch neighbors, reset, shutdown, enable.
#include "api/cli/commands.h"
#include "api/cli/json.h"
#include "api/cli/text.h"
#include "truewire/v1/neighbors.grpc.pb.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <iostream>

namespace tw::cli {

namespace v1 = ::truewire::v1;
using google::protobuf::util::TimeUtil;
using std::chrono::system_clock;

namespace {

std::string state_text(const v1::Neighbor& n) {
  if (n.admin_down()) return "Shutdown";
  switch (n.state()) {
    case v1::SESSION_STATE_IDLE: return "Idle";
    case v1::SESSION_STATE_CONNECT: return "Connect";
    case v1::SESSION_STATE_ACTIVE: return "Active";
    case v1::SESSION_STATE_OPEN_SENT: return "OpenSent";
    case v1::SESSION_STATE_OPEN_CONFIRM: return "OpenConfirm";
    case v1::SESSION_STATE_ESTABLISHED: return "Established";
    default: return "?";
  }
}

std::string family_text(v1::Family family) {
  switch (family) {
    case v1::FAMILY_IPV4_UNICAST: return "ipv4-unicast";
    case v1::FAMILY_IPV6_UNICAST: return "ipv6-unicast";
    default: return "?";
  }
}

std::string role_text(v1::Role role) {
  switch (role) {
    case v1::ROLE_PROVIDER: return "provider";
    case v1::ROLE_ROUTE_SERVER: return "rs";
    case v1::ROLE_ROUTE_SERVER_CLIENT: return "rs-client";
    case v1::ROLE_CUSTOMER: return "customer";
    case v1::ROLE_PEER: return "peer";
    default: return "";
  }
}

system_clock::time_point to_time(const google::protobuf::Timestamp& time) {
  return system_clock::time_point(std::chrono::milliseconds(TimeUtil::TimestampToMilliseconds(time)));
}

std::string age(const google::protobuf::Timestamp& time) {
  return short_duration(std::chrono::duration_cast<std::chrono::seconds>(system_clock::now() - to_time(time)));
}

std::string seconds_text(const google::protobuf::Duration& duration) {
  return fmt::format("{} s", static_cast<double>(TimeUtil::DurationToMilliseconds(duration)) / 1000);
}

std::string name_of(const v1::Neighbor& n) {
  return n.interface().empty() ? n.address() : n.address() + "%" + n.interface();
}

void print_table(const v1::ListNeighborsResponse& list, std::ostream& out) {
  using Align = TextTable::Align;
  TextTable table({{"Neighbor"},
                   {"AS", Align::kRight},
                   {"State"},
                   {"Since", Align::kRight},
                   {"Received", Align::kRight},
                   {"Accepted", Align::kRight},
                   {"Advertised", Align::kRight},
                   {"MD5"},
                   {"Last error"}});
  for (const v1::Neighbor& n : list.neighbors()) {
    std::uint64_t received = 0, accepted = 0, advertised = 0;
    for (const v1::FamilyCounts& counts : n.families()) {
      received += counts.received();
      accepted += counts.accepted();
      advertised += counts.advertised();
    }
    const bool up = n.state() == v1::SESSION_STATE_ESTABLISHED;
    const auto count = [up](std::uint64_t value) { return up ? std::to_string(value) : std::string("-"); };
    table.add({name_of(n), n.as() == 0 ? "?" : std::to_string(n.as()), state_text(n),
               n.has_since() ? age(n.since()) : "-", count(received), count(accepted), count(advertised),
               n.keyed() ? "yes" : "no", n.last_error()});
  }
  table.print(out);
}

std::string messages_text(const v1::MessageCounts& counts) {
  return fmt::format("{} OPEN, {} UPDATE, {} KEEPALIVE, {} NOTIFICATION, {} ROUTE-REFRESH", counts.open(),
                     counts.update(), counts.keepalive(), counts.notification(), counts.route_refresh());
}

void add_negotiated(Details& details, const v1::Negotiated& negotiated) {
  details.add("Hold time",
              fmt::format("{} (neighbor proposed {}), keepalive every {}", seconds_text(negotiated.hold_time()),
                          seconds_text(negotiated.remote_hold_time()), seconds_text(negotiated.keepalive_interval())));
  std::vector<std::string> families, capabilities;
  for (const int family : negotiated.families()) families.push_back(family_text(static_cast<v1::Family>(family)));
  details.add("Families", fmt::format("{}", fmt::join(families, ", ")));
  if (negotiated.four_octet_as()) capabilities.emplace_back("four-octet AS");
  if (negotiated.route_refresh()) capabilities.emplace_back("route refresh");
  if (negotiated.enhanced_route_refresh()) capabilities.emplace_back("enhanced route refresh");
  if (negotiated.extended_messages()) capabilities.emplace_back("extended messages");
  for (const v1::AddPath& add_path : negotiated.add_path()) {
    const char* direction = add_path.receive() && add_path.send() ? "both ways"
                            : add_path.receive()                  ? "receive"
                                                                  : "send";
    capabilities.push_back(fmt::format("add-path {} ({})", family_text(add_path.family()), direction));
  }
  details.add("Capabilities", fmt::format("{}", fmt::join(capabilities, ", ")));
  if (negotiated.local_role() != v1::ROLE_UNSPECIFIED || negotiated.remote_role() != v1::ROLE_UNSPECIFIED) {
    const auto role = [](v1::Role r) { return r == v1::ROLE_UNSPECIFIED ? std::string("none") : role_text(r); };
    details.add("Roles", fmt::format("{} (ours), {} (neighbor's)", role(negotiated.local_role()),
                                     role(negotiated.remote_role())));
  }
  if (negotiated.unknown_capabilities_size() > 0) {
    details.add("Unknown capabilities", fmt::format("{}", fmt::join(negotiated.unknown_capabilities(), ", ")));
  }
}

void print_details(const v1::Neighbor& n, std::ostream& out) {
  out << "Neighbor " << printable(name_of(n)) << '\n';
  Details details;
  details.add("Description", n.description());
  details.add("AS",
              fmt::format("{} (we are AS {})", n.as() == 0 ? "not known yet" : std::to_string(n.as()), n.local_as()));
  details.add("Router ID", n.router_id());
  std::vector<std::string> kind;
  kind.emplace_back(n.dynamic() ? "dynamic, from a range" : "configured");
  if (n.passive()) kind.emplace_back("passive");
  kind.emplace_back(n.keyed() ? "TCP-MD5" : "no TCP-MD5");
  details.add("Kind", fmt::format("{}", fmt::join(kind, ", ")));
  std::string state = state_text(n);
  if (n.has_since()) state += fmt::format(", since {} ({})", local_time(to_time(n.since())), age(n.since()));
  details.add("State", state);
  if (n.has_retry_in()) details.add("Next attempt", "in " + seconds_text(n.retry_in()));
  if (!n.last_error().empty()) {
    details.add("Last error", n.has_last_error_at()
                                  ? fmt::format("{} ({})", n.last_error(), local_time(to_time(n.last_error_at())))
                                  : n.last_error());
  }
  if (!n.local_endpoint().empty()) {
    details.add("Connection", fmt::format("{} to {}", n.local_endpoint(), n.remote_endpoint()));
  }
  if (n.has_negotiated()) add_negotiated(details, n.negotiated());
  for (const v1::FamilyCounts& counts : n.families()) {
    details.add("Prefixes " + family_text(counts.family()),
                fmt::format("{} received, {} accepted, {} advertised", counts.received(), counts.accepted(),
                            counts.advertised()));
  }
  details.add("Sent", messages_text(n.sent()));
  details.add("Received", messages_text(n.received()));
  details.add("Send queue", bytes_text(n.send_queue_bytes()));
  details.add("Sessions", fmt::format("{} established, {} lost", n.established_count(), n.flaps()));
  for (const v1::UpdateFault& fault : n.update_faults()) {
    details.add("Update fault", fmt::format("{}: {} times", fault.kind(), fault.count()));
  }
  details.print(out);
}

}  // namespace

int show_neighbors(const GlobalOptions& global, const std::string& address, std::ostream& out) {
  const auto stub = v1::NeighborService::NewStub(connect(global));
  Deadline context(global);
  v1::ListNeighborsRequest request;
  request.set_address(address);
  v1::ListNeighborsResponse response;
  require_ok(stub->ListNeighbors(&context, request, &response), global);
  if (address.empty()) {
    global.json ? print_json(out, response) : print_table(response, out);
    return kOk;
  }
  for (const v1::Neighbor& neighbor : response.neighbors()) {
    global.json ? print_json(out, neighbor) : print_details(neighbor, out);
  }
  return kOk;
}

int watch_neighbors(const GlobalOptions& global, const std::string& address, std::ostream& out) {
  const auto stub = v1::NeighborService::NewStub(connect(global));
  grpc::ClientContext context;
  v1::WatchNeighborsRequest request;
  request.set_address(address);
  const auto reader = stub->WatchNeighbors(&context, request);
  for (v1::WatchNeighborsResponse piece; reader->Read(&piece);) {
    if (piece.missed() > 0) {
      if (global.json) {
        out << fmt::format("{{\"missed\":\"{}\"}}\n", piece.missed());
      } else {
        out << fmt::format("({} events were missed: this reader is too slow)\n", piece.missed());
      }
    }
    for (const v1::NeighborEvent& event : piece.events()) {
      if (global.json) {
        print_json(out, event);
      } else {
        out << fmt::format("{}  {}  {}\n", local_time(to_time(event.at())), printable(name_of(event.neighbor())),
                           printable(event.text()));
      }
    }
    out.flush();
  }
  require_ok(reader->Finish(), global);
  return kOk;
}

int reset_neighbor(const GlobalOptions& global, const std::string& address, bool soft, const std::string& message,
                   std::ostream& out) {
  const auto stub = v1::NeighborService::NewStub(connect(global));
  Deadline context(global);
  v1::ResetNeighborRequest request;
  request.set_address(address);
  request.set_soft(soft);
  request.set_message(message);
  v1::ResetNeighborResponse response;
  require_ok(stub->ResetNeighbor(&context, request, &response), global);
  if (global.json) {
    print_json(out, response);
  } else {
    out << fmt::format("neighbor {}: {}\n", address, soft ? "routes are exchanged anew" : "session is reset");
  }
  return kOk;
}

int set_neighbor_state(const GlobalOptions& global, const std::string& address, bool enabled,
                       const std::string& message, std::ostream& out) {
  const auto stub = v1::NeighborService::NewStub(connect(global));
  Deadline context(global);
  v1::SetNeighborStateRequest request;
  request.set_address(address);
  request.set_enabled(enabled);
  request.set_message(message);
  v1::SetNeighborStateResponse response;
  require_ok(stub->SetNeighborState(&context, request, &response), global);
  if (global.json) {
    print_json(out, response);
  } else {
    out << fmt::format("neighbor {}: {}\n", address, enabled ? "in service" : "shut down");
  }
  return kOk;
}

}  // namespace tw::cli
