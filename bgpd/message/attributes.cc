// Canonical sets, walked, taken apart and put together again.
#include "bgpd/message/attributes.h"

#include "bgpd/message/attribute_rules.h"
#include "bgpd/message/octets.h"

#include <algorithm>
#include <cstring>

namespace tw::bgp {
namespace {

constexpr std::uint8_t kWellKnown = attribute_flag::kTransitive;
constexpr std::uint8_t kOptionalTransitive = attribute_flag::kOptional | attribute_flag::kTransitive;
constexpr std::uint8_t kOptionalNonTransitive = attribute_flag::kOptional;

rib::IpAddress address_from(ByteView octets) {
  rib::IpAddress address;
  address.v6 = octets.size() == 16;
  std::copy(octets.begin(), octets.end(), address.octets.begin());
  return address;
}

std::vector<AsPathSegment> segments_from(ByteView path) {
  std::vector<AsPathSegment> segments;
  while (!path.empty()) {
    AsPathSegment& segment = segments.emplace_back();
    segment.type = static_cast<SegmentType>(path[0]);
    const std::size_t count = path[1];
    segment.numbers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) segment.numbers.push_back({load_u32(path.data() + 2 + 4 * i)});
    path = path.subspan(2 + 4 * count);
  }
  return segments;
}

std::vector<std::uint32_t> numbers_from(ByteView value) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(value.size() / 4);
  for (std::size_t at = 0; at + 4 <= value.size(); at += 4) numbers.push_back(load_u32(value.data() + at));
  return numbers;
}

void take_apart(const AttributeView& attribute, PathAttributes& out) {
  const ByteView value = attribute.value;
  switch (attribute.type) {
    case AttributeType::kOrigin: out.origin = static_cast<rib::Origin>(value[0]); return;
    case AttributeType::kAsPath: out.as_path = segments_from(value); return;
    case AttributeType::kNextHop:
      out.next_hop = address_from(value.first(value.size() == 32 ? 16 : value.size()));
      if (value.size() == 32) out.link_local_next_hop = address_from(value.subspan(16));
      return;
    case AttributeType::kMultiExitDisc: out.med = load_u32(value.data()); return;
    case AttributeType::kLocalPref: out.local_pref = load_u32(value.data()); return;
    case AttributeType::kAtomicAggregate: out.atomic_aggregate = true; return;
    case AttributeType::kAggregator:
      out.aggregator = {rib::AsNumber{load_u32(value.data())}, address_from(value.subspan(4))};
      return;
    case AttributeType::kCommunities: out.communities = numbers_from(value); return;
    case AttributeType::kOriginatorId: out.originator_id = load_u32(value.data()); return;
    case AttributeType::kClusterList: out.cluster_list = numbers_from(value); return;
    case AttributeType::kExtendedCommunities:
      for (std::size_t at = 0; at + 8 <= value.size(); at += 8) {
        std::memcpy(out.extended_communities.emplace_back().data(), value.data() + at, 8);
      }
      return;
    case AttributeType::kLargeCommunities:
      for (std::size_t at = 0; at + 12 <= value.size(); at += 12) {
        const std::uint8_t* octets = value.data() + at;
        out.large_communities.push_back({load_u32(octets), load_u32(octets + 4), load_u32(octets + 8)});
      }
      return;
    case AttributeType::kOnlyToCustomer: out.only_to_customer = rib::AsNumber{load_u32(value.data())}; return;
    // Never in a canonical set.
    case AttributeType::kMpReachNlri:
    case AttributeType::kMpUnreachNlri:
    case AttributeType::kAs4Path:
    case AttributeType::kAs4Aggregator: return;
    // No field of its own.
    case AttributeType::kIpv6ExtendedCommunities:
    case AttributeType::kAigp: break;
  }
  const std::uint8_t flags = attribute.flags & static_cast<std::uint8_t>(~attribute_flag::kExtendedLength);
  out.others.push_back({flags, static_cast<std::uint8_t>(attribute.type), Bytes(value.begin(), value.end())});
}

// Appends attributes, which have to come in ascending order, and in between those that have no field of their own.
class SetWriter {
 public:
  explicit SetWriter(const PathAttributes& attributes) : others_(attributes.others), partial_(attributes.partial) {}

  void put(AttributeType type, std::uint8_t flags, ByteView value) {
    const auto number = static_cast<std::uint8_t>(type);
    put_others_below(number);
    if (flags == kOptionalTransitive && partial_ >> number & 1) flags |= attribute_flag::kPartial;
    append_attribute(flags, number, value);
  }
  void put_u32(AttributeType type, std::uint8_t flags, std::uint32_t number) {
    std::uint8_t value[4];
    store_u32(value, number);
    put(type, flags, value);
  }
  Bytes take() {
    put_others_below(256);
    return std::move(out_);
  }

 private:
  void put_others_below(unsigned number) {
    for (; next_other_ < others_.size() && others_[next_other_].type < number; ++next_other_) {
      append_attribute(others_[next_other_].flags, others_[next_other_].type, others_[next_other_].value);
    }
  }
  void append_attribute(std::uint8_t flags, std::uint8_t type, ByteView value) {
    const bool extended = value.size() > 255;
    out_.push_back(extended ? flags | attribute_flag::kExtendedLength : flags);
    out_.push_back(type);
    if (extended) {
      append_u16(out_, static_cast<std::uint16_t>(value.size()));
    } else {
      out_.push_back(static_cast<std::uint8_t>(value.size()));
    }
    append(out_, value);
  }

  const std::vector<PathAttributes::Other>& others_;
  std::uint64_t partial_;
  std::size_t next_other_ = 0;
  Bytes out_;
};

// A segment holds at most 255 numbers: longer ones are divided, the first part taking the remainder, so that prepending
// fills the short one first.
Bytes path_octets(const std::vector<AsPathSegment>& path) {
  Bytes out;
  for (const AsPathSegment& segment : path) {
    std::size_t done = 0;
    while (done < segment.numbers.size()) {
      const std::size_t left = segment.numbers.size() - done;
      const std::size_t count = left % 255 == 0 ? 255 : left % 255;
      out.push_back(static_cast<std::uint8_t>(segment.type));
      out.push_back(static_cast<std::uint8_t>(count));
      for (std::size_t i = 0; i < count; ++i) append_u32(out, segment.numbers[done + i].value);
      done += count;
    }
  }
  return out;
}

ByteView view(const rib::IpAddress& address) {
  return ByteView(address.octets).first(static_cast<std::size_t>(address.size()));
}

Bytes next_hop_octets(const PathAttributes& attributes) {
  Bytes out;
  append(out, view(*attributes.next_hop));
  if (attributes.link_local_next_hop) append(out, view(*attributes.link_local_next_hop));
  return out;
}

Bytes octets_of(const std::vector<std::uint32_t>& numbers) {
  Bytes out;
  for (const std::uint32_t number : numbers) append_u32(out, number);
  return out;
}

Bytes octets_of(const PathAttributes::Aggregator& aggregator) {
  Bytes out;
  append_u32(out, aggregator.as.value);
  append(out, view(aggregator.address));
  return out;
}

Bytes octets_of(const std::vector<LargeCommunity>& communities) {
  Bytes out;
  for (const LargeCommunity& community : communities) {
    append_u32(out, community.global);
    append_u32(out, community.local1);
    append_u32(out, community.local2);
  }
  return out;
}

Bytes octets_of(const std::vector<std::array<std::uint8_t, 8>>& communities) {
  Bytes out;
  for (const auto& community : communities) append(out, community);
  return out;
}

}  // namespace

bool AttributeReader::next() {
  if (rest_.empty()) return false;
  const std::uint8_t flags = rest_[0];
  const bool extended = flags & attribute_flag::kExtendedLength;
  const std::size_t header = extended ? 4 : 3;
  const std::size_t length = extended ? load_u16(rest_.data() + 2) : rest_[2];
  view_ = {flags, AttributeType{rest_[1]}, rest_.subspan(header, length)};
  rest_ = rest_.subspan(header + length);
  return true;
}

std::optional<AttributeView> find_attribute(ByteView canonical, AttributeType type) {
  for (AttributeReader reader(canonical); reader.next();) {
    if (reader.view().type == type) return reader.view();
    if (reader.view().type > type) break;
  }
  return std::nullopt;
}

PathAttributes parse_attributes(ByteView canonical) {
  PathAttributes attributes;
  for (AttributeReader reader(canonical); reader.next();) {
    const AttributeView& attribute = reader.view();
    take_apart(attribute, attributes);
    const auto number = static_cast<unsigned>(attribute.type);
    const bool in_others = !attributes.others.empty() && attributes.others.back().type == number;
    if (attribute.flags & attribute_flag::kPartial && !in_others) attributes.partial |= std::uint64_t{1} << number;
  }
  return attributes;
}

Bytes canonical_bytes(const PathAttributes& attributes) {
  SetWriter writer(attributes);
  const std::uint8_t origin = static_cast<std::uint8_t>(attributes.origin);
  writer.put(AttributeType::kOrigin, kWellKnown, {&origin, 1});
  writer.put(AttributeType::kAsPath, kWellKnown, path_octets(attributes.as_path));
  if (attributes.next_hop) writer.put(AttributeType::kNextHop, kWellKnown, next_hop_octets(attributes));
  if (attributes.med) writer.put_u32(AttributeType::kMultiExitDisc, kOptionalNonTransitive, *attributes.med);
  if (attributes.local_pref) writer.put_u32(AttributeType::kLocalPref, kWellKnown, *attributes.local_pref);
  if (attributes.atomic_aggregate) writer.put(AttributeType::kAtomicAggregate, kWellKnown, {});
  if (attributes.aggregator) {
    writer.put(AttributeType::kAggregator, kOptionalTransitive, octets_of(*attributes.aggregator));
  }
  if (!attributes.communities.empty()) {
    writer.put(AttributeType::kCommunities, kOptionalTransitive, octets_of(attributes.communities));
  }
  if (attributes.originator_id) {
    writer.put_u32(AttributeType::kOriginatorId, kOptionalNonTransitive, *attributes.originator_id);
  }
  if (!attributes.cluster_list.empty()) {
    writer.put(AttributeType::kClusterList, kOptionalNonTransitive, octets_of(attributes.cluster_list));
  }
  if (!attributes.extended_communities.empty()) {
    writer.put(AttributeType::kExtendedCommunities, kOptionalTransitive, octets_of(attributes.extended_communities));
  }
  if (!attributes.large_communities.empty()) {
    writer.put(AttributeType::kLargeCommunities, kOptionalTransitive, octets_of(attributes.large_communities));
  }
  if (attributes.only_to_customer) {
    writer.put_u32(AttributeType::kOnlyToCustomer, kOptionalTransitive, attributes.only_to_customer->value);
  }
  return writer.take();
}

rib::AttributeKey key_of(ByteView canonical) {
  // The same readers as on reception, as an internal speaker of four-octet numbers would be read: all is accepted.
  const UpdateContext context{.internal = true};
  Update update;
  UpdateReading reading{.context = context, .update = update};
  for (AttributeReader reader(canonical); reader.next();) {
    const AttributeRule* rule = find_rule(static_cast<std::uint8_t>(reader.view().type));
    if (rule && rule->read) rule->read(reader.view().value, reading);
  }
  return update.key;
}

}  // namespace tw::bgp
