// RFC 1321 §3.
#include "tcpmd5/md5.h"

#include <string.h>  // explicit_bzero

#include <algorithm>
#include <bit>
#include <cstring>

namespace tw::tcpmd5 {
namespace {

// §3.4: floor(2^32 * abs(sin(i + 1))).
constexpr std::array<std::uint32_t, 64> kSine = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

// §3.4: by how many bits to rotate, by round and position modulo 4.
constexpr int kShift[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

std::uint32_t little_endian(const std::uint8_t* at) {
  return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[3]} << 24;
}

struct Round {
  std::uint32_t mixed;  // F, G, H or I of §3.4
  unsigned word;        // of the block
};

template <unsigned kRound>
Round round_of(unsigned i, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  if constexpr (kRound == 0) return {d ^ (b & (c ^ d)), i};
  if constexpr (kRound == 1) return {c ^ (d & (b ^ c)), (5 * i + 1) % 16};
  if constexpr (kRound == 2) return {b ^ c ^ d, (3 * i + 5) % 16};
  if constexpr (kRound == 3) return {c ^ (b | ~d), (7 * i) % 16};
}

using State = std::array<std::uint32_t, 4>;

template <unsigned kRound>
void sixteen_steps(State& state, const std::array<std::uint32_t, 16>& words) {
  auto [a, b, c, d] = state;
#pragma GCC unroll 16
  for (unsigned step = 0; step < 16; ++step) {
    const unsigned i = kRound * 16 + step;
    const Round it = round_of<kRound>(i, b, c, d);
    const std::uint32_t turned = std::rotl(a + it.mixed + kSine[i] + words[it.word], kShift[kRound][step % 4]);
    a = d;
    d = c;
    c = b;
    b += turned;
  }
  state = {a, b, c, d};
}

}  // namespace

Md5::~Md5() {
  explicit_bzero(state_.data(), sizeof state_);
  explicit_bzero(pending_.data(), sizeof pending_);
}

void Md5::transform(const std::uint8_t* block) {
  std::array<std::uint32_t, 16> words;
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = little_endian(block + 4 * i);
  State state = state_;
  sixteen_steps<0>(state, words);
  sixteen_steps<1>(state, words);
  sixteen_steps<2>(state, words);
  sixteen_steps<3>(state, words);
  for (std::size_t i = 0; i < state.size(); ++i) state_[i] += state[i];
}

void Md5::update(std::span<const std::uint8_t> data) {
  const std::size_t held = length_ % kBlock;
  length_ += data.size();
  if (held != 0) {
    const std::size_t taken = std::min(kBlock - held, data.size());
    std::copy_n(data.begin(), taken, pending_.begin() + static_cast<std::ptrdiff_t>(held));
    data = data.subspan(taken);
    if (held + taken < kBlock) return;
    transform(pending_.data());
  }
  for (; data.size() >= kBlock; data = data.subspan(kBlock)) transform(data.data());
  std::copy(data.begin(), data.end(), pending_.begin());
}

Md5::Digest Md5::finish() {
  static constexpr std::array<std::uint8_t, kBlock> kPadding{0x80};
  const std::uint64_t bits = length_ * 8;
  const std::size_t held = length_ % kBlock;
  update(std::span(kPadding).first(held < 56 ? 56 - held : 120 - held));
  std::array<std::uint8_t, 8> length;
  for (std::size_t i = 0; i < length.size(); ++i) length[i] = static_cast<std::uint8_t>(bits >> (8 * i));
  update(length);
  Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::uint8_t>(state_[i / 4] >> (8 * (i % 4)));
  return digest;
}

}  // namespace tw::tcpmd5
