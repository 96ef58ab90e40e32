// Gives each known prefix a dense id, of both families in one numbering.
//
// 5 octets a prefix for IPv4 and 21 for IPv6, plus 5 to 8 for the index. Ids are handed out lowest first. Not
// thread-safe; all calls are O(1), amortised.
#pragma once

#include "rib/hash.h"
#include "rib/id_index.h"
#include "rib/id_pool.h"
#include "rib/ids.h"
#include "rib/paged_array.h"
#include "rib/prefix.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tw::rib {

class PrefixTable {
 public:
  std::optional<PrefixId> find(const Prefix& prefix) const;
  PrefixId find_or_add(const Prefix& prefix);
  // Starts loading what finding this prefix will look at first.
  void prefetch(const Prefix& prefix) const { index_.prefetch(hash(pack(prefix))); }
  void remove(PrefixId id);  // REQUIRES: in use

  bool in_use(PrefixId id) const { return id.value < codes_.size() && codes_[id.value] != 0; }
  Family family(PrefixId id) const { return codes_[id.value] < kIpv6 ? Family::kIpv4Unicast : Family::kIpv6Unicast; }
  Prefix get(PrefixId id) const;  // REQUIRES: in use
  PrefixId end() const { return {ids_.end()}; }
  std::size_t memory_bytes() const;

 private:
  // A prefix's code is its family and length in one octet; 0 stands for an id that is not in use.
  static constexpr std::uint8_t kIpv4 = 1, kIpv6 = 64;
  using Octets = std::array<std::uint8_t, 16>;
  struct Packed {
    std::uint64_t high, low;  // IPv4: high holds address and code, low is zero
    std::uint8_t code;
    bool operator==(const Packed&) const = default;
  };
  static Packed pack(const Prefix& prefix);
  Packed packed(std::uint32_t id) const;
  std::uint64_t hash(const Packed& p) const { return hasher_.of(p.high, p.low + p.code); }
  auto for_each() const {
    return [this](auto visit) {
      for (std::uint32_t id = 0; id < ids_.end(); ++id) {
        if (codes_[id] != 0) visit(id, hash(packed(id)));
      }
    };
  }

  Hash hasher_;
  IdIndex index_;
  IdPool ids_{0};
  PagedArray<std::uint8_t> codes_;
  PagedArray<std::uint32_t> addresses_;  // IPv4: the address in host order; IPv6: where in ipv6_
  PagedArray<Octets> ipv6_;
  IdPool ipv6_ids_{0};
};

}  // namespace tw::rib
