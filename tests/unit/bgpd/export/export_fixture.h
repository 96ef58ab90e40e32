// A RIB with a few sources, and short ways to make attribute sets, for the tests of the export side.
#pragma once

#include "bgpd/export/export_context.h"
#include "bgpd/message/attributes.h"
#include "rib/rib.h"

#include <initializer_list>
#include <string_view>
#include <vector>

namespace tw::bgp {

inline rib::Prefix prefix(std::string_view text) { return rib::parse_prefix(text).value(); }
inline rib::IpAddress address(std::string_view text) { return rib::parse_address(text).value(); }

inline std::vector<AsPathSegment> sequence(std::initializer_list<std::uint32_t> numbers) {
  AsPathSegment segment;
  for (const std::uint32_t number : numbers) segment.numbers.push_back({number});
  return {segment};
}

// As learned from AS 64500 over eBGP.
inline PathAttributes learned(std::string_view next_hop = "192.0.2.1") {
  PathAttributes attributes;
  attributes.as_path = sequence({64500, 64501});
  attributes.next_hop = address(next_hop);
  return attributes;
}
// As originated here: no path, and ourselves as the next hop.
inline PathAttributes originated(rib::Family family = rib::Family::kIpv4Unicast) {
  PathAttributes attributes;
  attributes.next_hop = address(family == rib::Family::kIpv4Unicast ? "0.0.0.0" : "::");
  return attributes;
}

inline ExportContext context_towards(rib::SourceKind kind) {
  ExportContext context;
  context.kind = kind;
  context.local_as = {65000};
  for (const rib::Family family : rib::kAllFamilies) context.families.add(family);
  context.next_hop = kind == rib::SourceKind::kEbgp ? NextHopRule::kSelf : NextHopRule::kKeep;
  context.self_v4 = address("203.0.113.1");
  context.self_v6 = address("2001:db8:ffff::1");
  context.router_id = 0x0A000001;
  return context;
}

class ExportFixture {
 public:
  rib::Rib rib;
  rib::PeerId local = add(rib::SourceKind::kLocal, 0), ebgp = add(rib::SourceKind::kEbgp, 0x01010101),
              other_ebgp = add(rib::SourceKind::kEbgp, 0x02020202), ibgp = add(rib::SourceKind::kIbgp, 0x03030303),
              client = add(rib::SourceKind::kIbgpClient, 0x04040404);

  rib::AttributeId intern(const PathAttributes& attributes) {
    const Bytes canonical = canonical_bytes(attributes);
    return rib.attributes().intern(canonical, key_of(canonical));
  }
  void announce(rib::PeerId source, const rib::Prefix& prefix, const PathAttributes& attributes) {
    const rib::AttributeId id = intern(attributes);
    rib.attributes().retain(id);
    rib.announce(source, prefix, 0, id, id);
  }

 private:
  rib::PeerId add(rib::SourceKind kind, std::uint32_t router_id) {
    rib::SourceTraits traits;
    traits.kind = kind;
    traits.as = {kind == rib::SourceKind::kEbgp ? 64500U : 65000U};
    traits.router_id = router_id;
    traits.address = rib::IpAddress::v4(router_id);
    return rib.add_source(traits).value();
  }
};

}  // namespace tw::bgp
