// The 64 steps of MD5 (RFC 1321 §3.4) over any kind of word: one 32-bit number, or a vector register of them, one for
// each of several messages that are digested side by side.
//
// Included into files that are compiled for processors that may not be there. So everything here has internal linkage,
// and nothing of the library is used whose code another file could then share.
#pragma once

#include <cstdint>

namespace tw::tcpmd5 {
namespace {

// floor(2^32 * abs(sin(i + 1))).
inline constexpr std::uint32_t kMd5Sine[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

// By how many bits to rotate, by round and position modulo 4.
inline constexpr int kMd5Shift[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

// Which word of the block a step takes.
constexpr unsigned md5_word(unsigned round, unsigned step) {
  constexpr unsigned kFactor[4] = {1, 5, 3, 7}, kOffset[4] = {0, 1, 5, 0};
  return (kFactor[round] * step + kOffset[round]) % 16;
}

// Ops is the kind of word: its type Word; add(x, y), spread(number), rotate<bits>(x), and mix<round>(b, c, d), which is
// F, G, H and I of the RFC.
template <class Ops, unsigned kStep>
[[gnu::always_inline]] inline void md5_step(typename Ops::Word (&s)[4], const typename Ops::Word (&words)[16]) {
  constexpr unsigned kRound = kStep / 16;
  // What b is called moves on by one register with each step.
  auto& a = s[(64 - kStep) % 4];
  const auto b = s[(65 - kStep) % 4], c = s[(66 - kStep) % 4], d = s[(67 - kStep) % 4];
  const auto known = Ops::add(Ops::add(a, Ops::spread(kMd5Sine[kStep])), words[md5_word(kRound, kStep % 16)]);
  const auto mixed = Ops::add(known, Ops::template mix<kRound>(b, c, d));
  a = Ops::add(b, Ops::template rotate<kMd5Shift[kRound][kStep % 4]>(mixed));
}

template <class Ops, unsigned kStep = 0>
[[gnu::always_inline]] inline void md5_steps(typename Ops::Word (&s)[4], const typename Ops::Word (&words)[16]) {
  if constexpr (kStep < 64) {
    md5_step<Ops, kStep>(s, words);
    md5_steps<Ops, kStep + 1>(s, words);
  }
}

// One block into the state.
template <class Ops>
[[gnu::always_inline]] inline void md5_block(typename Ops::Word (&state)[4], const typename Ops::Word (&words)[16]) {
  typename Ops::Word s[4] = {state[0], state[1], state[2], state[3]};
  md5_steps<Ops>(s, words);
  for (int i = 0; i < 4; ++i) state[i] = Ops::add(state[i], s[i]);
}

// One message, for any processor.
struct PlainMd5 {
  using Word = std::uint32_t;
  static Word add(Word x, Word y) { return x + y; }
  static Word spread(std::uint32_t number) { return number; }
  template <int kBits>
  static Word rotate(Word x) {
    return x << kBits | x >> (32 - kBits);
  }
  template <unsigned kRound>
  static Word mix(Word b, Word c, Word d) {
    if constexpr (kRound == 0) return d ^ (b & (c ^ d));
    if constexpr (kRound == 1) return c ^ (d & (b ^ c));
    if constexpr (kRound == 2) return b ^ c ^ d;
    if constexpr (kRound == 3) return c ^ (b | ~d);
  }
};

}  // namespace
}  // namespace tw::tcpmd5
