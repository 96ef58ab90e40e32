#include "bgpd/speaker/importer.h"

#include "bgpd/message/attributes.h"
#include "bgpd/message/octets.h"
#include "bgpd/message/only_to_customer.h"

#include <fmt/format.h>

#include <algorithm>

namespace tw::bgp {
namespace {

// Canonical AS_PATH: four octets an AS.
bool path_contains(ByteView path, rib::AsNumber as) {
  for (std::size_t at = 0; at + 2 <= path.size();) {
    const std::size_t end = at + 2 + std::size_t{4} * path[at + 1];
    if (end > path.size()) return false;
    for (at += 2; at < end; at += 4)
      if (load_u32(&path[at]) == as.value) return true;
  }
  return false;
}

bool list_contains(ByteView list, std::uint32_t value) {
  for (std::size_t at = 0; at + 4 <= list.size(); at += 4)
    if (load_u32(&list[at]) == value) return true;
  return false;
}

}  // namespace

Importer::Importer(rib::Rib& rib, rib::PeerId source, ImportSettings settings, std::shared_ptr<const Policy> policy)
    : rib_(rib), source_(source), settings_(std::move(settings)) {
  policy_.emplace(std::move(policy), rib.attributes(), settings_.local_as);
}

Importer::Outcome Importer::take(ByteView body) {
  Outcome outcome;
  const Result<Update> decoded = decoder_.decode(body, settings_.update);
  if (!decoded) {
    outcome.error = decoded.error();
    return outcome;
  }
  const Update& update = *decoded;
  if (!update.faults.empty()) count_faults(update.faults);
  outcome.faults = update.faults;
  outcome.end_of_rib = update.end_of_rib;

  withdraw(update.withdrawn, rib::Family::kIpv4Unicast);
  if (update.mp_unreach_family) withdraw(update.mp_withdrawn, *update.mp_unreach_family);
  if (!update.announced.empty()) announce(update.announced, rib::Family::kIpv4Unicast, update.attributes, update);
  if (update.mp_reach_family && !update.mp_announced.empty())
    announce(update.mp_announced, *update.mp_reach_family, update.mp_attributes, update);

  if (settings_.max_prefixes > 0)
    for (const rib::Family family : rib::kAllFamilies)
      if (rib_.path_count(source_, family) > settings_.max_prefixes) outcome.over_limit = family;
  return outcome;
}

void Importer::withdraw(ByteView nlri, rib::Family family) {
  if (nlri.empty()) return;
  NlriReader reader(nlri, family, settings_.update.add_path[rib::index_of(family)]);
  while (reader.next()) rib_.withdraw(source_, reader.prefix(), reader.path_id());
}

void Importer::announce(ByteView nlri, rib::Family family, ByteView attributes, const Update& update) {
  if (update.treat_as_withdraw) return withdraw(nlri, family);
  rib::AttributeStore& store = rib_.attributes();
  const rib::AttributeId received = store.intern(attributes, update.key);
  const bool eligible_here = !update.leaked && eligible(attributes);
  NlriReader reader(nlri, family, settings_.update.add_path[rib::index_of(family)]);
  while (reader.next()) {
    const rib::AttributeId accepted =
        eligible_here ? policy_->apply(reader.prefix(), received, false) : rib::kNoAttributes;
    store.retain(received);
    rib_.announce(source_, reader.prefix(), reader.path_id(), received, accepted);
  }
  store.release(received);
}

// What update.leaked said when the route came, for when it is judged anew.
bool Importer::leaks(rib::AsNumber only_to_customer) const {
  const auto role = settings_.update.local_role;
  return role && judge_only_to_customer(*role, only_to_customer, settings_.update.peer_as) == OnIngress::kLeak;
}

bool Importer::eligible(ByteView attributes) const {
  for (AttributeReader reader(attributes); reader.next();) {
    const AttributeView& attribute = reader.view();
    switch (attribute.type) {
      case AttributeType::kAsPath:
        if (path_contains(attribute.value, settings_.local_as)) return false;
        if (settings_.speaker_as != settings_.local_as && path_contains(attribute.value, settings_.speaker_as))
          return false;
        break;
      case AttributeType::kNextHop: {
        const auto& own = settings_.local_address;
        const auto size = static_cast<std::size_t>(own.size());
        if (attribute.value.size() >= size && (size == 4) == (attribute.value.size() == 4) &&
            std::equal(attribute.value.begin(), attribute.value.begin() + static_cast<std::ptrdiff_t>(size),
                       own.octets.begin()))
          return false;
        break;
      }
      case AttributeType::kOriginatorId:
        if (attribute.value.size() == 4 && load_u32(attribute.value.data()) == settings_.router_id) return false;
        break;
      case AttributeType::kClusterList:
        if (list_contains(attribute.value, settings_.cluster_id)) return false;
        break;
      case AttributeType::kOnlyToCustomer:
        if (attribute.value.size() == 4 && leaks(rib::AsNumber{load_u32(attribute.value.data())})) return false;
        break;
      default: break;
    }
  }
  return true;
}

void Importer::reconsider(std::shared_ptr<const Policy> policy) {
  policy_.emplace(std::move(policy), rib_.attributes(), settings_.local_as);
  rib_.reconsider(source_, [this](const rib::Prefix& prefix, rib::AttributeId received) {
    if (!eligible(rib_.attributes().bytes(received))) return rib::kNoAttributes;
    return policy_->apply(prefix, received, false);
  });
}

void Importer::count_faults(std::span<const UpdateFault> faults) {
  for (const UpdateFault& fault : faults)
    ++fault_counts_[fmt::format("{} {}", name(fault.action),
                                fault.attribute == AttributeType{} ? "UPDATE" : name(fault.attribute))];
}

}  // namespace tw::bgp
