// Reading and building canonical attribute sets (see rib/attribute_store.h) for policy, people and the encoder.
//
// Pure; thread-safe.
#pragma once

#include "bgpd/message/update.h"
#include "rib/attribute_store.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tw::bgp {

// One attribute of a canonical set.
struct AttributeView {
  std::uint8_t flags;
  AttributeType type;
  ByteView value;
};
// Walks a canonical set.  for (AttributeReader r(bytes); r.next();) use(r.view());
class AttributeReader {
 public:
  explicit AttributeReader(ByteView canonical) : rest_(canonical) {}
  bool next();
  const AttributeView& view() const { return view_; }

 private:
  ByteView rest_;
  AttributeView view_{};
};
std::optional<AttributeView> find_attribute(ByteView canonical, AttributeType type);

enum class SegmentType : std::uint8_t { kSet = 1, kSequence = 2, kConfedSequence = 3, kConfedSet = 4 };
struct AsPathSegment {
  SegmentType type = SegmentType::kSequence;
  std::vector<rib::AsNumber> numbers;
  bool operator==(const AsPathSegment&) const = default;
};
struct LargeCommunity {
  std::uint32_t global = 0, local1 = 0, local2 = 0;
  auto operator<=>(const LargeCommunity&) const = default;
};

// A set taken apart, for changing or showing it; not for the hot path.
struct PathAttributes {
  rib::Origin origin = rib::Origin::kIgp;
  std::vector<AsPathSegment> as_path;
  std::optional<rib::IpAddress> next_hop;
  std::optional<rib::IpAddress> link_local_next_hop;  // RFC 2545
  std::optional<std::uint32_t> med, local_pref;
  bool atomic_aggregate = false;
  struct Aggregator {
    rib::AsNumber as;
    rib::IpAddress address;
    bool operator==(const Aggregator&) const = default;
  };
  std::optional<Aggregator> aggregator;
  std::vector<std::uint32_t> communities;
  std::vector<std::array<std::uint8_t, 8>> extended_communities;
  std::vector<LargeCommunity> large_communities;
  std::optional<std::uint32_t> originator_id;
  std::vector<std::uint32_t> cluster_list;
  std::optional<rib::AsNumber> only_to_customer;
  struct Other {
    std::uint8_t flags;
    std::uint8_t type;
    Bytes value;
    bool operator==(const Other&) const = default;
  };
  std::vector<Other> others;  // everything else, ascending
  // One bit per type: of the fields above, those that came with the Partial bit, which must not be cleared again
  // (RFC 4271 §5).
  std::uint64_t partial = 0;
  bool operator==(const PathAttributes&) const = default;
};
PathAttributes parse_attributes(ByteView canonical);
Bytes canonical_bytes(const PathAttributes& attributes);
rib::AttributeKey key_of(ByteView canonical);

// "64496 64497 {64498 64499}"; confederation segments in () and [].
std::string as_path_text(const std::vector<AsPathSegment>& path);
// "64496:100", or the name of a well-known one ("no-export").
std::string community_text(std::uint32_t community);
std::optional<std::uint32_t> parse_community(std::string_view text);
std::string large_community_text(const LargeCommunity& community);  // "64496:1:2"
std::optional<LargeCommunity> parse_large_community(std::string_view text);
std::string extended_community_text(
    const std::array<std::uint8_t, 8>& community);  // "rt:64496:100", "soo:…", else "0x…"
std::optional<std::array<std::uint8_t, 8>> parse_extended_community(std::string_view text);

inline constexpr std::uint32_t kNoExport = 0xFFFFFF01, kNoAdvertise = 0xFFFFFF02, kNoExportSubconfed = 0xFFFFFF03,
                               kNoPeer = 0xFFFFFF04, kGracefulShutdown = 0xFFFF0000, kBlackhole = 0xFFFF029A;

}  // namespace tw::bgp
