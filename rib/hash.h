// The hash of the RIB's own tables: multiply and fold, eight octets at a time, keyed per process.
//
// Peers choose the prefixes and attributes that we hash, so the key is random: nobody can prepare colliding ones. Not
// a cryptographic hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>

namespace tw::rib {

class Hash {
 public:
  Hash() {
    std::random_device device;
    const auto word = [&] { return static_cast<std::uint64_t>(device()) << 32 | device(); };
    a_ = word() | 1;
    b_ = word() | 1;
  }

  std::uint64_t of(std::uint64_t x, std::uint64_t y) const { return fold(x ^ a_, y ^ b_); }

  std::uint64_t of(std::span<const std::uint8_t> octets) const {
    const std::uint8_t* p = octets.data();
    std::size_t left = octets.size();
    std::uint64_t state = a_ ^ left;
    for (; left > 16; left -= 16, p += 16) state = fold(load(p) ^ b_, load(p + 8) ^ state);
    std::uint64_t tail[2] = {};
    if (left > 0) std::memcpy(tail, p, left);
    return fold(fold(tail[0] ^ b_, tail[1] ^ state), a_);
  }

 private:
  static std::uint64_t load(const std::uint8_t* p) {
    std::uint64_t word;
    std::memcpy(&word, p, sizeof word);
    return word;
  }
  static std::uint64_t fold(std::uint64_t x, std::uint64_t y) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(x) * y;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  std::uint64_t a_, b_;
};

}  // namespace tw::rib
