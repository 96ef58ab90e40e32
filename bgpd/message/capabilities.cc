// Capability codes, each with its length and its reader.
#include "bgpd/message/capabilities.h"

#include "bgpd/message/family_code.h"
#include "bgpd/message/octets.h"

#include <algorithm>

namespace tw::bgp {
namespace {

namespace code {
constexpr std::uint8_t kMultiprotocol = 1, kRouteRefresh = 2, kExtendedMessage = 6, kRole = 9, kFourOctetAs = 65,
                       kAddPath = 69, kEnhancedRouteRefresh = 70;
}

void read_multiprotocol(ByteView value, Capabilities& out) {
  out.has_multiprotocol = true;
  // The third octet is reserved and ignored (RFC 4760 §8).
  if (const auto family = family_of(load_u16(value.data()), value[3])) out.families.add(*family);
}
void read_route_refresh(ByteView, Capabilities& out) { out.route_refresh = true; }
void read_extended_message(ByteView, Capabilities& out) { out.extended_message = true; }
void read_role(ByteView value, Capabilities& out) {
  // A number without a name is kept: it fits no role of ours, so the FSM will find a mismatch (RFC 9234 §4.2).
  const Role role{value[0]};
  if (out.role && *out.role != role) out.role_conflict = true;
  if (!out.role) out.role = role;
}
void read_four_octet_as(ByteView value, Capabilities& out) {
  if (!out.four_octet_as) out.four_octet_as = rib::AsNumber{load_u32(value.data())};
}
void read_add_path(ByteView value, Capabilities& out) {
  // RFC 7911 §4: any other Send/Receive value makes the whole capability one that is not understood.
  for (std::size_t at = 3; at < value.size(); at += 4) {
    if (value[at] < 1 || value[at] > 3) return;
  }
  for (std::size_t at = 0; at < value.size(); at += 4) {
    const auto family = family_of(load_u16(value.data() + at), value[at + 2]);
    if (family) out.add_path[rib::index_of(*family)] = static_cast<AddPathDirection>(value[at + 3]);
  }
}
void read_enhanced_route_refresh(ByteView, Capabilities& out) { out.enhanced_route_refresh = true; }

struct CapabilityRule {
  std::uint8_t code;
  std::uint8_t length;  // of the value …
  bool multiple;        // … or: any multiple of it
  void (*read)(ByteView value, Capabilities& out);
};
constexpr CapabilityRule kRules[] = {
    {code::kMultiprotocol, 4, false, read_multiprotocol},                  // RFC 4760 §8
    {code::kRouteRefresh, 0, false, read_route_refresh},                   // RFC 2918 §2
    {code::kExtendedMessage, 0, false, read_extended_message},             // RFC 8654 §3
    {code::kRole, 1, false, read_role},                                    // RFC 9234 §4.1
    {code::kFourOctetAs, 4, false, read_four_octet_as},                    // RFC 6793 §3
    {code::kAddPath, 4, true, read_add_path},                              // RFC 7911 §4
    {code::kEnhancedRouteRefresh, 0, false, read_enhanced_route_refresh},  // RFC 7313 §3.1
};

bool length_fits(const CapabilityRule& rule, std::size_t length) {
  return rule.multiple ? length % rule.length == 0 : length == rule.length;
}

void put(Bytes& out, std::uint8_t capability, std::initializer_list<std::uint8_t> value) {
  out.push_back(capability);
  out.push_back(static_cast<std::uint8_t>(value.size()));
  out.insert(out.end(), value);
}

}  // namespace

std::optional<MessageError> read_capabilities(ByteView triples, Capabilities& capabilities) {
  const auto malformed = [](std::string what) {
    return MessageError{ErrorCode::kOpen, open_error::kUnspecific, {}, std::move(what)};
  };
  while (!triples.empty()) {
    if (triples.size() < 2) return malformed("a capability is cut off");
    const std::uint8_t capability = triples[0];
    const std::size_t length = triples[1];
    if (length > triples.size() - 2) return malformed("a capability is longer than its parameter");
    const ByteView value = triples.subspan(2, length);
    triples = triples.subspan(2 + length);

    const auto* rule = std::find_if(std::begin(kRules), std::end(kRules),
                                    [&](const CapabilityRule& row) { return row.code == capability; });
    if (rule == std::end(kRules)) {
      capabilities.unknown_codes.push_back(capability);
    } else if (!length_fits(*rule, length)) {
      return malformed("capability " + std::to_string(capability) + " with a length of " + std::to_string(length));
    } else {
      rule->read(value, capabilities);
    }
  }
  return std::nullopt;
}

Bytes write_capabilities(const Capabilities& capabilities) {
  Bytes out;
  for (const rib::Family family : rib::kAllFamilies) {
    if (!capabilities.families.has(family)) continue;
    put(out, code::kMultiprotocol, {0, static_cast<std::uint8_t>(afi_of(family)), 0, kSafiUnicast});
  }
  if (capabilities.route_refresh) put(out, code::kRouteRefresh, {});
  if (capabilities.extended_message) put(out, code::kExtendedMessage, {});
  if (capabilities.role) put(out, code::kRole, {static_cast<std::uint8_t>(*capabilities.role)});
  if (capabilities.four_octet_as) {
    const std::uint32_t as = capabilities.four_octet_as->value;
    put(out, code::kFourOctetAs,
        {static_cast<std::uint8_t>(as >> 24), static_cast<std::uint8_t>(as >> 16), static_cast<std::uint8_t>(as >> 8),
         static_cast<std::uint8_t>(as)});
  }
  Bytes add_path;  // all families in one instance (RFC 7911 §4)
  for (const rib::Family family : rib::kAllFamilies) {
    const AddPathDirection direction = capabilities.add_path[rib::index_of(family)];
    if (direction == AddPathDirection::kNone) continue;
    append_u16(add_path, afi_of(family));
    add_path.push_back(kSafiUnicast);
    add_path.push_back(static_cast<std::uint8_t>(direction));
  }
  if (!add_path.empty()) {
    put(out, code::kAddPath, {});
    out.back() = static_cast<std::uint8_t>(add_path.size());
    append(out, add_path);
  }
  if (capabilities.enhanced_route_refresh) put(out, code::kEnhancedRouteRefresh, {});
  return out;
}

}  // namespace tw::bgp
