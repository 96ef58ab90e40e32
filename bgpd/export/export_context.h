// What makes two neighbours receive the same octets: the export context.
//
// Neighbours whose contexts are equal form one update group (rib/rib.h), are judged by one GroupExporter and encoded
// once by an UpdateEncoder. A value; any thread.
#pragma once

#include "bgpd/message/message.h"
#include "rib/rib.h"

#include <cstdint>
#include <optional>

namespace tw::bgp {

enum class NextHopRule : std::uint8_t { kSelf, kKeep };

struct ExportContext {
  rib::SourceKind kind = rib::SourceKind::kEbgp;  // of the receiving side; kLocal is not used
  rib::AsNumber local_as{};                       // put in front of AS_PATH towards eBGP
  rib::FamilySet families;
  bool four_octet_as = true;
  bool extended_message = false;
  bool send_add_path = false;  // reserved: paths are sent without identifier for now
  // iBGP default: keep. Locally originated paths get self unless they were given a next hop; reflected ones keep theirs
  // (RFC 4456 §10); one that export policy sets is kept.
  NextHopRule next_hop = NextHopRule::kSelf;
  rib::IpAddress self_v4,
      self_v6;  // unspecified: that family's next hop cannot be set to self, nothing of it is announced
  std::optional<rib::IpAddress> self_link_local;  // second next hop on a shared link (RFC 2545)
  std::uint32_t cluster_id = 0;                   // RFC 4456; 0: router_id
  std::uint32_t router_id = 0;
  std::optional<Role> local_role;  // RFC 9234
  std::uint64_t policy = 0;        // identity of the export policy: equal numbers, equal policy
  bool operator==(const ExportContext&) const = default;
};
std::uint64_t hash_of(const ExportContext& context);

}  // namespace tw::bgp
