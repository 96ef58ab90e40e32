#include "tcpmd5/verify/describe.h"

#include <array>
#include <charconv>

namespace tw::tcpmd5 {
namespace {

std::string hex(unsigned value) {
  std::array<char, 8> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  const std::string text(digits.data(), end);
  return "0x" + (text.size() < 2 ? "0" + text : text);
}

std::string value(HeaderField field, const Segment& of) {
  constexpr std::size_t kOffsetAt = 12;
  switch (field) {
    case HeaderField::kSourceAddress: return of.source.to_string();
    case HeaderField::kDestinationAddress: return of.destination.to_string();
    case HeaderField::kSourcePort: return std::to_string(of.source_port);
    case HeaderField::kDestinationPort: return std::to_string(of.destination_port);
    case HeaderField::kSequence: return std::to_string(of.sequence);
    case HeaderField::kAcknowledgment: return std::to_string(of.acknowledgment);
    case HeaderField::kFlags: return hex((of.fixed_header[kOffsetAt] & 0x0fU) << 8 | of.flags);
    case HeaderField::kWindow: return std::to_string(of.window);
    case HeaderField::kUrgent: return std::to_string(of.urgent);
  }
  return "?";
}

}  // namespace

std::string octets_text(std::size_t count) { return std::to_string(count) + (count == 1 ? " octet" : " octets"); }

std::string sequence_text(std::uint32_t sequence, std::optional<std::uint32_t> initial) {
  return std::to_string(initial ? sequence - *initial : sequence);
}

std::string describe(const Segment& segment, std::optional<std::uint32_t> initial) {
  if ((segment.flags & tcp_flag::kSyn) != 0) return (segment.flags & tcp_flag::kAck) != 0 ? "SYN-ACK" : "SYN";
  const std::string at = sequence_text(segment.sequence, initial);
  if (!segment.payload.empty()) {
    const auto end = segment.sequence + static_cast<std::uint32_t>(segment.payload.size());
    return "segment " + at + ".." + sequence_text(end, initial) + " (" + octets_text(segment.payload.size()) + ")";
  }
  if ((segment.flags & tcp_flag::kRst) != 0) return "RST at " + at;
  if ((segment.flags & tcp_flag::kFin) != 0) return "FIN at " + at;
  return "ACK at " + at + " (no data)";
}

std::string differences(std::span<const HeaderField> fields, const Segment& seen, const Segment& sent) {
  std::string text;
  for (const HeaderField field : fields) {
    if (!text.empty()) text += ", ";
    text += std::string(to_string(field)) + " " + value(field, seen) + " instead of " + value(field, sent);
  }
  return text;
}

}  // namespace tw::tcpmd5
