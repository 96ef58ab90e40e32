// Writes the UPDATE messages that a group of neighbours is to be sent: once for all of them.
//
// Prefixes that share attributes share messages, filled up to what the session allows. IPv4 goes into the classic
// fields, IPv6 into MP_REACH_NLRI, the first of the attributes (RFC 7606 §5.1), and MP_UNREACH_NLRI. Pure apart from
// reading the RIB; routing thread. RFC 4271 §4.3, §9.2; 4760; 8654.
#pragma once

#include "bgpd/export/envelope.h"
#include "bgpd/export/export_context.h"
#include "bgpd/export/wire_attributes.h"
#include "bgpd/message/message.h"
#include "rib/rib.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tw::bgp {

// What a drained batch became: messages for all members of the group at once.
//
// A member that is the source of some of the changes must not be sent those, and may need some others in a form of its
// own: UpdateEncoder::for_member() tells it apart. drain() orders a batch so that there are few segments.
struct Encoded {
  // Whole messages, for every member but one.
  struct Segment {
    std::size_t offset = 0, size = 0;  // into `octets`
    rib::PeerId except;                // where the announcements come from, or the routes that are withdrawn
  };
  // A change that the shared messages do not make for this member.
  struct OwnChange {
    rib::PeerId member;
    std::uint32_t change = 0;  // its index in the batch
    bool operator==(const OwnChange&) const = default;
  };
  Bytes octets;
  std::vector<Segment> segments;
  std::vector<OwnChange> own;  // ascending by (member, change)
  std::size_t unsendable = 0;  // changes whose attributes leave no room for even one prefix: withdrawn instead

  void clear();
};

// Octets to be sent as they are.
struct Slice {
  std::size_t offset = 0, size = 0;  // into Encoded::octets
};

class UpdateEncoder {
 public:
  // `context` is read at every call and must outlive the encoder.
  UpdateEncoder(const ExportContext& context, const rib::Rib& rib) : context_(context), rib_(rib) {}

  // Encodes what a group drained, into `out`, which is cleared first. Changes whose encoded attributes equal those
  // announced before are left out (no UPDATE when nothing changed).
  void encode(std::span<const rib::Change> changes, Encoded& out);
  // What the member `self` is to be sent of it: `slices` of the shared octets, in order, adjacent ones joined; and
  // after them `own`, to which messages for this member alone are appended. Costs what the member's own changes cost.
  // REQUIRES: `changes` and `encoded` are those of the encode() before.
  void for_member(rib::PeerId self, std::span<const rib::Change> changes, const Encoded& encoded,
                  std::vector<Slice>& slices, Bytes& own);
  // Both in one, appended to `out`: for a group with a single member.
  void encode_for(rib::PeerId self, std::span<const rib::Change> changes, Bytes& out);
  static Bytes end_of_rib(rib::Family family);

 private:
  void encode_run(std::span<const rib::Change> changes, std::size_t first, std::size_t last, Encoded& out);
  void encode_own(std::span<const rib::Change> changes, std::span<const Encoded::OwnChange> own, Bytes& out);
  bool write(rib::AttributeId attributes, rib::PeerId source, rib::Family family, WireAttributes& out);
  bool same_as_before(const rib::Change& change, rib::Family family, bool sendable);
  void pack(rib::Family family, std::span<const rib::PrefixId> prefixes, Bytes& out);

  const ExportContext& context_;
  const rib::Rib& rib_;
  AttributeWriter writer_{context_};
  Envelope envelope_;
  WireAttributes attributes_;  // of the run that is being encoded
  WireAttributes previous_;    // of what a change replaces; remembered from change to change
  rib::AttributeId previous_id_;
  rib::PeerId previous_source_;
  rib::Family previous_family_ = rib::Family::kIpv4Unicast;
  bool previous_sendable_ = false;
  std::vector<rib::PrefixId> announced_, withdrawn_, prefixes_;
  std::vector<Slice> slices_;
  Encoded encoded_;
};

}  // namespace tw::bgp
