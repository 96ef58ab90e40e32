// MD5 (RFC 1321), for RFC 2385 digests only: MD5 is broken wherever collisions matter.
//
// Our own because providers of approved cryptography (FIPS) have none, and the verifier must work where they rule.
// Pure; a value; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tw::tcpmd5 {

class Md5 {
 public:
  using Digest = std::array<std::uint8_t, 16>;

  Md5() = default;
  ~Md5();  // wipes its state, which may hold a key
  Md5(const Md5&) = default;
  Md5& operator=(const Md5&) = default;

  void update(std::span<const std::uint8_t> data);
  // Pads and returns the digest. Not to be used afterwards.
  Digest finish();

 private:
  static constexpr std::size_t kBlock = 64;

  void transform(const std::uint8_t* block);

  std::array<std::uint32_t, 4> state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::array<std::uint8_t, kBlock> pending_{};
  std::uint64_t length_ = 0;  // octets so far; length_ % kBlock of them are pending
};

}  // namespace tw::tcpmd5
