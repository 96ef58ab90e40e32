// Path attributes as a neighbour is to receive them, made from a canonical set (rib/attribute_store.h).
//
// This is where the rules per kind of session live: RFC 4271 §5.1 (AS_PATH, NEXT_HOP, MULTI_EXIT_DISC, LOCAL_PREF),
// 4456 §8 (reflection), 6793 §4.2.2 (two-octet neighbours), 9234 §5 (OTC), 2545 §3 (link-local next hops), 7311 §3
// (AIGP stays inside). Pure; not thread-safe (scratch).
#pragma once

#include "bgpd/export/export_context.h"
#include "bgpd/message/attributes.h"
#include "bgpd/message/message.h"
#include "rib/rib.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tw::bgp {

// On MULTI_EXIT_DISC and NEXT_HOP of a set that an exporter made: export policy chose this value, so it goes out where
// the received one would not. The bit is Partial, which canonical sets have on optional transitive attributes only.
inline constexpr std::uint8_t kChosenByPolicy = attribute_flag::kPartial;

// 4 octets, 16, or 32: global and link-local (RFC 2545 §3).
struct NextHop {
  std::array<std::uint8_t, 32> octets{};
  std::uint8_t size = 0;
  bool operator==(const NextHop&) const = default;
};

// The next hop to announce; nothing: there is none that a neighbour of this context could use.
std::optional<NextHop> next_hop_for(const ExportContext& context, const rib::SourceTraits& source, rib::Family family,
                                    ByteView canonical);

struct WireAttributes {
  Bytes octets;      // all of them, ascending, without MP_REACH_NLRI
  NextHop next_hop;  // IPv6: belongs into MP_REACH_NLRI. IPv4: empty, it is among the octets
  bool operator==(const WireAttributes&) const = default;
};

class AttributeWriter {
 public:
  explicit AttributeWriter(const ExportContext& context) : context_(context) {}

  // False: there is no next hop to announce. REQUIRES: `canonical` has at most 65,535 octets.
  bool write(ByteView canonical, const rib::AttributeKey& key, const rib::SourceTraits& source, rib::Family family,
             WireAttributes& out);

 private:
  struct Found;  // the attributes of the set that the rules look at
  struct Added {
    AttributeType type;
    std::uint8_t flags;
    ByteView value;  // in the scratch below
  };

  // Puts an attribute in, or gives one of the set another value.
  void add(AttributeType type, std::uint8_t flags, ByteView value);
  void drop(AttributeType type) { skip_ |= std::uint64_t{1} << static_cast<unsigned>(type); }

  void rewrite_next_hop(const NextHop& next_hop);
  void rewrite_med(const Found& found, const rib::SourceTraits& source);
  void rewrite_local_pref(const Found& found, const rib::AttributeKey& key);
  void rewrite_as_path(const Found& found);
  void rewrite_aggregator(const Found& found);
  void rewrite_reflection(const Found& found, const rib::SourceTraits& source);
  void rewrite_only_to_customer(const Found& found);
  ByteView prepended(ByteView path);
  ByteView in_two_octets(ByteView path);
  ByteView without_confederation(ByteView path);
  void merge(ByteView canonical, Bytes& out);

  bool external() const { return context_.kind == rib::SourceKind::kEbgp; }

  const ExportContext& context_;
  std::uint64_t skip_ = 0;  // a bit per type that is not copied from the set
  std::array<Added, 10> added_{};
  std::size_t added_count_ = 0;
  using Number = std::array<std::uint8_t, 4>;
  Number next_hop_{}, local_pref_{}, originator_{}, only_to_customer_{};
  Bytes path_, short_path_, long_path_, cluster_list_, aggregator_;
};

}  // namespace tw::bgp
