// What makes two neighbours receive the same octets: the export context, and the encoder that works under it.
//
// Neighbours whose contexts are equal form one update group (rib/rib.h) and are encoded once. Pure; routing thread.
// RFC 4271 §5.1, §9.1.3, §9.2; 4456 §8 and §9 (reflection); 6793 §4.2 (two-octet peers); 9234 §5 (OTC).
#pragma once

#include "bgpd/message/attributes.h"
#include "bgpd/message/message.h"
#include "rib/rib.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace tw::bgp {

enum class NextHopRule : std::uint8_t { kSelf, kKeep };

struct ExportContext {
  rib::SourceKind kind = rib::SourceKind::kEbgp;  // of the receiving side; kLocal is not used
  rib::AsNumber local_as{};                       // put in front of AS_PATH towards eBGP
  rib::FamilySet families;
  bool four_octet_as = true;
  bool extended_message = false;
  bool send_add_path = false;                 // reserved: paths are sent without identifier for now
  NextHopRule next_hop = NextHopRule::kSelf;  // iBGP default: keep; locally originated paths always get self
  rib::IpAddress self_v4,
      self_v6;  // unspecified: that family's next hop cannot be set to self, nothing of it is announced
  std::optional<rib::IpAddress> self_link_local;  // second next hop on a shared link (RFC 2545)
  std::uint32_t cluster_id = 0;                   // RFC 4456
  std::uint32_t router_id = 0;
  std::optional<Role> local_role;  // RFC 9234
  std::uint64_t policy = 0;        // identity of the export policy: equal numbers, equal policy
  bool operator==(const ExportContext&) const = default;
};
std::uint64_t hash_of(const ExportContext& context);

// A run of encoded messages that every member may be sent, except those that a change concerns in a special way.
struct Segment {
  std::size_t offset = 0, size = 0;  // into Encoded::octets
  std::size_t first = 0, count = 0;  // the changes it carries, for members that need a form of their own
  rib::PeerId source;                // now_source of all its changes (kNoPeer: withdrawals)
  bool mixed_before = false;         // some change's before_source is not kNoPeer, or differs
};
struct Encoded {
  std::vector<std::uint8_t> octets;
  std::vector<Segment> segments;
};

class UpdateEncoder {
 public:
  UpdateEncoder(const ExportContext& context, const rib::Rib& rib) : context_(context), rib_(rib) {}

  // Encodes what a group drained: for members that are no source of any of it. Changes whose encoded attributes equal
  // those announced before are left out (no UPDATE when nothing changed).
  void encode(std::span<const rib::Change> changes, Encoded& out);
  // The same for the member `self`, appended to `out`: its own paths are left out or withdrawn.
  void encode_for(rib::PeerId self, std::span<const rib::Change> changes, std::vector<std::uint8_t>& out);
  static Bytes end_of_rib(rib::Family family);

 private:
  const ExportContext& context_;
  const rib::Rib& rib_;
  std::vector<std::uint8_t> attributes_, previous_;
};

}  // namespace tw::bgp
