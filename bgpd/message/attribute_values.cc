// Value readers, in the order of the attributes' numbers.
#include "bgpd/message/attribute_values.h"

#include "bgpd/message/as_path.h"
#include "bgpd/message/family_code.h"
#include "bgpd/message/nlri.h"
#include "bgpd/message/octets.h"

namespace tw::bgp {
namespace {

constexpr Finding kGood{};
constexpr Finding malformed(const char* what) { return {Judgement::kMalformed, what}; }
constexpr Finding unacceptable(const char* what) { return {Judgement::kUnacceptable, what}; }

// RFC 4271 §6.3: a valid IP host address. Not 0.0.0.0/8, not loopback, not multicast, reserved or broadcast.
bool is_host_v4(const std::uint8_t* address) { return address[0] != 0 && address[0] != 127 && address[0] < 224; }

bool is_zero_v6(const std::uint8_t* address) { return load_u64(address) == 0 && load_u64(address + 8) == 0; }
bool is_link_local_v6(const std::uint8_t* address) { return address[0] == 0xFE && (address[1] & 0xC0) == 0x80; }
bool is_host_v6(const std::uint8_t* address) {
  const bool unspecified_or_loopback = load_u64(address) == 0 && load_u64(address + 8) <= 1;
  return !unspecified_or_loopback && address[0] != 0xFF;
}

// The next hop as canonical form has it: one address, or a global and a link-local one. A link-local address alone is
// sent by peers as [link-local], as [zero, link-local] or twice; it becomes one address. A second address that is not
// link-local says nothing (RFC 2545 §3) and is left out. Empty: no host's address.
ByteView canonical_next_hop(ByteView next_hop) {
  const std::uint8_t* first = next_hop.data();
  if (next_hop.size() == 4) return is_host_v4(first) ? next_hop : ByteView();
  if (next_hop.size() == 32) {
    const std::uint8_t* second = first + 16;
    if (is_zero_v6(first)) return is_link_local_v6(second) ? next_hop.subspan(16) : ByteView();
    if (is_host_v6(first) && !is_link_local_v6(first) && is_link_local_v6(second)) return next_hop;
  }
  return is_host_v6(first) ? next_hop.first(16) : ByteView();
}

bool is_next_hop_length(rib::Family family, std::size_t length) {
  return family == rib::Family::kIpv4Unicast ? length == 4 : length == 16 || length == 32;
}

// Nothing: a family that is not in use on this session.
std::optional<rib::Family> negotiated_family(ByteView value, const UpdateContext& context) {
  const auto family = family_of(load_u16(value.data()), value[2]);
  return family && context.families.has(*family) ? family : std::nullopt;
}

Finding judge_nlri(ByteView nlri, rib::Family family, UpdateReading& reading) {
  switch (check_nlri(nlri, family, reading.context.add_path[rib::index_of(family)])) {
    case NlriSyntax::kCorrect: return kGood;
    case NlriSyntax::kWithMartians: reading.has_martians = true; return kGood;
    case NlriSyntax::kLengthTooLarge: return malformed("prefix length beyond the family's");
    case NlriSyntax::kCutOff: return malformed("the last prefix is cut off");
  }
  return kGood;
}

}  // namespace

Finding read_origin(ByteView value, UpdateReading& reading) {
  if (value[0] > static_cast<std::uint8_t>(rib::Origin::kIncomplete)) return malformed("undefined value");
  reading.update.key.origin = static_cast<rib::Origin>(value[0]);
  return kGood;
}

Finding read_as_path(ByteView value, UpdateReading& reading) {
  const UpdateContext& context = reading.context;
  const AsPathSummary path = summarize_as_path(value, context.four_octet_as ? 4 : 2);
  if (path.malformed) return malformed(path.malformed);
  if (!context.internal) {
    if (path.has_confederation) return malformed("confederation segment from outside the confederation");
    // A four-octet AS number reads AS_TRANS in a two-octet path (RFC 6793 §4.2.2).
    const std::uint32_t peer = context.peer_as.value;
    const std::uint32_t expected = !context.four_octet_as && peer > 0xFFFF ? kAsTrans : peer;
    if (context.enforce_first_as && path.leftmost != expected) {
      return unacceptable("the leftmost AS is not the neighbour's");
    }
  }
  reading.update.key.as_path_length = static_cast<std::uint16_t>(path.length);
  reading.update.key.neighbor_as = rib::AsNumber{path.neighbor};
  return kGood;
}

Finding read_next_hop(ByteView value, UpdateReading&) {
  return is_host_v4(value.data()) ? kGood : unacceptable("not a host's address");
}

Finding read_med(ByteView value, UpdateReading& reading) {
  reading.update.key.med = load_u32(value.data());
  return kGood;
}

Finding read_local_pref(ByteView value, UpdateReading& reading) {
  reading.update.key.local_pref = load_u32(value.data());
  return kGood;
}

Finding read_aggregator(ByteView value, UpdateReading& reading) {
  const std::uint32_t as = reading.context.four_octet_as ? load_u32(value.data()) : load_u16(value.data());
  return as != 0 ? kGood : malformed("AS number 0");
}

Finding read_originator_id(ByteView value, UpdateReading& reading) {
  reading.update.key.originator_id = load_u32(value.data());
  return kGood;
}

Finding read_cluster_list(ByteView value, UpdateReading& reading) {
  reading.update.key.cluster_list_length = static_cast<std::uint16_t>(value.size() / 4);
  return kGood;
}

// AFI (2), SAFI (1), next hop length (1), next hop, reserved (1, ignored), NLRI.
Finding read_mp_reach_nlri(ByteView value, UpdateReading& reading) {
  const std::size_t next_hop_length = value[3];
  if (next_hop_length + 5 > value.size()) return malformed("the next hop is cut off");
  const ByteView next_hop = value.subspan(4, next_hop_length), nlri = value.subspan(5 + next_hop_length);
  reading.mp_announces = !nlri.empty();
  const auto family = negotiated_family(value, reading.context);
  if (!family) return {Judgement::kNotForUs, "a family that was not negotiated"};
  if (!is_next_hop_length(*family, next_hop_length)) return malformed("wrong next hop length");
  const Finding finding = judge_nlri(nlri, *family, reading);
  if (finding.judgement != Judgement::kGood) return finding;
  reading.update.mp_reach_family = family;
  reading.update.mp_announced = nlri;
  reading.mp_next_hop = canonical_next_hop(next_hop);
  return reading.mp_next_hop.empty() ? unacceptable("the next hop is not a host's address") : kGood;
}

// AFI (2), SAFI (1), NLRI.
Finding read_mp_unreach_nlri(ByteView value, UpdateReading& reading) {
  const ByteView nlri = value.subspan(3);
  const auto family = negotiated_family(value, reading.context);
  if (!family) return {Judgement::kNotForUs, "a family that was not negotiated"};
  const Finding finding = judge_nlri(nlri, *family, reading);
  if (finding.judgement != Judgement::kGood) return finding;
  reading.update.mp_unreach_family = family;
  reading.update.mp_withdrawn = nlri;
  return kGood;
}

Finding read_as4_path(ByteView value, UpdateReading&) {
  const AsPathSummary path = summarize_as_path(value, 4);
  return path.malformed ? malformed(path.malformed) : kGood;
}

Finding read_as4_aggregator(ByteView value, UpdateReading&) {
  return load_u32(value.data()) != 0 ? kGood : malformed("AS number 0");
}

// TLVs of a type octet and a length of two that counts all three. Other types, and more than one of a type, are no
// error.
Finding read_aigp(ByteView value, UpdateReading&) {
  constexpr std::uint8_t kMetric = 1;
  bool first = true;
  while (!value.empty()) {
    if (value.size() < 3) return malformed("a TLV is cut off");
    const std::size_t length = load_u16(value.data() + 1);
    if (length < 3 || length > value.size()) return malformed("a TLV's length is out of range");
    if (value[0] == kMetric && first) {
      if (length != 11) return malformed("the metric's length is not 11");
      if (load_u64(value.data() + 3) == ~std::uint64_t{0}) return malformed("the metric is at its maximum");
      first = false;
    }
    value = value.subspan(length);
  }
  return kGood;
}

}  // namespace tw::bgp
