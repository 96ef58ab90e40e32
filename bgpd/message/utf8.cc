// Well-formed UTF-8 is what table 3-7 of the Unicode standard allows.
#include "bgpd/message/utf8.h"

namespace tw::bgp {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Decoded {
  char32_t character = 0;
  std::size_t octets = 0;  // 0: not well-formed
};

// One character as the Unicode standard's table 3-7 has it: shortest form, no surrogates, at most U+10FFFF.
Decoded decode_one(std::span<const std::uint8_t> from) {
  const std::uint8_t lead = from[0];
  if (lead < 0x80) return {lead, 1};
  const std::size_t octets = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : (lead & 0xF0) == 0xE0        ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (octets == 0 || from.size() < octets) return {};
  char32_t character = lead & (0xFF >> (octets + 1));
  for (std::size_t i = 1; i < octets; ++i) {
    if ((from[i] & 0xC0) != 0x80) return {};
    character = character << 6 | (from[i] & 0x3F);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < kLeast[octets] || character > 0x10FFFF || surrogate) return {};
  return {character, octets};
}

bool is_control(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return true;
  const bool separator = c == 0x2028 || c == 0x2029;
  const bool bidirectional = c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return separator || bidirectional;
}

}  // namespace

std::string printable_utf8(std::span<const std::uint8_t> octets) {
  std::string out;
  while (!octets.empty()) {
    const Decoded next = decode_one(octets);
    const std::size_t taken = next.octets == 0 ? 1 : next.octets;
    if (next.octets == 0 || is_control(next.character)) {
      out += kReplacement;
    } else {
      out.append(reinterpret_cast<const char*>(octets.data()), taken);
    }
    octets = octets.subspan(taken);
  }
  return out;
}

std::string_view cut_utf8(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace tw::bgp
