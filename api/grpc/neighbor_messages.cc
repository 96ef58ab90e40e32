// Neighbours as messages, and the small values that all messages share.
#include "api/grpc/messages.h"

#include <google/protobuf/util/time_util.h>

namespace tw::api {

static v1::SessionState to_proto(bgp::State state) {
  switch (state) {
    case bgp::State::kIdle: return v1::SESSION_STATE_IDLE;
    case bgp::State::kConnect: return v1::SESSION_STATE_CONNECT;
    case bgp::State::kActive: return v1::SESSION_STATE_ACTIVE;
    case bgp::State::kOpenSent: return v1::SESSION_STATE_OPEN_SENT;
    case bgp::State::kOpenConfirm: return v1::SESSION_STATE_OPEN_CONFIRM;
    case bgp::State::kEstablished: return v1::SESSION_STATE_ESTABLISHED;
  }
  return v1::SESSION_STATE_UNSPECIFIED;
}

static v1::Role to_proto(bgp::Role role) {
  switch (role) {
    case bgp::Role::kProvider: return v1::ROLE_PROVIDER;
    case bgp::Role::kRouteServer: return v1::ROLE_ROUTE_SERVER;
    case bgp::Role::kRouteServerClient: return v1::ROLE_ROUTE_SERVER_CLIENT;
    case bgp::Role::kCustomer: return v1::ROLE_CUSTOMER;
    case bgp::Role::kPeer: return v1::ROLE_PEER;
  }
  return v1::ROLE_UNSPECIFIED;
}

static void fill(v1::MessageCounts& out, const bgp::MessageCounts& counts) {
  out.set_open(counts.open);
  out.set_update(counts.update);
  out.set_notification(counts.notification);
  out.set_keepalive(counts.keepalive);
  out.set_route_refresh(counts.route_refresh);
}

static void fill(v1::Negotiated& out, const bgp::Negotiated& negotiated) {
  fill(*out.mutable_hold_time(), negotiated.hold);
  fill(*out.mutable_keepalive_interval(), negotiated.keepalive);
  for (const rib::Family family : rib::kAllFamilies) {
    if (negotiated.families.has(family)) out.add_families(to_proto(family));
    const bool receive = negotiated.receive_add_path[rib::index_of(family)];
    const bool send = negotiated.send_add_path[rib::index_of(family)];
    if (!receive && !send) continue;
    v1::AddPath& add_path = *out.add_add_path();
    add_path.set_family(to_proto(family));
    add_path.set_receive(receive);
    add_path.set_send(send);
  }
  out.set_four_octet_as(negotiated.four_octet_as);
  out.set_route_refresh(negotiated.route_refresh);
  out.set_enhanced_route_refresh(negotiated.enhanced_route_refresh);
  out.set_extended_messages(negotiated.extended_message);
  if (negotiated.local_role) out.set_local_role(to_proto(*negotiated.local_role));
  const bgp::Open& open = negotiated.received;
  if (open.capabilities.role) out.set_remote_role(to_proto(*open.capabilities.role));
  fill(*out.mutable_remote_hold_time(), std::chrono::seconds(open.hold_time));
  for (const std::uint8_t code : open.capabilities.unknown_codes) out.add_unknown_capabilities(code);
}

static bool is_set(std::chrono::system_clock::time_point time) {
  return time != std::chrono::system_clock::time_point{};
}

std::string dotted_quad(std::uint32_t host_order) { return rib::to_string(rib::IpAddress::v4(host_order)); }

void fill(google::protobuf::Timestamp& out, std::chrono::system_clock::time_point time) {
  using std::chrono::milliseconds;
  out = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(
      std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count());
}

void fill(google::protobuf::Duration& out, std::chrono::milliseconds duration) {
  out = google::protobuf::util::TimeUtil::MillisecondsToDuration(duration.count());
}

v1::Family to_proto(rib::Family family) {
  switch (family) {
    case rib::Family::kIpv4Unicast: return v1::FAMILY_IPV4_UNICAST;
    case rib::Family::kIpv6Unicast: return v1::FAMILY_IPV6_UNICAST;
  }
  return v1::FAMILY_UNSPECIFIED;
}

Parsed<std::optional<rib::Family>> family_from(v1::Family family) {
  switch (family) {
    case v1::FAMILY_UNSPECIFIED: return std::optional<rib::Family>();
    case v1::FAMILY_IPV4_UNICAST: return std::optional(rib::Family::kIpv4Unicast);
    case v1::FAMILY_IPV6_UNICAST: return std::optional(rib::Family::kIpv6Unicast);
    default: return "family: " + std::to_string(family) + " is not known; 1 is IPv4 unicast, 2 is IPv6 unicast";
  }
}

Parsed<rib::IpAddress> address_from(const std::string& field, const std::string& text) {
  if (const auto address = rib::parse_address(text)) return *address;
  return field + ": \"" + text + "\" is not an IP address";
}

void fill(v1::Neighbor& out, const bgp::NeighborStatus& status) {
  out.set_address(rib::to_string(status.address));
  out.set_interface(status.interface);
  out.set_description(status.description);
  out.set_as(status.as.value);
  out.set_local_as(status.local_as.value);
  out.set_dynamic(status.dynamic);
  out.set_passive(status.passive);
  out.set_keyed(status.keyed);
  out.set_state(to_proto(status.state));
  out.set_admin_down(status.admin_down);
  if (is_set(status.since)) fill(*out.mutable_since(), status.since);
  if (status.router_id != 0) out.set_router_id(dotted_quad(status.router_id));
  if (status.negotiated) fill(*out.mutable_negotiated(), *status.negotiated);
  out.set_local_endpoint(status.local_endpoint);
  out.set_remote_endpoint(status.remote_endpoint);
  fill(*out.mutable_sent(), status.sent);
  fill(*out.mutable_received(), status.received);
  for (const bgp::FamilyCounts& counts : status.families) {
    v1::FamilyCounts& family = *out.add_families();
    family.set_family(to_proto(counts.family));
    family.set_received(counts.received);
    family.set_accepted(counts.accepted);
    family.set_advertised(counts.advertised);
  }
  out.set_established_count(status.established_count);
  out.set_flaps(status.flaps);
  for (const auto& [kind, count] : status.update_faults) {
    v1::UpdateFault& fault = *out.add_update_faults();
    fault.set_kind(kind);
    fault.set_count(count);
  }
  out.set_last_error(status.last_error);
  if (!status.last_error.empty() && is_set(status.last_error_at)) {
    fill(*out.mutable_last_error_at(), status.last_error_at);
  }
  if (status.retry_in) fill(*out.mutable_retry_in(), *status.retry_in);
  out.set_send_queue_bytes(status.send_queue_bytes);
}

void fill(v1::NeighborEvent& out, const bgp::NeighborEvent& event) {
  fill(*out.mutable_at(), event.at);
  out.set_text(event.text);
  fill(*out.mutable_neighbor(), event.status);
}

}  // namespace tw::api
