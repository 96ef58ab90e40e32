// Eight lanes. Compiled with -mavx2.
#include "tcpmd5/md5_lanes_x86.h"
#include "tcpmd5/md5_steps.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace tw::tcpmd5 {
namespace {

struct Avx2 {
  using Word = __m256i;
  static Word add(Word x, Word y) { return _mm256_add_epi32(x, y); }
  static Word spread(std::uint32_t number) { return _mm256_set1_epi32(static_cast<int>(number)); }
  template <int kBits>
  static Word rotate(Word x) {
    return _mm256_or_si256(_mm256_slli_epi32(x, kBits), _mm256_srli_epi32(x, 32 - kBits));
  }
  template <unsigned kRound>
  static Word mix(Word b, Word c, Word d) {
    if constexpr (kRound == 0) return _mm256_xor_si256(d, _mm256_and_si256(b, _mm256_xor_si256(c, d)));
    if constexpr (kRound == 1) return _mm256_xor_si256(c, _mm256_and_si256(d, _mm256_xor_si256(b, c)));
    if constexpr (kRound == 2) return _mm256_xor_si256(_mm256_xor_si256(b, c), d);
    if constexpr (kRound == 3)
      return _mm256_xor_si256(c, _mm256_or_si256(b, _mm256_xor_si256(d, _mm256_set1_epi32(-1))));
  }
};

// Eight words from each of eight messages become eight registers, one for each word.
inline void transpose(const std::uint8_t* const* data, std::size_t at, __m256i* words) {
  __m256i pairs[8], quads[8];
  for (int i = 0; i < 8; i += 2) {
    const __m256i even = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data[i] + at));
    const __m256i odd = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data[i + 1] + at));
    pairs[i] = _mm256_unpacklo_epi32(even, odd);
    pairs[i + 1] = _mm256_unpackhi_epi32(even, odd);
  }
  for (int i = 0; i < 8; i += 4) {
    quads[i] = _mm256_unpacklo_epi64(pairs[i], pairs[i + 2]);
    quads[i + 1] = _mm256_unpackhi_epi64(pairs[i], pairs[i + 2]);
    quads[i + 2] = _mm256_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    quads[i + 3] = _mm256_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    words[i] = _mm256_permute2x128_si256(quads[i], quads[i + 4], 0x20);
    words[i + 4] = _mm256_permute2x128_si256(quads[i], quads[i + 4], 0x31);
  }
}

}  // namespace

void run_md5_avx2(std::uint32_t* state, const std::uint8_t* const* data, std::size_t blocks) {
  auto* registers = reinterpret_cast<__m256i*>(state);
  __m256i s[4];
  for (int i = 0; i < 4; ++i) s[i] = _mm256_loadu_si256(registers + i);
  for (std::size_t at = 0; blocks != 0; --blocks, at += 64) {
    __m256i words[16];
    transpose(data, at, words);
    transpose(data, at + 32, words + 8);
    md5_block<Avx2>(s, words);
  }
  for (int i = 0; i < 4; ++i) _mm256_storeu_si256(registers + i, s[i]);
}

}  // namespace tw::tcpmd5
#endif
