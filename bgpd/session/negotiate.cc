// Capability negotiation.
#include "bgpd/session/negotiate.h"

#include <algorithm>
#include <chrono>

namespace tw::bgp {
namespace {

constexpr int kMinHoldSeconds = 3;  // §4.2: 1 and 2 are illegal

std::uint16_t hold_seconds(Millis hold) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(hold).count();
  if (hold <= Millis(0)) return 0;
  return static_cast<std::uint16_t>(std::clamp<decltype(seconds)>(seconds, kMinHoldSeconds, 65535));
}

bool offers(AddPathDirection offered, AddPathDirection direction) {
  return (static_cast<unsigned>(offered) & static_cast<unsigned>(direction)) != 0;
}

bool is_internal(const SessionConfig& config) {
  if (config.peer_as.value != 0) return config.peer_as == config.local_as;
  return std::all_of(config.allowed_as.begin(), config.allowed_as.end(),
                     [&](rib::AsNumber as) { return as == config.local_as; });
}

}  // namespace

Open make_open(const SessionConfig& config, bool plain) {
  Open open;
  open.as = config.local_as;
  open.as_field = static_cast<std::uint16_t>(open.as.value > 0xFFFF ? kAsTrans : open.as.value);
  open.hold_time = hold_seconds(config.timers.hold);
  open.identifier = config.router_id;
  if (plain) return open;
  open.capabilities = config.capabilities;
  open.capabilities.four_octet_as = config.local_as;
  if (is_internal(config)) open.capabilities.role.reset();  // RFC 9234 §4: external peers only
  return open;
}

rib::FamilySet implied_families(const Capabilities& capabilities) {
  if (capabilities.has_multiprotocol || !capabilities.families.empty()) return capabilities.families;
  rib::FamilySet ipv4;
  ipv4.add(rib::Family::kIpv4Unicast);
  return ipv4;
}

Negotiated negotiate(const Open& ours, const Open& theirs) {
  const Capabilities& we = ours.capabilities;
  const Capabilities& they = theirs.capabilities;
  Negotiated agreed;
  agreed.received = theirs;
  agreed.families = implied_families(we) & implied_families(they);
  agreed.four_octet_as = we.four_octet_as && they.four_octet_as;
  agreed.route_refresh = we.route_refresh && they.route_refresh;
  agreed.enhanced_route_refresh = we.enhanced_route_refresh && they.enhanced_route_refresh;
  agreed.extended_message = we.extended_message && they.extended_message;
  for (const rib::Family family : rib::kAllFamilies) {
    if (!agreed.families.has(family)) continue;
    const int i = rib::index_of(family);
    agreed.receive_add_path[i] =
        offers(we.add_path[i], AddPathDirection::kReceive) && offers(they.add_path[i], AddPathDirection::kSend);
    agreed.send_add_path[i] =
        offers(we.add_path[i], AddPathDirection::kSend) && offers(they.add_path[i], AddPathDirection::kReceive);
  }
  agreed.hold = std::chrono::seconds(std::min(ours.hold_time, theirs.hold_time));
  agreed.keepalive = agreed.hold / 3;
  if (ours.as != theirs.as) agreed.local_role = we.role;
  return agreed;
}

}  // namespace tw::bgp
