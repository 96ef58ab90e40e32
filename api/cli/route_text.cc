// The table's legend is printed with it: a mark that has to be looked up is not read.
#include "api/cli/route_text.h"

#include "api/cli/text.h"
#include "bgpd/message/attributes.h"
#include "rib/prefix.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <tuple>

namespace tw::cli {

namespace v1 = ::truewire::v1;

namespace {

std::string path_text(const v1::PathAttributes& attributes) {
  std::vector<bgp::AsPathSegment> path;
  for (const v1::AsPathSegment& segment : attributes.as_path()) {
    bgp::AsPathSegment& added = path.emplace_back();
    added.type = static_cast<bgp::SegmentType>(segment.type());  // the same numbers: RFC 4271's and RFC 5065's
    for (const std::uint32_t as : segment.numbers()) added.numbers.push_back(rib::AsNumber{as});
  }
  return bgp::as_path_text(path);
}

// Our own routes have none until they are announced to somebody.
std::string next_hop_text(const v1::PathAttributes& attributes) {
  return attributes.next_hop() == "0.0.0.0" || attributes.next_hop() == "::" ? "self" : attributes.next_hop();
}

char origin_mark(v1::Origin origin) {
  switch (origin) {
    case v1::ORIGIN_IGP: return 'i';
    case v1::ORIGIN_EGP: return 'e';
    default: return '?';
  }
}

std::string path_and_origin(const v1::PathAttributes& attributes) {
  const std::string path = path_text(attributes);
  return path.empty() ? std::string(1, origin_mark(attributes.origin()))
                      : fmt::format("{} {}", path, origin_mark(attributes.origin()));
}

std::string marks(const v1::Route& route) {
  std::string out;
  if (route.best()) out += '>';
  if (!route.accepted()) out += 'r';
  if (route.stale()) out += 's';
  if (route.persistent()) out += 'p';
  return out;
}

const char* origin_name(v1::Origin origin) {
  switch (origin) {
    case v1::ORIGIN_IGP: return "IGP";
    case v1::ORIGIN_EGP: return "EGP";
    case v1::ORIGIN_INCOMPLETE: return "incomplete";
    default: return "?";
  }
}

std::string hex(const std::string& octets) {
  std::string out;
  for (const char c : octets) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

void add_attributes(Details& details, const v1::PathAttributes& attributes) {
  details.add("AS path", path_text(attributes));
  details.add("Origin", origin_name(attributes.origin()));
  details.add("Next hop", attributes.link_local_next_hop().empty()
                              ? next_hop_text(attributes)
                              : fmt::format("{} and {}", attributes.next_hop(), attributes.link_local_next_hop()));
  if (attributes.has_med()) details.add("MED", std::to_string(attributes.med()));
  if (attributes.has_local_pref()) details.add("Local preference", std::to_string(attributes.local_pref()));
  if (attributes.atomic_aggregate()) details.add("Atomic aggregate", "yes");
  if (attributes.has_aggregator()) {
    details.add("Aggregator",
                fmt::format("AS {}, {}", attributes.aggregator().as(), attributes.aggregator().address()));
  }
  details.add("Communities", fmt::format("{}", fmt::join(attributes.communities(), " ")));
  details.add("Large communities", fmt::format("{}", fmt::join(attributes.large_communities(), " ")));
  details.add("Extended communities", fmt::format("{}", fmt::join(attributes.extended_communities(), " ")));
  details.add("Originator ID", attributes.originator_id());
  details.add("Cluster list", fmt::format("{}", fmt::join(attributes.cluster_list(), " ")));
  if (attributes.has_only_to_customer()) {
    details.add("Only to customer", fmt::format("AS {}", attributes.only_to_customer()));
  }
  for (const v1::UnknownAttribute& unknown : attributes.unknown()) {
    details.add(fmt::format("Attribute {}", unknown.type()),
                fmt::format("flags 0x{:02x}, 0x{}", unknown.flags(), hex(unknown.value())));
  }
}

}  // namespace

void print_route_table(std::vector<v1::Route> routes, std::ostream& out) {
  std::vector<std::pair<rib::Prefix, const v1::Route*>> sorted;
  for (const v1::Route& route : routes) {
    sorted.emplace_back(rib::parse_prefix(route.prefix(), false).value_or(rib::Prefix{}), &route);
  }
  const auto key = [](const auto& entry) {
    const auto& [prefix, route] = entry;
    return std::make_tuple(prefix.family, prefix.octets, prefix.length, !route->best());
  };
  std::stable_sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });

  using Align = TextTable::Align;
  TextTable table(
      {{""}, {"Prefix"}, {"Next hop"}, {"Pref", Align::kRight}, {"MED", Align::kRight}, {"AS path"}, {"From"}});
  for (const auto& [prefix, route] : sorted) {
    const v1::PathAttributes& a = route->attributes();
    table.add({marks(*route), route->prefix(), next_hop_text(a),
               a.has_local_pref() ? std::to_string(a.local_pref()) : "", a.has_med() ? std::to_string(a.med()) : "",
               path_and_origin(a), route->source()});
  }
  out << "> best  r refused by policy  s stale  p persistent; origin: i IGP  e EGP  ? incomplete\n";
  table.print(out);
}

void print_route_details(const std::vector<v1::Route>& routes, std::ostream& out) {
  for (const v1::Route& route : routes) {
    out << fmt::format("{} from {}\n", route.prefix(), printable(route.source()));
    Details details;
    std::vector<std::string> state;
    if (route.best()) state.emplace_back("best");
    state.emplace_back(route.accepted() ? "accepted" : "refused by policy");
    if (route.stale()) state.emplace_back("stale");
    if (route.persistent()) state.emplace_back("persistent");
    details.add("State", fmt::format("{}", fmt::join(state, ", ")));
    details.add("Decided by", route.decided_by());
    if (route.path_id() != 0) details.add("Path ID", std::to_string(route.path_id()));
    add_attributes(details, route.attributes());
    details.print(out);
  }
}

std::string change_text(const v1::RouteChange& change) {
  if (change.withdrawn()) return fmt::format("- {}", change.prefix());
  const v1::Route& route = change.route();
  return fmt::format("+ {} via {}, path {}, from {}", change.prefix(), next_hop_text(route.attributes()),
                     path_and_origin(route.attributes()), printable(route.source()));
}

}  // namespace tw::cli
