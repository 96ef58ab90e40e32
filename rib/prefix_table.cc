// PrefixTable: packed keys in arrays by id, and an index by hash.
#include "rib/prefix_table.h"

#include <cstring>

namespace tw::rib {

PrefixTable::Packed PrefixTable::pack(const Prefix& prefix) {
  Packed p{};
  if (prefix.family == Family::kIpv4Unicast) {
    p.high = prefix.address().v4_value();
    p.code = static_cast<std::uint8_t>(kIpv4 + prefix.length);
  } else {
    std::memcpy(&p.high, prefix.octets.data(), 8);
    std::memcpy(&p.low, prefix.octets.data() + 8, 8);
    p.code = static_cast<std::uint8_t>(kIpv6 + prefix.length);
  }
  return p;
}

PrefixTable::Packed PrefixTable::packed(std::uint32_t id) const {
  Packed p{.high = addresses_[id], .low = 0, .code = codes_[id]};
  if (p.code >= kIpv6) {
    const Octets& octets = ipv6_[addresses_[id]];
    std::memcpy(&p.high, octets.data(), 8);
    std::memcpy(&p.low, octets.data() + 8, 8);
  }
  return p;
}

std::optional<PrefixId> PrefixTable::find(const Prefix& prefix) const {
  const Packed wanted = pack(prefix);
  const std::uint32_t id = index_.find(hash(wanted), [&](std::uint32_t other) { return packed(other) == wanted; });
  if (id == IdIndex::kNone) return std::nullopt;
  return PrefixId{id};
}

PrefixId PrefixTable::find_or_add(const Prefix& prefix) {
  const Packed wanted = pack(prefix);
  const std::uint64_t h = hash(wanted);
  const std::uint32_t found = index_.find(h, [&](std::uint32_t other) { return packed(other) == wanted; });
  if (found != IdIndex::kNone) return {found};
  const std::uint32_t id = ids_.take();
  codes_.grow_to(id + 1);
  addresses_.grow_to(id + 1);
  if (prefix.family == Family::kIpv6Unicast) {
    const std::uint32_t at = ipv6_ids_.take();
    ipv6_.grow_to(at + 1);
    ipv6_[at] = prefix.octets;
    addresses_[id] = at;
  } else {
    addresses_[id] = static_cast<std::uint32_t>(wanted.high);
  }
  index_.insert(h, id, for_each());
  codes_[id] = wanted.code;
  return {id};
}

void PrefixTable::remove(PrefixId id) {
  const Packed old = packed(id.value);
  codes_[id.value] = 0;
  index_.erase(hash(old), id.value, for_each());
  if (old.code >= kIpv6) {
    ipv6_ids_.give_back(addresses_[id.value]);
    if (ipv6_ids_.end() * 4 < ipv6_.size()) ipv6_.resize(ipv6_ids_.end());
  }
  ids_.give_back(id.value);
  if (ids_.end() * 4 < codes_.size()) {
    codes_.resize(ids_.end());
    addresses_.resize(ids_.end());
  }
}

Prefix PrefixTable::get(PrefixId id) const {
  const std::uint8_t code = codes_[id.value];
  if (code < kIpv6) {
    Prefix prefix{.octets = {}, .length = static_cast<std::uint8_t>(code - kIpv4), .family = Family::kIpv4Unicast};
    prefix.octets = IpAddress::v4(addresses_[id.value]).octets;
    return prefix;
  }
  return {.octets = ipv6_[addresses_[id.value]],
          .length = static_cast<std::uint8_t>(code - kIpv6),
          .family = Family::kIpv6Unicast};
}

std::size_t PrefixTable::memory_bytes() const {
  return index_.memory_bytes() + ids_.memory_bytes() + codes_.memory_bytes() + addresses_.memory_bytes() +
         ipv6_.memory_bytes() + ipv6_ids_.memory_bytes();
}

}  // namespace tw::rib
