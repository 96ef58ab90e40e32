// Path attributes as people write them.
#include "bgpd/message/attributes.h"
#include "bgpd/message/octets.h"

#include <charconv>
#include <cstring>

namespace tw::bgp {
namespace {

struct NamedCommunity {
  std::uint32_t value;
  std::string_view name;
};
// IANA, "BGP Well-known Communities".
constexpr NamedCommunity kNamedCommunities[] = {
    {kGracefulShutdown, "graceful-shutdown"},  // RFC 8326
    {0xFFFF0001, "accept-own"},                // RFC 7611
    {0xFFFF0006, "llgr-stale"},                // RFC 9494
    {0xFFFF0007, "no-llgr"},                   // RFC 9494
    {kBlackhole, "blackhole"},                 // RFC 7999
    {kNoExport, "no-export"},                  // RFC 1997
    {kNoAdvertise, "no-advertise"},
    {kNoExportSubconfed, "no-export-subconfed"},
    {kNoPeer, "no-peer"},  // RFC 3765
};

// A decimal number and nothing else. RFC 8092 §5: no leading zeros.
template <class Number>
std::optional<Number> parse_decimal(std::string_view text, Number most) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) return std::nullopt;
  return number;
}

// Takes what stands before the next colon, or all the rest; nothing once the text is used up.
std::optional<std::string_view> take_field(std::optional<std::string_view>& rest) {
  if (!rest) return std::nullopt;
  const std::size_t colon = rest->find(':');
  const std::string_view field = rest->substr(0, colon);
  rest = colon == std::string_view::npos ? std::nullopt : std::optional(rest->substr(colon + 1));
  return field;
}

std::string decimal(std::uint32_t number) { return std::to_string(number); }

struct Brackets {
  std::string_view open, close;
};
Brackets brackets(SegmentType type) {
  switch (type) {
    case SegmentType::kSet: return {"{", "}"};
    case SegmentType::kSequence: return {"", ""};
    case SegmentType::kConfedSequence: return {"(", ")"};
    case SegmentType::kConfedSet: return {"[", "]"};
  }
  return {"", ""};
}

// Extended communities that have a text of their own: RFC 4360 §4, §5; RFC 5668.
constexpr std::uint8_t kRouteTarget = 2, kRouteOrigin = 3;
enum class AdministratorKind : std::uint8_t { kTwoOctetAs = 0, kIpv4 = 1, kFourOctetAs = 2 };

std::string hexadecimal(const std::array<std::uint8_t, 8>& octets) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "0x";
  for (const std::uint8_t octet : octets) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

std::optional<std::array<std::uint8_t, 8>> parse_hexadecimal(std::string_view digits) {
  std::array<std::uint8_t, 8> octets{};
  if (digits.size() != 16) return std::nullopt;
  for (std::size_t i = 0; i < 8; ++i) {
    const char* at = digits.data() + 2 * i;
    const auto [end, error] = std::from_chars(at, at + 2, octets[i], 16);
    if (error != std::errc() || end != at + 2) return std::nullopt;
  }
  return octets;
}

}  // namespace

std::string as_path_text(const std::vector<AsPathSegment>& path) {
  std::string text;
  for (const AsPathSegment& segment : path) {
    if (!text.empty()) text += ' ';
    const auto [open, close] = brackets(segment.type);
    text += open;
    for (std::size_t i = 0; i < segment.numbers.size(); ++i) {
      if (i > 0) text += ' ';
      text += decimal(segment.numbers[i].value);
    }
    text += close;
  }
  return text;
}

std::string community_text(std::uint32_t community) {
  for (const NamedCommunity& named : kNamedCommunities) {
    if (named.value == community) return std::string(named.name);
  }
  return decimal(community >> 16) + ":" + decimal(community & 0xFFFF);
}

std::optional<std::uint32_t> parse_community(std::string_view text) {
  for (const NamedCommunity& named : kNamedCommunities) {
    if (named.name == text) return named.value;
  }
  std::optional rest = text;
  const auto high = take_field(rest), low = take_field(rest);
  if (!high || !low || rest) return std::nullopt;
  const auto as = parse_decimal<std::uint32_t>(*high, 0xFFFF), value = parse_decimal<std::uint32_t>(*low, 0xFFFF);
  if (!as || !value) return std::nullopt;
  return *as << 16 | *value;
}

std::string large_community_text(const LargeCommunity& community) {
  return decimal(community.global) + ":" + decimal(community.local1) + ":" + decimal(community.local2);
}

std::optional<LargeCommunity> parse_large_community(std::string_view text) {
  std::optional rest = text;
  std::uint32_t parts[3];
  for (std::uint32_t& part : parts) {
    const auto field = take_field(rest);
    const auto number = field ? parse_decimal<std::uint32_t>(*field, 0xFFFFFFFF) : std::nullopt;
    if (!number) return std::nullopt;
    part = *number;
  }
  if (rest) return std::nullopt;
  return LargeCommunity{parts[0], parts[1], parts[2]};
}

// Kinds: an AS number below 65536 means the two-octet kind, with a value of four octets; the four-octet kind with such
// a number is marked by an "L", so that what is printed reads back as what it was.
std::string extended_community_text(const std::array<std::uint8_t, 8>& community) {
  const std::uint8_t kind = community[0], subtype = community[1];
  if (kind > 2 || (subtype != kRouteTarget && subtype != kRouteOrigin)) return hexadecimal(community);
  const std::uint8_t* value = community.data() + 2;
  std::string text = subtype == kRouteTarget ? "rt:" : "soo:";
  switch (static_cast<AdministratorKind>(kind)) {
    case AdministratorKind::kTwoOctetAs: return text + decimal(load_u16(value)) + ":" + decimal(load_u32(value + 2));
    case AdministratorKind::kIpv4:
      return text + to_string(rib::IpAddress::v4(load_u32(value))) + ":" + decimal(load_u16(value + 4));
    case AdministratorKind::kFourOctetAs: {
      const std::uint32_t as = load_u32(value);
      return text + decimal(as) + (as <= 0xFFFF ? "L:" : ":") + decimal(load_u16(value + 4));
    }
  }
  return hexadecimal(community);
}

std::optional<std::array<std::uint8_t, 8>> parse_extended_community(std::string_view text) {
  if (text.starts_with("0x")) return parse_hexadecimal(text.substr(2));
  std::optional rest = text;
  const auto name = take_field(rest), administrator = take_field(rest), assigned = take_field(rest);
  if (!name || !administrator || !assigned || rest || (*name != "rt" && *name != "soo")) return std::nullopt;

  std::array<std::uint8_t, 8> octets{};
  octets[1] = *name == "rt" ? kRouteTarget : kRouteOrigin;
  std::uint8_t* value = octets.data() + 2;
  const auto put_kind = [&](AdministratorKind kind) { octets[0] = static_cast<std::uint8_t>(kind); };
  const auto short_value = parse_decimal<std::uint32_t>(*assigned, 0xFFFF);
  const auto long_value = parse_decimal<std::uint32_t>(*assigned, 0xFFFFFFFF);

  if (const auto address = rib::parse_address(*administrator); address && !address->v6 && short_value) {
    put_kind(AdministratorKind::kIpv4);
    store_u32(value, address->v4_value());
    store_u16(value + 4, static_cast<std::uint16_t>(*short_value));
    return octets;
  }
  const bool marked = administrator->ends_with('L');
  const auto as = parse_decimal<std::uint32_t>(administrator->substr(0, administrator->size() - marked), 0xFFFFFFFF);
  if (!as) return std::nullopt;
  if ((marked || *as > 0xFFFF) && short_value) {
    put_kind(AdministratorKind::kFourOctetAs);
    store_u32(value, *as);
    store_u16(value + 4, static_cast<std::uint16_t>(*short_value));
    return octets;
  }
  if (!marked && *as <= 0xFFFF && long_value) {
    put_kind(AdministratorKind::kTwoOctetAs);
    store_u16(value, static_cast<std::uint16_t>(*as));
    store_u32(value + 2, *long_value);
    return octets;
  }
  return std::nullopt;
}

}  // namespace tw::bgp
