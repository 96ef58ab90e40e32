#include "bgpd/speaker/local_routes.h"

#include "bgpd/message/attributes.h"
#include "bgpd/speaker/log.h"

#include <fmt/format.h>

namespace tw::bgp {
namespace {

bool same(const RouteSpec& a, const RouteSpec& b) {
  return a.prefix == b.prefix && a.next_hop == b.next_hop && a.communities == b.communities &&
         a.large_communities == b.large_communities && a.med == b.med && a.local_pref == b.local_pref &&
         a.as_path == b.as_path;
}

PathAttributes attributes_of(const RouteSpec& spec) {
  PathAttributes out;
  out.origin = rib::Origin::kIgp;
  if (!spec.as_path.empty()) out.as_path.push_back({SegmentType::kSequence, spec.as_path});
  rib::IpAddress ourselves;  // unspecified: replaced by our own address towards each neighbour
  ourselves.v6 = spec.prefix.family == rib::Family::kIpv6Unicast;
  out.next_hop = spec.next_hop.value_or(ourselves);
  out.med = spec.med;
  out.local_pref = spec.local_pref;
  out.communities = spec.communities;
  for (const auto& c : spec.large_communities) out.large_communities.push_back({c[0], c[1], c[2]});
  return out;
}

std::optional<std::string> problem(const RouteSpec& spec) {
  const bool v6 = spec.prefix.family == rib::Family::kIpv6Unicast;
  if (spec.next_hop && spec.next_hop->v6 != v6)
    return fmt::format("{}: the next hop {} is not of the prefix's family", rib::to_string(spec.prefix),
                       rib::to_string(*spec.next_hop));
  if (spec.next_hop && spec.next_hop->is_unspecified())
    return fmt::format("{}: the next hop {} is nobody's address; leave it out to announce ourselves",
                       rib::to_string(spec.prefix), rib::to_string(*spec.next_hop));
  if (spec.as_path.size() > 255)
    return fmt::format("{}: an AS path of {} numbers is too long, at most 255", rib::to_string(spec.prefix),
                       spec.as_path.size());
  for (const auto as : spec.as_path)
    if (as.value == 0) return fmt::format("{}: AS 0 must not be in a path (RFC 7607)", rib::to_string(spec.prefix));
  return std::nullopt;
}

}  // namespace

LocalRoutes::LocalRoutes(rib::Rib& rib) : rib_(rib) {
  rib::SourceTraits traits;
  traits.kind = rib::SourceKind::kLocal;
  configured_ = *rib.add_source(traits);
  added_ = *rib.add_source(traits);
}

void LocalRoutes::announce(rib::PeerId source, const RouteSpec& spec) {
  const Bytes canonical = canonical_bytes(attributes_of(spec));
  const rib::AttributeId id = rib_.attributes().intern(canonical, key_of(canonical));
  rib_.attributes().retain(id);
  rib_.announce(source, spec.prefix, 0, id, id);
}

void LocalRoutes::originate(const std::vector<Originate>& wanted) {
  std::map<rib::Prefix, RouteSpec> next;
  for (const Originate& group : wanted) {
    for (const rib::Prefix& prefix : group.prefixes) {
      RouteSpec spec;
      spec.prefix = prefix;
      spec.communities = group.communities;
      spec.med = group.med;
      next.insert_or_assign(prefix, spec);
    }
  }
  for (const auto& [prefix, spec] : originated_)
    if (!next.contains(prefix)) rib_.withdraw(configured_, prefix, 0);
  for (const auto& [prefix, spec] : next) {
    const auto before = originated_.find(prefix);
    if (before == originated_.end() || !same(before->second, spec)) announce(configured_, spec);
  }
  originated_ = std::move(next);
}

std::optional<std::string> LocalRoutes::restore(const std::string& state_directory) {
  if (const auto error = store_.open(state_directory)) return error;
  const RouteStore::Loaded loaded = store_.load();
  for (const std::string& line : loaded.unreadable) log::line(log::Level::kError, "route-store", {}, "{}", line);
  for (const RouteSpec& spec : loaded.routes) {
    api_.insert_or_assign(spec.prefix, spec);
    announce(added_, spec);
  }
  if (!loaded.routes.empty())
    log::line(log::Level::kInfo, "route-store", {}, "{} persistent routes restored", loaded.routes.size());
  return std::nullopt;
}

std::vector<Status> LocalRoutes::add(const std::vector<RouteSpec>& routes) {
  std::vector<Status> answers(routes.size());
  std::vector<RouteSpec> to_store;
  std::vector<rib::Prefix> to_forget;  // were persistent and are no longer
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (const auto wrong = problem(routes[i])) {
      answers[i] = {StatusCode::kInvalid, *wrong};
      continue;
    }
    if (routes[i].persistent)
      to_store.push_back(routes[i]);
    else if (persistent(routes[i].prefix))
      to_forget.push_back(routes[i].prefix);
  }
  std::optional<std::string> failed;
  if (!to_store.empty()) failed = store_.save(to_store);
  if (!failed && !to_forget.empty()) failed = store_.erase(to_forget);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (!answers[i].ok()) continue;
    const RouteSpec& spec = routes[i];
    if (failed && (spec.persistent || persistent(spec.prefix))) {
      answers[i] = {StatusCode::kStorage,
                    fmt::format("{}: not added, it could not be stored: {}", rib::to_string(spec.prefix), *failed)};
      continue;
    }
    const auto before = api_.find(spec.prefix);
    const bool unchanged = before != api_.end() && same(before->second, spec);
    api_.insert_or_assign(spec.prefix, spec);
    if (!unchanged) announce(added_, spec);
  }
  return answers;
}

std::vector<Status> LocalRoutes::remove(const std::vector<rib::Prefix>& prefixes) {
  std::vector<Status> answers(prefixes.size());
  std::vector<rib::Prefix> stored;
  for (const rib::Prefix& prefix : prefixes)
    if (persistent(prefix)) stored.push_back(prefix);
  std::optional<std::string> failed;
  if (!stored.empty()) failed = store_.erase(stored);
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    const std::string name = rib::to_string(prefixes[i]);
    const auto found = api_.find(prefixes[i]);
    if (found == api_.end()) {
      const bool configured = originated_.contains(prefixes[i]);
      answers[i] = {StatusCode::kNotFound,
                    configured ? fmt::format("{} comes from the configuration; take it out of [[originate]]", name)
                               : fmt::format("{} was not added through the API", name)};
      continue;
    }
    if (failed && found->second.persistent) {
      answers[i] = {StatusCode::kStorage, fmt::format("{}: not deleted, the store failed: {}", name, *failed)};
      continue;
    }
    api_.erase(found);
    rib_.withdraw(added_, prefixes[i], 0);
  }
  return answers;
}

bool LocalRoutes::persistent(const rib::Prefix& prefix) const {
  const auto found = api_.find(prefix);
  return found != api_.end() && found->second.persistent;
}

}  // namespace tw::bgp
