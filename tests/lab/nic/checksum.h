// The Internet checksum (RFC 1071): sums of 16-bit words in network order, folded.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <span>

namespace tw::lab {

// Adds the octets to a running sum; an odd last octet counts as if a zero followed it. Fold before 2^32 words.
std::uint64_t add_to_sum(std::uint64_t sum, std::span<const std::uint8_t> octets);
std::uint16_t folded(std::uint64_t sum);

}  // namespace tw::lab
