// Text forms of addresses and prefixes, and the arithmetic on them. RFC 4291 §2.2 (reading), RFC 5952 (writing).
#include "rib/prefix.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

namespace tw::rib {
namespace {

constexpr std::string_view kFamilyNames[kFamilies] = {"ipv4-unicast", "ipv6-unicast"};

// Reads a decimal number without sign, leading zeros or surplus digits; the whole of `text` must be it.
std::optional<int> parse_decimal(std::string_view text, int max) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > max) return std::nullopt;
  return value;
}

// Writes the four octets of a dotted quad.
bool parse_quad(std::string_view text, std::uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return false;
    const auto octet = parse_decimal(text.substr(0, dot), 255);
    if (!octet) return false;
    out[i] = static_cast<std::uint8_t>(*octet);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return true;
}

// One group of one to four hexadecimal digits.
std::optional<std::uint16_t> parse_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Groups separated by single colons; a dotted quad may stand for the last two when `quad_allowed`. Returns how many
// octets were written, at most `room`; nothing on a syntax error. Empty text is no groups.
std::optional<std::size_t> parse_groups(std::string_view text, bool quad_allowed, std::uint8_t* out, std::size_t room) {
  std::size_t size = 0;
  if (text.empty()) return size;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && quad_allowed && group.find('.') != std::string_view::npos) {
      if (size + 4 > room || !parse_quad(group, out + size)) return std::nullopt;
      return size + 4;
    }
    const auto value = parse_group(group);
    if (!value || size + 2 > room) return std::nullopt;
    out[size++] = static_cast<std::uint8_t>(*value >> 8);
    out[size++] = static_cast<std::uint8_t>(*value);
    if (last) return size;
    text.remove_prefix(colon + 1);
  }
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  IpAddress address{.octets = {}, .v6 = true};
  std::uint8_t* const octets = address.octets.data();
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto size = parse_groups(text, true, octets, 16);
    if (size != 16U) return std::nullopt;
    return address;
  }
  std::uint8_t tail[16] = {};
  const auto head_size = parse_groups(text.substr(0, gap), false, octets, 14);
  const auto tail_size = parse_groups(text.substr(gap + 2), true, tail, 14);
  if (!head_size || !tail_size || *head_size + *tail_size > 14) return std::nullopt;
  std::copy_n(tail, *tail_size, octets + 16 - *tail_size);
  return address;
}

void append_decimal(std::string& text, unsigned value) {
  char digits[10];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  text.append(digits, end);
}

void append_quad(std::string& text, const std::uint8_t* octets) {
  for (int i = 0; i < 4; ++i) {
    if (i > 0) text += '.';
    append_decimal(text, octets[i]);
  }
}

// The first longest run of at least two zero groups (RFC 5952 §4.2.2, §4.2.3); {8, 8} when there is none.
struct GroupRun {
  int begin = 8, end = 8;
};
GroupRun longest_zero_run(std::span<const std::uint16_t, 8> groups) {
  GroupRun longest;
  int length = 1;
  for (int i = 0; i < 8;) {
    int j = i;
    while (j < 8 && groups[static_cast<std::size_t>(j)] == 0) ++j;
    if (j - i > length) {
      longest = {i, j};
      length = j - i;
    }
    i = j + 1;
  }
  return longest;
}

void append_v6(std::string& text, const std::uint8_t* octets) {
  std::uint16_t groups[8];
  for (int i = 0; i < 8; ++i) groups[i] = static_cast<std::uint16_t>(octets[2 * i] << 8 | octets[2 * i + 1]);
  const GroupRun zeros = longest_zero_run(groups);
  // Only IPv4-mapped addresses are shown with a quad: RFC 5952 §5 asks for it where the prefix is well known.
  const bool mapped = zeros.begin == 0 && zeros.end == 5 && groups[5] == 0xFFFF;
  for (int i = 0; i < 8; ++i) {
    if (i == zeros.begin) {
      text += "::";
      i = zeros.end - 1;
      continue;
    }
    if (i > 0 && i != zeros.end) text += ':';
    if (mapped && i == 6) return append_quad(text, octets + 12);
    char digits[4];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, groups[i], 16).ptr);
  }
}

// Whether the first `length` bits agree.
bool same_bits(const std::uint8_t* a, const std::uint8_t* b, int length) {
  const auto whole = static_cast<std::size_t>(length / 8);
  if (std::memcmp(a, b, whole) != 0) return false;
  if (length % 8 == 0) return true;
  return ((a[whole] ^ b[whole]) >> (8 - length % 8)) == 0;
}

}  // namespace

std::string_view name(Family family) { return kFamilyNames[index_of(family)]; }

std::optional<Family> family_named(std::string_view text) {
  for (const Family family : kAllFamilies) {
    if (text == name(family)) return family;
  }
  return std::nullopt;
}

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress address;
  for (std::size_t i = 0; i < 4; ++i) address.octets[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return address;
}

std::uint32_t IpAddress::v4_value() const {
  return static_cast<std::uint32_t>(octets[0]) << 24 | static_cast<std::uint32_t>(octets[1]) << 16 |
         static_cast<std::uint32_t>(octets[2]) << 8 | static_cast<std::uint32_t>(octets[3]);
}

bool IpAddress::is_link_local() const {
  return v6 ? octets[0] == 0xFE && (octets[1] & 0xC0) == 0x80 : octets[0] == 169 && octets[1] == 254;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) { return octet == 0; });
}

std::optional<IpAddress> parse_address(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  IpAddress address;
  if (!parse_quad(text, address.octets.data())) return std::nullopt;
  return address;
}

std::string to_string(const IpAddress& address) {
  std::string text;
  if (address.v6) {
    append_v6(text, address.octets.data());
  } else {
    append_quad(text, address.octets.data());
  }
  return text;
}

bool Prefix::contains(const IpAddress& address) const {
  const bool v6 = family == Family::kIpv6Unicast;
  return v6 == address.v6 && same_bits(octets.data(), address.octets.data(), length);
}

bool Prefix::contains(const Prefix& other) const {
  return family == other.family && length <= other.length && same_bits(octets.data(), other.octets.data(), length);
}

IpAddress Prefix::address() const { return {.octets = octets, .v6 = family == Family::kIpv6Unicast}; }

Prefix make_prefix(const IpAddress& address, int length) {
  Prefix prefix{.octets = address.octets,
                .length = static_cast<std::uint8_t>(length),
                .family = address.v6 ? Family::kIpv6Unicast : Family::kIpv4Unicast};
  auto keep = static_cast<std::size_t>(length / 8);
  if (length % 8 != 0) {
    prefix.octets[keep] = static_cast<std::uint8_t>(prefix.octets[keep] & (0xFF00U >> (length % 8)));
    ++keep;
  }
  std::fill(prefix.octets.begin() + static_cast<std::ptrdiff_t>(keep), prefix.octets.end(), std::uint8_t{0});
  return prefix;
}

std::optional<Prefix> parse_prefix(std::string_view text, bool strict) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto length = parse_decimal(text.substr(slash + 1), 8 * address->size());
  if (!length) return std::nullopt;
  const Prefix prefix = make_prefix(*address, *length);
  if (strict && prefix.octets != address->octets) return std::nullopt;
  return prefix;
}

std::string to_string(const Prefix& prefix) {
  std::string text = to_string(prefix.address());
  text += '/';
  append_decimal(text, prefix.length);
  return text;
}

}  // namespace tw::rib
