// Routes as messages, and requests about routes as values.
#include "api/grpc/messages.h"

#include "bgpd/message/attributes.h"

namespace tw::api {

static v1::Origin to_proto(rib::Origin origin) {
  switch (origin) {
    case rib::Origin::kIgp: return v1::ORIGIN_IGP;
    case rib::Origin::kEgp: return v1::ORIGIN_EGP;
    case rib::Origin::kIncomplete: return v1::ORIGIN_INCOMPLETE;
  }
  return v1::ORIGIN_UNSPECIFIED;
}

static v1::AsPathSegment::Type to_proto(bgp::SegmentType type) {
  switch (type) {
    case bgp::SegmentType::kSet: return v1::AsPathSegment::TYPE_SET;
    case bgp::SegmentType::kSequence: return v1::AsPathSegment::TYPE_SEQUENCE;
    case bgp::SegmentType::kConfedSequence: return v1::AsPathSegment::TYPE_CONFED_SEQUENCE;
    case bgp::SegmentType::kConfedSet: return v1::AsPathSegment::TYPE_CONFED_SET;
  }
  return v1::AsPathSegment::TYPE_UNSPECIFIED;
}

static v1::SourceKind to_proto(rib::SourceKind kind) {
  switch (kind) {
    case rib::SourceKind::kLocal: return v1::SOURCE_KIND_LOCAL;
    case rib::SourceKind::kEbgp: return v1::SOURCE_KIND_EBGP;
    case rib::SourceKind::kIbgp: return v1::SOURCE_KIND_IBGP;
    case rib::SourceKind::kIbgpClient: return v1::SOURCE_KIND_IBGP_CLIENT;
  }
  return v1::SOURCE_KIND_UNSPECIFIED;
}

static v1::RouteStatusCode to_proto(bgp::StatusCode code) {
  switch (code) {
    case bgp::StatusCode::kOk: return v1::ROUTE_STATUS_CODE_OK;
    case bgp::StatusCode::kInvalid: return v1::ROUTE_STATUS_CODE_INVALID;
    case bgp::StatusCode::kNotFound: return v1::ROUTE_STATUS_CODE_NOT_FOUND;
    case bgp::StatusCode::kConflict: return v1::ROUTE_STATUS_CODE_CONFLICT;
    case bgp::StatusCode::kStorage: return v1::ROUTE_STATUS_CODE_STORAGE;
    case bgp::StatusCode::kBusy: return v1::ROUTE_STATUS_CODE_BUSY;
  }
  return v1::ROUTE_STATUS_CODE_UNSPECIFIED;
}

Parsed<rib::Prefix> prefix_from(const std::string& text) {
  if (const auto prefix = rib::parse_prefix(text)) return *prefix;
  if (const auto loose = rib::parse_prefix(text, false)) {
    return "prefix: \"" + text + "\" has host bits set; did you mean \"" + rib::to_string(*loose) + "\"?";
  }
  return "prefix: \"" + text + "\" is not a prefix such as \"192.0.2.0/24\" or \"2001:db8::/32\"";
}

void fill(v1::PathAttributes& out, bgp::ByteView canonical) {
  const bgp::PathAttributes attributes = bgp::parse_attributes(canonical);
  out.set_origin(to_proto(attributes.origin));
  for (const bgp::AsPathSegment& segment : attributes.as_path) {
    v1::AsPathSegment& added = *out.add_as_path();
    added.set_type(to_proto(segment.type));
    for (const rib::AsNumber as : segment.numbers) added.add_numbers(as.value);
  }
  if (attributes.next_hop) out.set_next_hop(rib::to_string(*attributes.next_hop));
  if (attributes.link_local_next_hop) out.set_link_local_next_hop(rib::to_string(*attributes.link_local_next_hop));
  if (attributes.med) out.set_med(*attributes.med);
  if (attributes.local_pref) out.set_local_pref(*attributes.local_pref);
  out.set_atomic_aggregate(attributes.atomic_aggregate);
  if (attributes.aggregator) {
    out.mutable_aggregator()->set_as(attributes.aggregator->as.value);
    out.mutable_aggregator()->set_address(rib::to_string(attributes.aggregator->address));
  }
  for (const std::uint32_t community : attributes.communities) out.add_communities(bgp::community_text(community));
  for (const auto& large : attributes.large_communities) out.add_large_communities(bgp::large_community_text(large));
  for (const auto& extended : attributes.extended_communities) {
    out.add_extended_communities(bgp::extended_community_text(extended));
  }
  if (attributes.originator_id) out.set_originator_id(dotted_quad(*attributes.originator_id));
  for (const std::uint32_t cluster : attributes.cluster_list) out.add_cluster_list(dotted_quad(cluster));
  if (attributes.only_to_customer) out.set_only_to_customer(attributes.only_to_customer->value);
  for (const auto& other : attributes.others) {
    v1::UnknownAttribute& unknown = *out.add_unknown();
    unknown.set_type(other.type);
    unknown.set_flags(other.flags);
    unknown.set_value(other.value.data(), other.value.size());
  }
}

void fill(v1::Route& out, const bgp::Route& route) {
  out.set_prefix(rib::to_string(route.prefix));
  out.set_path_id(route.path_id);
  out.set_family(to_proto(route.prefix.family));
  out.set_source(route.source);
  out.set_source_kind(to_proto(route.source_kind));
  fill(*out.mutable_attributes(), route.attributes);
  out.set_best(route.best);
  out.set_accepted(route.accepted);
  out.set_stale(route.stale);
  out.set_decided_by(route.decided_by);
  out.set_persistent(route.persistent);
}

void fill(v1::RouteChange& out, const bgp::RouteChange& change) {
  out.set_prefix(rib::to_string(change.prefix));
  out.set_family(to_proto(change.prefix.family));
  out.set_withdrawn(change.withdrawn);
  if (change.route) fill(*out.mutable_route(), *change.route);
}

void fill(v1::RouteStatus& out, const bgp::Status& status) {
  out.set_code(to_proto(status.code));
  out.set_message(status.message);
}

Parsed<bgp::RouteQuery> query_from(const v1::ListRoutesRequest& request) {
  bgp::RouteQuery query;
  switch (request.table()) {
    case v1::TABLE_UNSPECIFIED:
    case v1::TABLE_LOC_RIB: query.table = bgp::Table::kLocRib; break;
    case v1::TABLE_ADJ_RIB_IN: query.table = bgp::Table::kAdjRibIn; break;
    case v1::TABLE_ADJ_RIB_OUT: query.table = bgp::Table::kAdjRibOut; break;
    default: return "table: " + std::to_string(request.table()) + " is not known";
  }
  if (!request.neighbor().empty()) {
    const auto address = address_from("neighbor", request.neighbor());
    if (const auto* wrong = std::get_if<std::string>(&address)) return *wrong;
    query.neighbor = std::get<rib::IpAddress>(address);
  } else if (query.table != bgp::Table::kLocRib) {
    return "neighbor: an Adj-RIB is one neighbor's; name it";
  }
  const auto family = family_from(request.family());
  if (const auto* wrong = std::get_if<std::string>(&family)) return *wrong;
  query.family = std::get<std::optional<rib::Family>>(family);
  if (!request.prefix().empty()) {
    const auto prefix = prefix_from(request.prefix());
    if (const auto* wrong = std::get_if<std::string>(&prefix)) return *wrong;
    query.prefix = std::get<rib::Prefix>(prefix);
    query.longer = request.longer();
  } else if (request.longer()) {
    return "longer: than which prefix? name it";
  }
  return query;
}

Parsed<bgp::RouteSpec> spec_from(const v1::RouteSpec& spec) {
  bgp::RouteSpec out;
  const auto prefix = prefix_from(spec.prefix());
  if (const auto* wrong = std::get_if<std::string>(&prefix)) return *wrong;
  out.prefix = std::get<rib::Prefix>(prefix);
  if (!spec.next_hop().empty()) {
    const auto address = address_from("next_hop", spec.next_hop());
    if (const auto* wrong = std::get_if<std::string>(&address)) return *wrong;
    out.next_hop = std::get<rib::IpAddress>(address);
  }
  for (const std::string& text : spec.communities()) {
    const auto community = bgp::parse_community(text);
    if (!community) return "communities: \"" + text + "\" is not a community such as \"64496:100\" or \"no-export\"";
    out.communities.push_back(*community);
  }
  for (const std::string& text : spec.large_communities()) {
    const auto large = bgp::parse_large_community(text);
    if (!large) return "large_communities: \"" + text + "\" is not a large community such as \"64496:1:2\"";
    out.large_communities.push_back({large->global, large->local1, large->local2});
  }
  if (spec.has_med()) out.med = spec.med();
  if (spec.has_local_pref()) out.local_pref = spec.local_pref();
  for (const std::uint32_t as : spec.as_path()) {
    if (as == 0) return std::string("as_path: AS 0 may not appear in a path (RFC 7607)");
    out.as_path.push_back(rib::AsNumber{as});
  }
  out.persistent = spec.persistent();
  return out;
}

}  // namespace tw::api
