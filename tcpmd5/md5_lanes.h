// MD5 of several messages side by side, one in each lane of the vector registers: the engines that a processor has.
//
// An engine only turns blocks into states; what messages are made of, and which lane is whose, is batch_digest's.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tw::tcpmd5 {

inline constexpr std::size_t kMd5Block = 64;  // octets
inline constexpr std::size_t kMaxMd5Lanes = 16;
inline constexpr std::uint32_t kMd5Start[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

struct Md5Engine {
  std::string_view name;  // "plain", "sse2", "avx2", "avx512"
  std::size_t lanes;
  // Takes `blocks` blocks, which lie behind one another at data[lane], into the state of each lane: state[i * lanes +
  // lane] is word i of it. REQUIRES: every data[lane] may be read so far. No alignment needed.
  void (*run)(std::uint32_t* state, const std::uint8_t* const* data, std::size_t blocks);
};

// Those that this processor has, the fastest last; at least one.
std::span<const Md5Engine> md5_engines();
inline const Md5Engine& fastest_md5_engine() { return md5_engines().back(); }

}  // namespace tw::tcpmd5
