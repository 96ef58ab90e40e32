// The syntax of NLRI fields, and the prefixes that can be no destination.
#include "bgpd/message/nlri.h"

namespace tw::bgp {

NlriSyntax check_nlri(std::span<const std::uint8_t> nlri, rib::Family family, bool add_path) {
  const bool v4 = family == rib::Family::kIpv4Unicast;
  const unsigned longest = static_cast<unsigned>(rib::max_length(family));
  const std::size_t head = add_path ? 5 : 1;  // path identifier and length
  const std::uint8_t* at = nlri.data();
  std::size_t left = nlri.size();
  bool martians = false;
  while (left != 0) {
    if (left < head) return NlriSyntax::kCutOff;
    const unsigned length = at[head - 1];
    if (length > longest) return NlriSyntax::kLengthTooLarge;
    const std::size_t size = head + (length + 7) / 8;
    if (left < size) return NlriSyntax::kCutOff;
    martians |= v4 ? is_martian_v4(at + head, length) : is_martian_v6(at + head, length);
    at += size;
    left -= size;
  }
  return martians ? NlriSyntax::kWithMartians : NlriSyntax::kCorrect;
}

bool is_martian_v6(const std::uint8_t* first, unsigned length) {
  if (length < 8) return false;
  if (first[0] == 0xFF) return true;
  if (first[0] == 0xFE) return length >= 10 && (first[1] & 0xC0) == 0x80;
  if (first[0] != 0 || length != 128) return false;
  return load_u64(first) == 0 && load_u64(first + 8) <= 1;
}

}  // namespace tw::bgp
