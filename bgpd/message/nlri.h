// Prefixes as they stand in messages: RFC 4271 §4.3, RFC 4760 §5, and RFC 7911 §3 with path identifiers.
//
// Pure; thread-safe (no shared state). Reading a prefix is O(1), allocates nothing and cannot fail, because
// check_nlri() has seen the whole field before.
#pragma once

#include "bgpd/message/octets.h"
#include "rib/prefix.h"

#include <cstdint>
#include <cstring>
#include <span>

namespace tw::bgp {

enum class NlriSyntax : std::uint8_t {
  kCorrect,
  kWithMartians,  // correct, but with prefixes that the reader will leave out
  kLengthTooLarge,
  kCutOff,
};
// RFC 7606 §5.3: is every length within the family's, and does the last prefix end where the field does?
NlriSyntax check_nlri(std::span<const std::uint8_t> nlri, rib::Family family, bool add_path);

// Whether a prefix can be no unicast destination: 0.0.0.0/8 (but not the default route), 127.0.0.0/8, 224.0.0.0/3 and
// what lies in them; ::/128, ::1/128, fe80::/10, ff00::/8. RFC 4271 §6.3: such a prefix should be ignored.
// `first`: the octets of the prefix, as many as `length` needs.
inline bool is_martian_v4(const std::uint8_t* first, unsigned length) {
  if (length < 3) return false;
  if (length < 8) return first[0] >= 224;
  return first[0] == 0 || first[0] == 127 || first[0] >= 224;
}
bool is_martian_v6(const std::uint8_t* first, unsigned length);

// Reads NLRI that decode() has checked; bits beyond the prefix length are cleared, martians are left out.
//   NlriReader reader(update.announced, Family::kIpv4Unicast, add_path);
//   while (reader.next()) use(reader.prefix(), reader.path_id());
class NlriReader {
 public:
  NlriReader(std::span<const std::uint8_t> nlri, rib::Family family, bool add_path)
      : at_(nlri.data()), end_(nlri.data() + nlri.size()), add_path_(add_path) {
    prefix_.family = family;
  }
  bool next() { return prefix_.family == rib::Family::kIpv4Unicast ? next_v4() : next_v6(); }
  const rib::Prefix& prefix() const { return prefix_; }
  std::uint32_t path_id() const { return path_id_; }  // 0 without add-path

 private:
  // Takes the path identifier and the length; returns where the address octets are.
  const std::uint8_t* take_head() {
    if (add_path_) {
      path_id_ = load_u32(at_);
      at_ += 4;
    }
    prefix_.length = *at_++;
    const std::uint8_t* octets = at_;
    at_ += (prefix_.length + 7U) / 8U;
    return octets;
  }

  bool next_v4() {
    while (at_ != end_) {
      const std::uint8_t* octets = take_head();
      const unsigned length = prefix_.length;
      if (is_martian_v4(octets, length)) [[unlikely]]
        continue;
      std::uint32_t value = 0;
      if (end_ - octets >= 4) [[likely]] {
        value = load_u32(octets);
      } else {
        for (int i = 0; octets + i != at_; ++i) value |= std::uint32_t{octets[i]} << (24 - 8 * i);
      }
      store_u32(prefix_.octets.data(), length == 0 ? 0 : value & ~std::uint32_t{0} << (32 - length));
      return true;
    }
    return false;
  }

  bool next_v6() {
    while (at_ != end_) {
      const std::uint8_t* octets = take_head();
      const unsigned length = prefix_.length;
      if (is_martian_v6(octets, length)) [[unlikely]]
        continue;
      std::uint8_t padded[16];
      if (end_ - octets < 16) {
        std::memset(padded, 0, sizeof padded);
        std::memcpy(padded, octets, static_cast<std::size_t>(at_ - octets));
        octets = padded;
      }
      store_u64(prefix_.octets.data(), load_u64(octets) & leading_ones(length));
      store_u64(prefix_.octets.data() + 8, load_u64(octets + 8) & leading_ones(length > 64 ? length - 64 : 0));
      return true;
    }
    return false;
  }

  static std::uint64_t leading_ones(unsigned count) {
    if (count == 0) return 0;
    return count >= 64 ? ~std::uint64_t{0} : ~std::uint64_t{0} << (64 - count);
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  rib::Prefix prefix_;
  std::uint32_t path_id_ = 0;
  bool add_path_;
};

}  // namespace tw::bgp
