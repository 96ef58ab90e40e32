// Address families as they stand in messages: AFI and SAFI (RFC 4760 §3, §6).
#pragma once

#include "rib/prefix.h"

#include <cstdint>
#include <optional>

namespace tw::bgp {

inline constexpr std::uint16_t kAfiIpv4 = 1, kAfiIpv6 = 2;
inline constexpr std::uint8_t kSafiUnicast = 1;

constexpr std::uint16_t afi_of(rib::Family family) { return family == rib::Family::kIpv4Unicast ? kAfiIpv4 : kAfiIpv6; }
// Nothing: not a family that we route.
constexpr std::optional<rib::Family> family_of(std::uint16_t afi, std::uint8_t safi) {
  if (safi != kSafiUnicast) return std::nullopt;
  if (afi == kAfiIpv4) return rib::Family::kIpv4Unicast;
  if (afi == kAfiIpv6) return rib::Family::kIpv6Unicast;
  return std::nullopt;
}

}  // namespace tw::bgp
