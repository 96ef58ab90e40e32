// Sixteen lanes. Compiled with -mavx512f, which has rotation, and any function of three bits, as one instruction.
#include "tcpmd5/md5_lanes_x86.h"
#include "tcpmd5/md5_steps.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace tw::tcpmd5 {
namespace {

struct Avx512 {
  using Word = __m512i;
  static Word add(Word x, Word y) { return _mm512_add_epi32(x, y); }
  static Word spread(std::uint32_t number) { return _mm512_set1_epi32(static_cast<int>(number)); }
  template <int kBits>
  static Word rotate(Word x) {
    return _mm512_rol_epi32(x, kBits);
  }
  // Bit 4b + 2c + d of the constant is the function's value for these bits of b, c and d.
  template <unsigned kRound>
  static Word mix(Word b, Word c, Word d) {
    constexpr int kTruth[4] = {0xca, 0xe4, 0x96, 0x39};
    return _mm512_ternarylogic_epi32(b, c, d, kTruth[kRound]);
  }
};

// Sixteen words from each of sixteen messages become sixteen registers, one for each word.
inline void transpose(const std::uint8_t* const* data, std::size_t at, __m512i* words) {
  __m512i a[16], b[16];
  for (int i = 0; i < 16; i += 2) {
    const __m512i even = _mm512_loadu_si512(data[i] + at), odd = _mm512_loadu_si512(data[i + 1] + at);
    a[i] = _mm512_unpacklo_epi32(even, odd);
    a[i + 1] = _mm512_unpackhi_epi32(even, odd);
  }
  for (int i = 0; i < 16; i += 4) {
    b[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
    b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
    b[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
    b[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
  }
  // b[4g + k] now holds, in its quarter q, word 4q + k of messages 4g to 4g + 3.
  for (int k = 0; k < 4; ++k) {
    const __m512i first02 = _mm512_shuffle_i32x4(b[k], b[k + 4], 0x88);
    const __m512i first13 = _mm512_shuffle_i32x4(b[k], b[k + 4], 0xdd);
    const __m512i last02 = _mm512_shuffle_i32x4(b[k + 8], b[k + 12], 0x88);
    const __m512i last13 = _mm512_shuffle_i32x4(b[k + 8], b[k + 12], 0xdd);
    words[k] = _mm512_shuffle_i32x4(first02, last02, 0x88);
    words[k + 8] = _mm512_shuffle_i32x4(first02, last02, 0xdd);
    words[k + 4] = _mm512_shuffle_i32x4(first13, last13, 0x88);
    words[k + 12] = _mm512_shuffle_i32x4(first13, last13, 0xdd);
  }
}

}  // namespace

void run_md5_avx512(std::uint32_t* state, const std::uint8_t* const* data, std::size_t blocks) {
  __m512i s[4];
  for (int i = 0; i < 4; ++i) s[i] = _mm512_loadu_si512(state + 16 * i);
  for (std::size_t at = 0; blocks != 0; --blocks, at += 64) {
    __m512i words[16];
    transpose(data, at, words);
    md5_block<Avx512>(s, words);
  }
  for (int i = 0; i < 4; ++i) _mm512_storeu_si512(state + 16 * i, s[i]);
}

}  // namespace tw::tcpmd5
#endif
