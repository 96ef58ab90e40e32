#include "bgpd/speaker/route_queries.h"

#include <fmt/format.h>

namespace tw::bgp {
namespace {

// How many prefixes one page may look at: a search that finds little must not hold the routing thread up.
constexpr std::uint32_t kMaxScan = 20'000;

bool wanted(const RouteQuery& query, const rib::Prefix& prefix) {
  if (query.family && prefix.family != *query.family) return false;
  if (!query.prefix) return true;
  return query.longer ? query.prefix->contains(prefix) : *query.prefix == prefix;
}

}  // namespace

Route RouteQueries::describe(rib::PrefixId id, const rib::PathView& path, rib::AttributeId attributes) const {
  Route out;
  out.prefix = rib_.prefix(id);
  out.path_id = path.path_id;
  out.source = source_name_(path.source);
  out.source_kind = rib_.source(path.source).kind;
  const auto bytes = rib_.attributes().bytes(attributes);
  out.attributes.assign(bytes.begin(), bytes.end());
  out.best = path.best;
  out.accepted = path.accepted != rib::kNoAttributes;
  out.stale = path.stale;
  if (path.best) out.decided_by = rib::name(rib_.decided_by(id));
  out.persistent = path.source == local_.added() && local_.persistent(out.prefix);
  return out;
}

std::optional<Route> RouteQueries::best(rib::PrefixId id) const {
  const auto path = rib_.best(id);
  if (!path) return std::nullopt;
  return describe(id, *path, path->accepted);
}

void RouteQueries::append(const RouteQuery& query, const Neighbor* neighbor, rib::PrefixId id,
                          std::vector<Route>& out) const {
  if (query.table == Table::kAdjRibOut) {
    const auto sent = rib_.advertised(*neighbor->member(), id);
    if (!sent || !wanted(query, rib_.prefix(id))) return;
    rib::PathView path;
    path.source = sent->second;
    path.accepted = path.received = sent->first;
    out.push_back(describe(id, path, sent->first));
    return;
  }
  std::vector<rib::PathView> paths;
  rib_.paths(id, paths);
  if (paths.empty() || !wanted(query, rib_.prefix(id))) return;  // a gap has no paths, and no prefix either
  for (const rib::PathView& path : paths) {
    if (query.neighbor && path.source != neighbor->source()) continue;
    if (query.table == Table::kAdjRibIn)
      out.push_back(describe(id, path, path.received));
    else if (path.accepted != rib::kNoAttributes)
      out.push_back(describe(id, path, path.accepted));
  }
}

RoutePage RouteQueries::list(const RouteQuery& query, const Neighbor* neighbor, std::uint32_t cursor,
                             std::size_t limit) const {
  RoutePage page;
  if (query.table != Table::kLocRib && !query.neighbor) {
    page.status = {StatusCode::kInvalid, "an Adj-RIB belongs to a neighbour: name one"};
    return page;
  }
  if (query.neighbor && !neighbor) {
    page.status = {StatusCode::kNotFound, fmt::format("there is no neighbour {}", rib::to_string(*query.neighbor))};
    return page;
  }
  if (neighbor && !neighbor->established()) return page;
  if (query.prefix && !query.longer) {
    if (const auto id = rib_.find(*query.prefix)) append(query, neighbor, *id, page.routes);
    return page;
  }
  const std::uint32_t end = rib_.prefix_end().value;
  std::uint32_t scanned = 0;
  std::uint32_t at = cursor;
  for (; at < end && page.routes.size() < limit && scanned < kMaxScan; ++at, ++scanned)
    append(query, neighbor, rib::PrefixId{at}, page.routes);
  if (at < end) page.next = at;
  return page;
}

}  // namespace tw::bgp
