// OPEN: RFC 4271 §4.2 and §6.2; 6286 (identifier), 6793 (four-octet AS numbers), 7607 (AS 0), 9234 (role names).
#include "bgpd/message/capabilities.h"
#include "bgpd/message/message.h"
#include "bgpd/message/message_writer.h"
#include "bgpd/message/optional_parameters.h"

namespace tw::bgp {
namespace {

constexpr std::size_t kFixedPart = 9;  // version, AS, hold time, identifier
constexpr std::uint8_t kVersion = 4;

constexpr std::string_view kRoleNames[] = {"provider", "rs", "rs-client", "customer", "peer"};

// The fields in front of the optional parameters, in §6.2's order.
std::optional<MessageError> fixed_part_error(const Open& open) {
  if (open.version != kVersion) {
    return MessageError{
        ErrorCode::kOpen, open_error::kUnsupportedVersion, {0, kVersion}, "version " + std::to_string(open.version)};
  }
  if (open.as_field == 0) {
    return MessageError{ErrorCode::kOpen, open_error::kBadPeerAs, {}, "AS number 0"};  // RFC 7607 §2
  }
  if (open.hold_time == 1 || open.hold_time == 2) {
    return MessageError{ErrorCode::kOpen,
                        open_error::kUnacceptableHoldTime,
                        {},
                        "hold time of " + std::to_string(open.hold_time) + " s"};
  }
  if (open.identifier == 0) {
    return MessageError{ErrorCode::kOpen, open_error::kBadIdentifier, {}, "BGP Identifier 0.0.0.0"};  // RFC 6286 §2.2
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(Role role) {
  const auto index = static_cast<std::size_t>(role);
  return index < std::size(kRoleNames) ? kRoleNames[index] : "unknown";
}

std::optional<Role> role_named(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kRoleNames); ++i) {
    if (kRoleNames[i] == text) return static_cast<Role>(i);
  }
  return std::nullopt;
}

Result<Open> decode_open(ByteView body) {
  if (body.size() <= kFixedPart) {
    return MessageError{ErrorCode::kOpen, open_error::kUnspecific, {}, "the message is cut off"};
  }
  Open open;
  open.version = body[0];
  open.as_field = load_u16(body.data() + 1);
  open.hold_time = load_u16(body.data() + 3);
  open.identifier = load_u32(body.data() + 5);
  if (auto error = fixed_part_error(open)) return *std::move(error);

  Bytes triples;
  if (auto error = read_optional_parameters(body.subspan(kFixedPart), triples)) return *std::move(error);
  if (auto error = read_capabilities(triples, open.capabilities)) return *std::move(error);
  open.as = open.capabilities.four_octet_as.value_or(rib::AsNumber{open.as_field});
  if (open.as.value == 0) {
    return MessageError{ErrorCode::kOpen, open_error::kBadPeerAs, {}, "four-octet AS number 0"};
  }
  return open;
}

Bytes encode_open(const Open& open) {
  Bytes out = begin_message(MessageType::kOpen);
  out.push_back(open.version);
  append_u16(out,
             open.as.value > 0xFFFF ? static_cast<std::uint16_t>(kAsTrans) : static_cast<std::uint16_t>(open.as.value));
  append_u16(out, open.hold_time);
  append_u32(out, open.identifier);
  append_optional_parameters(out, write_capabilities(open.capabilities));
  finish_message(out);
  return out;
}

}  // namespace tw::bgp
