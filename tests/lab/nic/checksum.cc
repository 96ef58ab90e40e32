#include "tests/lab/nic/checksum.h"

#include <bit>
#include <cstring>

namespace tw::lab {

std::uint64_t add_to_sum(std::uint64_t sum, std::span<const std::uint8_t> octets) {
  static_assert(std::endian::native == std::endian::little);
  // Summed in the machine's order, 32 bits at a time, and swapped once at the end: RFC 1071 §2 (B).
  std::uint64_t native = 0;
  std::size_t i = 0;
  for (; i + 4 <= octets.size(); i += 4) {
    std::uint32_t word;
    std::memcpy(&word, octets.data() + i, sizeof word);
    native += word;
  }
  while (native >> 16 != 0) native = (native & 0xffff) + (native >> 16);
  sum += __builtin_bswap16(static_cast<std::uint16_t>(native));
  for (; i < octets.size(); ++i) sum += i % 2 == 0 ? static_cast<std::uint64_t>(octets[i]) << 8 : octets[i];
  return sum;
}

std::uint16_t folded(std::uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

}  // namespace tw::lab
