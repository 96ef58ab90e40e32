// Four lanes. Every x86-64 processor has these instructions.
#include "tcpmd5/md5_lanes_x86.h"
#include "tcpmd5/md5_steps.h"

#if defined(__x86_64__)
#include <emmintrin.h>

namespace tw::tcpmd5 {
namespace {

struct Sse2 {
  using Word = __m128i;
  static Word add(Word x, Word y) { return _mm_add_epi32(x, y); }
  static Word spread(std::uint32_t number) { return _mm_set1_epi32(static_cast<int>(number)); }
  template <int kBits>
  static Word rotate(Word x) {
    return _mm_or_si128(_mm_slli_epi32(x, kBits), _mm_srli_epi32(x, 32 - kBits));
  }
  template <unsigned kRound>
  static Word mix(Word b, Word c, Word d) {
    if constexpr (kRound == 0) return _mm_xor_si128(d, _mm_and_si128(b, _mm_xor_si128(c, d)));
    if constexpr (kRound == 1) return _mm_xor_si128(c, _mm_and_si128(d, _mm_xor_si128(b, c)));
    if constexpr (kRound == 2) return _mm_xor_si128(_mm_xor_si128(b, c), d);
    if constexpr (kRound == 3) return _mm_xor_si128(c, _mm_or_si128(b, _mm_xor_si128(d, _mm_set1_epi32(-1))));
  }
};

// Four words from each of four messages become four registers, one for each word.
inline void transpose(const std::uint8_t* const* data, std::size_t at, __m128i* words) {
  __m128i row[4];
  for (int i = 0; i < 4; ++i) row[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data[i] + at));
  const __m128i low01 = _mm_unpacklo_epi32(row[0], row[1]), high01 = _mm_unpackhi_epi32(row[0], row[1]);
  const __m128i low23 = _mm_unpacklo_epi32(row[2], row[3]), high23 = _mm_unpackhi_epi32(row[2], row[3]);
  words[0] = _mm_unpacklo_epi64(low01, low23);
  words[1] = _mm_unpackhi_epi64(low01, low23);
  words[2] = _mm_unpacklo_epi64(high01, high23);
  words[3] = _mm_unpackhi_epi64(high01, high23);
}

}  // namespace

void run_md5_sse2(std::uint32_t* state, const std::uint8_t* const* data, std::size_t blocks) {
  auto* registers = reinterpret_cast<__m128i*>(state);
  __m128i s[4];
  for (int i = 0; i < 4; ++i) s[i] = _mm_loadu_si128(registers + i);
  for (std::size_t at = 0; blocks != 0; --blocks, at += 64) {
    __m128i words[16];
    for (int part = 0; part < 4; ++part) transpose(data, at + 16 * static_cast<std::size_t>(part), words + 4 * part);
    md5_block<Sse2>(s, words);
  }
  for (int i = 0; i < 4; ++i) _mm_storeu_si128(registers + i, s[i]);
}

}  // namespace tw::tcpmd5
#endif
