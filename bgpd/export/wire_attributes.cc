// Rewriting a canonical set for one kind of neighbour: first what changes is worked out, then both are merged in
// ascending order of type.
#include "bgpd/export/wire_attributes.h"

#include "bgpd/message/octets.h"

#include <algorithm>
#include <cstring>

namespace tw::bgp {
namespace {

constexpr std::uint8_t kWellKnown = attribute_flag::kTransitive;
constexpr std::uint8_t kOptionalNonTransitive = attribute_flag::kOptional;
constexpr std::uint8_t kOptionalTransitive = attribute_flag::kOptional | attribute_flag::kTransitive;
constexpr std::size_t kMaxSegment = 255;  // AS numbers in a segment

bool internal(rib::SourceKind kind) { return kind == rib::SourceKind::kIbgp || kind == rib::SourceKind::kIbgpClient; }

// 4456: from one internal neighbour to another.
bool reflected(const ExportContext& context, const rib::SourceTraits& source) {
  return internal(source.kind) && internal(context.kind);
}

bool is_confederation(std::uint8_t segment_type) {
  return segment_type == static_cast<std::uint8_t>(SegmentType::kConfedSequence) ||
         segment_type == static_cast<std::uint8_t>(SegmentType::kConfedSet);
}

// Calls visit(type, numbers) for each segment of a path of four-octet numbers.
template <class Visit>
void for_each_segment(ByteView path, Visit visit) {
  while (path.size() >= 2) {
    const std::size_t size = std::min<std::size_t>(std::size_t{path[1]} * 4, path.size() - 2);
    visit(path[0], path.subspan(2, size));
    path = path.subspan(2 + size);
  }
}

bool fits_two_octets(std::uint32_t as) { return as <= 0xFFFF; }

bool all_zero(ByteView octets) {
  return std::ranges::all_of(octets, [](std::uint8_t octet) { return octet == 0; });
}

void append_attribute(AttributeType type, std::uint8_t flags, ByteView value, Bytes& out) {
  const bool extended = value.size() > 255;
  flags = static_cast<std::uint8_t>((flags & ~attribute_flag::kExtendedLength) |
                                    (extended ? attribute_flag::kExtendedLength : 0));
  out.push_back(flags);
  out.push_back(static_cast<std::uint8_t>(type));
  if (extended) out.push_back(static_cast<std::uint8_t>(value.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(value.size()));
  append(out, value);
}

NextHop as_next_hop(ByteView octets) {
  NextHop next_hop;
  std::ranges::copy(octets, next_hop.octets.begin());
  next_hop.size = static_cast<std::uint8_t>(octets.size());
  return next_hop;
}

std::optional<NextHop> self(const ExportContext& context, rib::Family family) {
  const rib::IpAddress& address = family == rib::Family::kIpv4Unicast ? context.self_v4 : context.self_v6;
  if (address.is_unspecified()) return std::nullopt;
  NextHop next_hop = as_next_hop(ByteView(address.octets).first(static_cast<std::size_t>(address.size())));
  if (family == rib::Family::kIpv6Unicast && context.self_link_local) {
    std::ranges::copy(context.self_link_local->octets, next_hop.octets.begin() + 16);
    next_hop.size = 32;
  }
  return next_hop;
}

// The set's own next hop, if neighbours can use it: of the family, specified, and without the link-local half, which
// holds on the link that it came from only.
std::optional<NextHop> given(const AttributeView& attribute, rib::Family family) {
  const std::size_t size = family == rib::Family::kIpv4Unicast ? 4 : 16;
  if (attribute.value.size() < size || (size == 4 && attribute.value.size() != 4)) return std::nullopt;
  const ByteView global = attribute.value.first(size);
  const bool link_local = size == 16 && global[0] == 0xFE && (global[1] & 0xC0) == 0x80;
  if (all_zero(global) || link_local) return std::nullopt;
  return as_next_hop(global);
}

}  // namespace

std::optional<NextHop> next_hop_for(const ExportContext& context, const rib::SourceTraits& source, rib::Family family,
                                    ByteView canonical) {
  if (const auto attribute = find_attribute(canonical, AttributeType::kNextHop)) {
    const bool keep = (attribute->flags & kChosenByPolicy) != 0 || context.next_hop == NextHopRule::kKeep ||
                      source.kind == rib::SourceKind::kLocal || reflected(context, source);
    if (keep) {
      if (const auto next_hop = given(*attribute, family)) return next_hop;
    }
  }
  return self(context, family);
}

struct AttributeWriter::Found {
  AttributeView as_path{}, med{}, aggregator{}, originator_id{}, cluster_list{};
  bool local_pref = false, only_to_customer = false;
};

void AttributeWriter::add(AttributeType type, std::uint8_t flags, ByteView value) {
  drop(type);
  added_[added_count_++] = {type, flags, value};
}

bool AttributeWriter::write(ByteView canonical, const rib::AttributeKey& key, const rib::SourceTraits& source,
                            rib::Family family, WireAttributes& out) {
  out.octets.clear();
  const auto next_hop = next_hop_for(context_, source, family, canonical);
  if (!next_hop) return false;
  Found found;
  for (AttributeReader reader(canonical); reader.next();) {
    const AttributeView& attribute = reader.view();
    switch (attribute.type) {
      case AttributeType::kAsPath: found.as_path = attribute; break;
      case AttributeType::kMultiExitDisc: found.med = attribute; break;
      case AttributeType::kLocalPref: found.local_pref = true; break;
      case AttributeType::kAggregator: found.aggregator = attribute; break;
      case AttributeType::kOriginatorId: found.originator_id = attribute; break;
      case AttributeType::kClusterList: found.cluster_list = attribute; break;
      case AttributeType::kOnlyToCustomer: found.only_to_customer = true; break;
      default: break;
    }
  }
  skip_ = 0;
  added_count_ = 0;
  drop(AttributeType::kNextHop);
  out.next_hop = {};
  if (family == rib::Family::kIpv4Unicast) {
    rewrite_next_hop(*next_hop);
  } else {
    out.next_hop = *next_hop;
  }
  rewrite_as_path(found);
  rewrite_med(found, source);
  rewrite_local_pref(found, key);
  rewrite_aggregator(found);
  rewrite_reflection(found, source);
  rewrite_only_to_customer(found);
  if (external()) drop(AttributeType::kAigp);
  merge(canonical, out.octets);
  return true;
}

void AttributeWriter::rewrite_next_hop(const NextHop& next_hop) {
  std::copy_n(next_hop.octets.begin(), 4, next_hop_.begin());
  add(AttributeType::kNextHop, kWellKnown, next_hop_);
}

// 4271 §5.1.4: what a neighbouring AS said is for our own AS only; what we say ourselves goes to our neighbours.
void AttributeWriter::rewrite_med(const Found& found, const rib::SourceTraits& source) {
  if (found.med.value.empty()) return;
  const bool chosen = (found.med.flags & kChosenByPolicy) != 0;
  if (external() && !chosen && source.kind != rib::SourceKind::kLocal) return drop(AttributeType::kMultiExitDisc);
  if (chosen) add(AttributeType::kMultiExitDisc, kOptionalNonTransitive, found.med.value);
}

// 4271 §5.1.5: to every internal neighbour, to no external one.
void AttributeWriter::rewrite_local_pref(const Found& found, const rib::AttributeKey& key) {
  if (external()) return drop(AttributeType::kLocalPref);
  if (found.local_pref) return;
  store_u32(local_pref_.data(), key.local_pref);
  add(AttributeType::kLocalPref, kWellKnown, local_pref_);
}

// 4271 §5.1.2: our own AS number in front towards external neighbours, nothing changed towards internal ones.
void AttributeWriter::rewrite_as_path(const Found& found) {
  drop(AttributeType::kAs4Path);
  const ByteView path = external() ? prepended(found.as_path.value) : found.as_path.value;
  if (context_.four_octet_as) return add(AttributeType::kAsPath, kWellKnown, path);
  // 6793 §4.2.2: AS4_PATH only if the two-octet path has lost something.
  bool lossy = false;
  for_each_segment(path, [&](std::uint8_t, ByteView numbers) {
    for (std::size_t i = 0; i < numbers.size(); i += 4) lossy = lossy || !fits_two_octets(load_u32(&numbers[i]));
  });
  add(AttributeType::kAsPath, kWellKnown, in_two_octets(path));
  if (lossy) add(AttributeType::kAs4Path, kOptionalTransitive, without_confederation(path));
}

ByteView AttributeWriter::prepended(ByteView path) {
  path_.clear();
  const bool joins =
      path.size() >= 2 && path[0] == static_cast<std::uint8_t>(SegmentType::kSequence) && path[1] < kMaxSegment;
  path_.push_back(static_cast<std::uint8_t>(SegmentType::kSequence));
  path_.push_back(joins ? static_cast<std::uint8_t>(path[1] + 1) : std::uint8_t{1});
  append_u32(path_, context_.local_as.value);
  append(path_, joins ? path.subspan(2) : path);
  return path_;
}

ByteView AttributeWriter::in_two_octets(ByteView path) {
  short_path_.clear();
  for_each_segment(path, [&](std::uint8_t type, ByteView numbers) {
    short_path_.push_back(type);
    short_path_.push_back(static_cast<std::uint8_t>(numbers.size() / 4));
    for (std::size_t i = 0; i < numbers.size(); i += 4) {
      const std::uint32_t as = load_u32(&numbers[i]);
      append_u16(short_path_, static_cast<std::uint16_t>(fits_two_octets(as) ? as : kAsTrans));
    }
  });
  return short_path_;
}

// 6793 §3: confederation segments must not be in AS4_PATH.
ByteView AttributeWriter::without_confederation(ByteView path) {
  long_path_.clear();
  for_each_segment(path, [&](std::uint8_t type, ByteView numbers) {
    if (is_confederation(type)) return;
    long_path_.push_back(type);
    long_path_.push_back(static_cast<std::uint8_t>(numbers.size() / 4));
    append(long_path_, numbers);
  });
  return long_path_;
}

// 6793 §4.2.2, for AGGREGATOR.
void AttributeWriter::rewrite_aggregator(const Found& found) {
  drop(AttributeType::kAs4Aggregator);
  const ByteView value = found.aggregator.value;
  if (context_.four_octet_as || value.size() != 8) return;
  const std::uint32_t as = load_u32(value.data());
  aggregator_.clear();
  append_u16(aggregator_, static_cast<std::uint16_t>(fits_two_octets(as) ? as : kAsTrans));
  append(aggregator_, value.subspan(4));
  add(AttributeType::kAggregator, found.aggregator.flags, aggregator_);
  if (!fits_two_octets(as)) add(AttributeType::kAs4Aggregator, kOptionalTransitive, value);
}

// 4456 §8: who brought the route into the AS, and the clusters that it passed; meaningless outside of it.
void AttributeWriter::rewrite_reflection(const Found& found, const rib::SourceTraits& source) {
  if (!reflected(context_, source)) {
    drop(AttributeType::kOriginatorId);
    return drop(AttributeType::kClusterList);
  }
  if (found.originator_id.value.empty()) {
    store_u32(originator_.data(), source.router_id);
    add(AttributeType::kOriginatorId, kOptionalNonTransitive, originator_);
  }
  cluster_list_.clear();
  append_u32(cluster_list_, context_.cluster_id != 0 ? context_.cluster_id : context_.router_id);
  append(cluster_list_, found.cluster_list.value);
  add(AttributeType::kClusterList, kOptionalNonTransitive, cluster_list_);
}

// 9234 §5, egress 1: towards a customer, a peer or a route server's client.
void AttributeWriter::rewrite_only_to_customer(const Found& found) {
  if (!external() || !context_.local_role || found.only_to_customer) return;
  const Role role = *context_.local_role;
  if (role != Role::kProvider && role != Role::kPeer && role != Role::kRouteServer) return;
  store_u32(only_to_customer_.data(), context_.local_as.value);
  add(AttributeType::kOnlyToCustomer, kOptionalTransitive, only_to_customer_);
}

void AttributeWriter::merge(ByteView canonical, Bytes& out) {
  std::sort(added_.begin(), added_.begin() + static_cast<std::ptrdiff_t>(added_count_),
            [](const Added& a, const Added& b) { return a.type < b.type; });
  std::size_t next = 0;
  const auto flush_below = [&](unsigned type) {
    for (; next < added_count_ && static_cast<unsigned>(added_[next].type) < type; ++next) {
      append_attribute(added_[next].type, added_[next].flags, added_[next].value, out);
    }
  };
  for (AttributeReader reader(canonical); reader.next();) {
    const AttributeView& attribute = reader.view();
    const auto type = static_cast<unsigned>(attribute.type);
    if (type < 64 && (skip_ >> type & 1) != 0) continue;
    flush_below(type);
    append_attribute(attribute.type, attribute.flags, attribute.value, out);
  }
  flush_below(256);
}

}  // namespace tw::bgp
