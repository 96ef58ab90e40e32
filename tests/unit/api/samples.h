// Values that have every field set, for tests that look at all of them.
#pragma once

#include "bgpd/message/attributes.h"
#include "bgpd/speaker/control.h"

#include <chrono>

namespace tw::api::testing {

inline rib::IpAddress address(const char* text) { return rib::parse_address(text).value(); }
inline rib::Prefix prefix(const char* text) { return rib::parse_prefix(text).value(); }

inline bgp::NeighborStatus established_neighbor() {
  using namespace std::chrono_literals;
  bgp::NeighborStatus n;
  n.address = address("192.0.2.1");
  n.description = "transit A";
  n.as = {64496};
  n.local_as = {112};
  n.keyed = true;
  n.state = bgp::State::kEstablished;
  n.since = std::chrono::system_clock::now() - (76h + 30min);
  n.router_id = 0xC6336401;  // 198.51.100.1
  n.negotiated.emplace();
  n.negotiated->received.hold_time = 180;
  n.negotiated->received.capabilities.role = bgp::Role::kProvider;
  n.negotiated->received.capabilities.unknown_codes = {71, 200};
  n.negotiated->families.add(rib::Family::kIpv4Unicast);
  n.negotiated->families.add(rib::Family::kIpv6Unicast);
  n.negotiated->four_octet_as = n.negotiated->route_refresh = n.negotiated->enhanced_route_refresh = true;
  n.negotiated->extended_message = true;
  n.negotiated->receive_add_path[1] = true;
  n.negotiated->hold = 90s;
  n.negotiated->keepalive = 30s;
  n.negotiated->local_role = bgp::Role::kCustomer;
  n.local_endpoint = "192.0.2.2:179";
  n.remote_endpoint = "192.0.2.1:40001";
  n.sent = {.open = 1, .update = 2, .notification = 3, .keepalive = 4, .route_refresh = 5};
  n.received = {.open = 6, .update = 7, .notification = 8, .keepalive = 9, .route_refresh = 10};
  n.families = {{.family = rib::Family::kIpv4Unicast, .received = 100, .accepted = 90, .advertised = 2},
                {.family = rib::Family::kIpv6Unicast, .received = 50, .accepted = 40, .advertised = 1}};
  n.established_count = 3;
  n.flaps = 2;
  n.update_faults = {{"treat-as-withdraw ORIGIN", 11}, {"discard-attribute AGGREGATOR", 12}};
  n.last_error = "Hold Timer Expired";
  n.last_error_at = std::chrono::system_clock::time_point(1'700'000'000s);
  n.send_queue_bytes = 4096;
  return n;
}

inline bgp::NeighborStatus idle_neighbor() {
  bgp::NeighborStatus n;
  n.address = address("fe80::1");
  n.interface = "eth0";
  n.as = {64497};
  n.local_as = {112};
  n.passive = n.dynamic = true;
  n.state = bgp::State::kIdle;
  n.retry_in = std::chrono::milliseconds(1500);
  n.last_error = "192.0.2.9 said \x1b[2Jgo away";
  return n;
}

inline bgp::PathAttributes every_attribute() {
  bgp::PathAttributes a;
  a.origin = rib::Origin::kEgp;
  a.as_path = {{bgp::SegmentType::kSequence, {{64496}, {4'200'000'001}}}, {bgp::SegmentType::kSet, {{64498}, {64499}}}};
  a.next_hop = address("2001:db8::1");
  a.link_local_next_hop = address("fe80::1");
  a.med = 5;
  a.local_pref = 200;
  a.atomic_aggregate = true;
  a.aggregator = bgp::PathAttributes::Aggregator{{64500}, address("192.0.2.7")};
  a.communities = {0xFBF00064, bgp::kNoExport};  // 64496:100
  a.extended_communities = {{0x00, 0x02, 0xFB, 0xF0, 0x00, 0x00, 0x00, 0x64}};
  a.large_communities = {{64496, 1, 2}};
  a.originator_id = 0x0A000001;
  a.cluster_list = {0x0A000002, 0x0A000003};
  a.only_to_customer = rib::AsNumber{64501};
  a.others = {{0xE0, 99, {1, 2, 0xFF}}};
  return a;
}

inline bgp::Route route_of(const rib::Prefix& prefix, const bgp::PathAttributes& attributes) {
  bgp::Route r;
  r.prefix = prefix;
  r.source = "192.0.2.1";
  r.attributes = bgp::canonical_bytes(attributes);
  return r;
}

inline bgp::PathAttributes plain_attributes() {
  bgp::PathAttributes a;
  a.as_path = {{bgp::SegmentType::kSequence, {{64496}}}};
  a.next_hop = address("192.0.2.1");
  return a;
}

// The i-th of many: 10.0.0.0/24, 10.0.1.0/24, …
inline bgp::Route numbered_route(std::uint32_t i) {
  static const auto canonical = bgp::canonical_bytes(plain_attributes());
  bgp::Route r;
  r.prefix = rib::make_prefix(rib::IpAddress::v4(0x0A000000 + (i << 8)), 24);
  r.source = "192.0.2.1";
  r.attributes = canonical;
  r.best = true;
  return r;
}

}  // namespace tw::api::testing
