// RFC 1321 §3.
#include "tcpmd5/md5.h"

#include "tcpmd5/md5_steps.h"

#include <string.h>  // explicit_bzero

#include <algorithm>
#include <cstring>

namespace tw::tcpmd5 {
namespace {

std::uint32_t little_endian(const std::uint8_t* at) {
  return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[3]} << 24;
}

}  // namespace

Md5::~Md5() {
  explicit_bzero(state_.data(), sizeof state_);
  explicit_bzero(pending_.data(), sizeof pending_);
}

void Md5::transform(const std::uint8_t* block) {
  std::uint32_t words[16];
  for (std::size_t i = 0; i < 16; ++i) words[i] = little_endian(block + 4 * i);
  std::uint32_t state[4];
  std::copy(state_.begin(), state_.end(), state);
  md5_block<PlainMd5>(state, words);
  std::copy_n(state, state_.size(), state_.begin());
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
