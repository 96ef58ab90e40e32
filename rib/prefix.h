// Addresses and prefixes as routing needs them: plain values, no sockets, no resolver.
//
// Values, freely copied between threads. IPv4 occupies the first four octets, the rest is zero, so that equality and
// hashing never look at a family-dependent number of octets.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tw::rib {

// The two address families that we route: AFI 1 and 2, SAFI 1 (RFC 4760).
enum class Family : std::uint8_t { kIpv4Unicast = 0, kIpv6Unicast = 1 };
inline constexpr int kFamilies = 2;
inline constexpr std::array<Family, kFamilies> kAllFamilies = {Family::kIpv4Unicast, Family::kIpv6Unicast};

constexpr int index_of(Family family) { return static_cast<int>(family); }
constexpr int max_length(Family family) { return family == Family::kIpv4Unicast ? 32 : 128; }
std::string_view name(Family family);  // "ipv4-unicast", "ipv6-unicast"
std::optional<Family> family_named(std::string_view text);

// A set of families, one bit each.
struct FamilySet {
  std::uint8_t bits = 0;
  constexpr bool has(Family f) const { return bits & (1U << index_of(f)); }
  constexpr void add(Family f) { bits = static_cast<std::uint8_t>(bits | (1U << index_of(f))); }
  constexpr bool empty() const { return bits == 0; }
  constexpr FamilySet operator&(FamilySet o) const { return {static_cast<std::uint8_t>(bits & o.bits)}; }
  bool operator==(const FamilySet&) const = default;
};

// An IPv4 or IPv6 address without a scope. Interfaces of link-local addresses are kept beside it by whoever needs them.
struct IpAddress {
  std::array<std::uint8_t, 16> octets{};
  bool v6 = false;

  static IpAddress v4(std::uint32_t host_order);
  std::uint32_t v4_value() const;  // REQUIRES: !v6. Host byte order.
  bool is_link_local() const;      // fe80::/10 or 169.254.0.0/16
  bool is_unspecified() const;
  int size() const { return v6 ? 16 : 4; }
  auto operator<=>(const IpAddress&) const = default;
};
// Dotted quad or RFC 4291 text; nothing else (no scope, no surrounding space). Printing follows RFC 5952.
std::optional<IpAddress> parse_address(std::string_view text);
std::string to_string(const IpAddress& address);

// A destination. INVARIANT: bits beyond `length` are zero; length <= max_length(family).
struct Prefix {
  std::array<std::uint8_t, 16> octets{};
  std::uint8_t length = 0;
  Family family = Family::kIpv4Unicast;

  bool contains(const IpAddress& address) const;
  bool contains(const Prefix& other) const;  // equal counts
  IpAddress address() const;                 // the network address
  auto operator<=>(const Prefix&) const = default;
};
Prefix make_prefix(const IpAddress& address,
                   int length);  // clears host bits. REQUIRES: 0 <= length <= 8 * address.size()
// "192.0.2.0/24". `strict`: host bits set is an error (nothing), otherwise they are cleared.
std::optional<Prefix> parse_prefix(std::string_view text, bool strict = true);
std::string to_string(const Prefix& prefix);

}  // namespace tw::rib
