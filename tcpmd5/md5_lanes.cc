// Which engines there are, asked of the processor once.
#include "tcpmd5/md5_lanes.h"

#include "tcpmd5/md5_lanes_x86.h"
#include "tcpmd5/md5_steps.h"

#include <algorithm>
#include <array>

namespace tw::tcpmd5 {
namespace {

std::uint32_t little_endian(const std::uint8_t* at) {
  return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8U | std::uint32_t{at[2]} << 16U | std::uint32_t{at[3]} << 24U;
}

void run_plain(std::uint32_t* state, const std::uint8_t* const* data, std::size_t blocks) {
  std::uint32_t s[4];
  std::copy_n(state, 4, s);
  const std::uint8_t* at = data[0];
  for (; blocks != 0; --blocks, at += kMd5Block) {
    std::uint32_t words[16];
    for (std::size_t i = 0; i < 16; ++i) words[i] = little_endian(at + 4 * i);
    md5_block<PlainMd5>(s, words);
  }
  std::copy_n(s, 4, state);
}

struct Engines {
  std::array<Md5Engine, 4> engines{{{"plain", 1, run_plain}}};
  std::size_t count = 1;

  Engines() {
#if defined(__x86_64__)
    // The system saves what registers these need: __builtin_cpu_supports() asks for that, too.
    __builtin_cpu_init();
    engines[count++] = {"sse2", 4, run_md5_sse2};
    if (__builtin_cpu_supports("avx2")) engines[count++] = {"avx2", 8, run_md5_avx2};
    if (__builtin_cpu_supports("avx512f")) engines[count++] = {"avx512", 16, run_md5_avx512};
#endif
  }
};

}  // namespace

std::span<const Md5Engine> md5_engines() {
  static const Engines kEngines;
  return std::span(kEngines.engines).first(kEngines.count);
}

}  // namespace tw::tcpmd5
