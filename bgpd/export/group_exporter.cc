// The egress rules, and attributes that policy chooses.
#include "bgpd/export/group_exporter.h"

#include "bgpd/export/wire_attributes.h"
#include "bgpd/message/octets.h"

#include <algorithm>
#include <utility>

namespace tw::bgp {
namespace {

constexpr std::uint64_t bit(AttributeType type) { return std::uint64_t{1} << static_cast<unsigned>(type); }

bool internal(rib::SourceKind kind) { return kind == rib::SourceKind::kIbgp || kind == rib::SourceKind::kIbgpClient; }

// RFC 1997.
bool communities_allow(ByteView canonical, bool external) {
  const auto attribute = find_attribute(canonical, AttributeType::kCommunities);
  if (!attribute) return true;
  for (std::size_t i = 0; i + 4 <= attribute->value.size(); i += 4) {
    const std::uint32_t community = load_u32(&attribute->value[i]);
    if (community == kNoAdvertise) return false;
    if (external && (community == kNoExport || community == kNoExportSubconfed)) return false;
  }
  return true;
}

// RFC 4456 §6: from a client to everybody, from another internal neighbour to clients.
bool reflection_allows(rib::SourceKind from, rib::SourceKind to) {
  if (!internal(from) || !internal(to)) return true;
  return from == rib::SourceKind::kIbgpClient || to == rib::SourceKind::kIbgpClient;
}

// RFC 9234 §5, egress 2.
bool role_allows(const ExportContext& context, ByteView canonical) {
  if (context.kind != rib::SourceKind::kEbgp || !context.local_role) return true;
  const Role role = *context.local_role;
  const bool upwards = role == Role::kCustomer || role == Role::kPeer || role == Role::kRouteServerClient;
  return !upwards || !find_attribute(canonical, AttributeType::kOnlyToCustomer);
}

// The attributes that this policy may set and that would otherwise carry what was received: they are taken off before
// policy is asked, so that what is there afterwards is policy's choice.
std::uint64_t choosable(const ExportContext& context, const Policy& policy) {
  std::uint64_t types = 0;
  for (const PolicyRule& rule : policy.rules) {
    if (rule.set.med && context.kind == rib::SourceKind::kEbgp) types |= bit(AttributeType::kMultiExitDisc);
    if (rule.set.next_hop && context.next_hop == NextHopRule::kSelf) types |= bit(AttributeType::kNextHop);
  }
  return types;
}

// The attributes of `canonical`, without those of `types`.
Bytes without(ByteView canonical, std::uint64_t types) {
  Bytes out;
  const std::uint8_t* begin = canonical.data();
  for (AttributeReader reader(canonical); reader.next();) {
    const std::uint8_t* const end = reader.view().value.data() + reader.view().value.size();
    const auto type = static_cast<unsigned>(reader.view().type);
    if (type >= 64 || (types >> type & 1) == 0) out.insert(out.end(), begin, end);
    begin = end;
  }
  return out;
}

// Which of `types` are present in `canonical`.
std::uint64_t present(ByteView canonical, std::uint64_t types) {
  std::uint64_t found = 0;
  for (AttributeReader reader(canonical); reader.next();) {
    const auto type = static_cast<unsigned>(reader.view().type);
    if (type < 64) found |= types & std::uint64_t{1} << type;
  }
  return found;
}

}  // namespace

bool may_announce(const ExportContext& context, const rib::SourceTraits& source, rib::Family family,
                  ByteView canonical) {
  return context.families.has(family) && reflection_allows(source.kind, context.kind) &&
         communities_allow(canonical, context.kind == rib::SourceKind::kEbgp) && role_allows(context, canonical) &&
         next_hop_for(context, source, family, canonical).has_value();
}

GroupExporter::GroupExporter(const ExportContext& context, const std::shared_ptr<const Policy>& policy, rib::Rib& rib)
    : context_(context),
      rib_(rib),
      runner_(policy, rib.attributes(), context.local_as),
      choosable_(choosable(context, *policy)),
      by_prefix_(std::ranges::any_of(policy->rules,
                                     [](const PolicyRule& rule) { return !rule.match.prefix_lists.empty(); })) {}

rib::AttributeId GroupExporter::exported(const rib::Prefix& prefix, rib::AttributeId accepted, rib::PeerId source) {
  const rib::SourceTraits& traits = rib_.source(source);
  if (accepted != judged_ || traits.kind != judged_kind_ || prefix.family != judged_family_ ||
      rib_.attributes().generation() != judged_generation_) {
    judge(accepted, traits, prefix.family);
  }
  if (!announced_) return rib::kNoAttributes;
  if (answered_) {
    rib_.attributes().retain(answer_);
    return answer_;
  }
  const rib::AttributeId exported = ask_policy(prefix, accepted, traits.kind == rib::SourceKind::kLocal);
  answered_ = !by_prefix_;
  answer_ = exported;
  judged_generation_ = rib_.attributes().generation();  // what was freed on the way is none of ours
  return exported;
}

rib::AttributeId GroupExporter::ask_policy(const rib::Prefix& prefix, rib::AttributeId accepted, bool local) {
  rib::AttributeStore& store = rib_.attributes();
  rib::AttributeId exported;
  if (stripped_) {
    const rib::AttributeId stripped = store.intern(stripped_set_, stripped_key_);
    exported = runner_.apply(prefix, stripped, local);
    store.release(stripped);
  } else {
    exported = runner_.apply(prefix, accepted, local);
  }
  return choosable_ == 0 || exported == rib::kNoAttributes ? exported : mark_chosen(exported);
}

void GroupExporter::judge(rib::AttributeId accepted, const rib::SourceTraits& source, rib::Family family) {
  const ByteView canonical = rib_.attributes().bytes(accepted);
  announced_ = may_announce(context_, source, family, canonical);
  // What is originated here carries our own values already; a reflected route keeps its next hop.
  std::uint64_t strip = source.kind == rib::SourceKind::kLocal ? 0 : choosable_;
  if (internal(source.kind) && internal(context_.kind)) strip &= ~bit(AttributeType::kNextHop);
  stripped_ = announced_ && present(canonical, strip) != 0;
  if (stripped_) {
    stripped_set_ = without(canonical, strip);
    stripped_key_ = key_of(stripped_set_);
  }
  answered_ = false;
  judged_ = accepted;
  judged_kind_ = source.kind;
  judged_family_ = family;
  judged_generation_ = rib_.attributes().generation();
}

// Takes over the reference to `exported`, returns one to the set in which policy's own values are marked.
rib::AttributeId GroupExporter::mark_chosen(rib::AttributeId exported) {
  rib::AttributeStore& store = rib_.attributes();
  const ByteView canonical = store.bytes(exported);
  const std::uint64_t chosen = present(canonical, choosable_);
  if (chosen == 0) return exported;
  Bytes marked(canonical.begin(), canonical.end());
  for (AttributeReader reader(marked); reader.next();) {
    const auto type = static_cast<unsigned>(reader.view().type);
    if (type >= 64 || (chosen >> type & 1) == 0) continue;
    // Canonical sets have the short form: flags, type, one octet of length.
    const std::ptrdiff_t at = reader.view().value.data() - marked.data() - 3;
    marked[static_cast<std::size_t>(at)] |= kChosenByPolicy;
  }
  const rib::AttributeKey key = store.key(exported);
  const rib::AttributeId id = store.intern(marked, key);
  store.release(exported);
  return id;
}

}  // namespace tw::bgp
