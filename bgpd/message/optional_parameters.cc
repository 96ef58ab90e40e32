// Both encodings of the Optional Parameters differ in the width of their lengths only.
#include "bgpd/message/optional_parameters.h"

#include "bgpd/message/octets.h"

namespace tw::bgp {
namespace {

constexpr std::uint8_t kCapabilitiesParameter = 2, kExtendedLength = 255;

MessageError malformed(std::string what) { return {ErrorCode::kOpen, open_error::kUnspecific, {}, std::move(what)}; }

}  // namespace

void append_optional_parameters(Bytes& out, ByteView capabilities) {
  const std::size_t size = capabilities.size();
  if (size == 0) {
    out.push_back(0);
    return;
  }
  if (size + 2 <= 255) {
    out.push_back(static_cast<std::uint8_t>(size + 2));
    out.push_back(kCapabilitiesParameter);
    out.push_back(static_cast<std::uint8_t>(size));
  } else {
    out.push_back(255);
    out.push_back(kExtendedLength);
    append_u16(out, static_cast<std::uint16_t>(size + 3));
    out.push_back(kCapabilitiesParameter);
    append_u16(out, static_cast<std::uint16_t>(size));
  }
  append(out, capabilities);
}

std::optional<MessageError> read_optional_parameters(ByteView field, Bytes& capabilities) {
  if (field.empty()) return malformed("no Optional Parameters Length");
  std::size_t stated = field[0];
  // RFC 9072 §2: a first parameter type of 255 is the sign of the extended form, whatever the length octet says.
  const bool extended = stated != 0 && field.size() > 1 && field[1] == kExtendedLength;
  ByteView rest = field.subspan(1);
  if (extended) {
    if (field.size() < 4) return malformed("extended Optional Parameters Length is cut off");
    stated = load_u16(field.data() + 2);
    rest = field.subspan(4);
  }
  if (stated != rest.size()) {
    return malformed("Optional Parameters Length is " + std::to_string(stated) + ", but " +
                     std::to_string(rest.size()) + " octets follow");
  }
  const std::size_t header = extended ? 3 : 2;
  while (!rest.empty()) {
    if (rest.size() < header) return malformed("an optional parameter is cut off");
    const std::uint8_t type = rest[0];
    const std::size_t length = extended ? load_u16(rest.data() + 1) : rest[1];
    // The type is judged first: of a parameter that we do not know we do not know the length either.
    if (type != kCapabilitiesParameter) {
      return MessageError{ErrorCode::kOpen,
                          open_error::kUnsupportedParameter,
                          {},
                          "optional parameter of type " + std::to_string(type)};
    }
    if (length > rest.size() - header) return malformed("an optional parameter is longer than the field");
    append(capabilities, rest.subspan(header, length));
    rest = rest.subspan(header + length);
  }
  return std::nullopt;
}

}  // namespace tw::bgp
