// What an update group announces: the rules of its kind of session, then its export policy.
//
// In order: the family was negotiated; well-known communities (RFC 1997, on the route as it is in Loc-RIB, so that a
// policy may add no-export for the neighbour to obey); iBGP is not re-announced to iBGP unless reflected (RFC 4271
// §9.2, RFC 4456 §6); a route with OTC stays away from providers, peers and route servers (RFC 9234 §5); there must be
// a next hop; then policy. Routing thread. Must be destroyed before the RIB.
#pragma once

#include "bgpd/export/export_context.h"
#include "bgpd/policy/policy.h"
#include "rib/rib.h"

#include <cstdint>
#include <memory>

namespace tw::bgp {

// Whether a route may be announced at all under this context, before policy. Pure.
bool may_announce(const ExportContext& context, const rib::SourceTraits& source, rib::Family family,
                  ByteView canonical);

class GroupExporter final : public rib::Exporter {
 public:
  GroupExporter(const ExportContext& context, const std::shared_ptr<const Policy>& policy, rib::Rib& rib);

  rib::AttributeId exported(const rib::Prefix& prefix, rib::AttributeId accepted, rib::PeerId source) override;
  rib::FamilySet families() const override { return context_.families; }

 private:
  void judge(rib::AttributeId accepted, const rib::SourceTraits& source, rib::Family family);
  rib::AttributeId ask_policy(const rib::Prefix& prefix, rib::AttributeId accepted, bool local);
  rib::AttributeId mark_chosen(rib::AttributeId exported);

  ExportContext context_;
  rib::Rib& rib_;
  PolicyRunner runner_;
  std::uint64_t choosable_;  // a bit per attribute type that the policy may set and a received value must not stand for

  bool by_prefix_;  // the policy looks at prefixes: routes that share attributes may fare differently

  // The last judgement: routes come in runs that share their attributes. Good while no set was freed; holds no
  // references, so that it keeps no set alive.
  rib::AttributeId judged_;
  rib::SourceKind judged_kind_ = rib::SourceKind::kLocal;
  rib::Family judged_family_ = rib::Family::kIpv4Unicast;
  std::uint64_t judged_generation_ = 0;
  bool announced_ = false;
  bool stripped_ = false;  // policy is asked about stripped_set_ instead
  Bytes stripped_set_;
  rib::AttributeKey stripped_key_;
  bool answered_ = false;  // answer_ is what policy said, whatever the prefix
  rib::AttributeId answer_;
};

}  // namespace tw::bgp
