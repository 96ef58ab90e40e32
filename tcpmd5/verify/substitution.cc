// RFC 9293 §3.1: where each field lies.
#include "tcpmd5/verify/substitution.h"

#include <algorithm>

namespace tw::tcpmd5 {
namespace {

constexpr std::size_t kSourcePortAt = 0, kDestinationPortAt = 2, kSequenceAt = 4, kAcknowledgmentAt = 8, kOffsetAt = 12,
                      kFlagsAt = 13, kWindowAt = 14, kUrgentAt = 18;
constexpr std::uint8_t kReserved = 0x0f;

}  // namespace

std::vector<HeaderField> differing_fields(const Segment& a, const Segment& b) {
  std::vector<HeaderField> fields;
  const auto compare = [&fields](bool equal, HeaderField field) {
    if (!equal) fields.push_back(field);
  };
  compare(a.source == b.source, HeaderField::kSourceAddress);
  compare(a.destination == b.destination, HeaderField::kDestinationAddress);
  compare(a.source_port == b.source_port, HeaderField::kSourcePort);
  compare(a.destination_port == b.destination_port, HeaderField::kDestinationPort);
  compare(a.sequence == b.sequence, HeaderField::kSequence);
  compare(a.acknowledgment == b.acknowledgment, HeaderField::kAcknowledgment);
  const bool reserved_equal = ((a.fixed_header[kOffsetAt] ^ b.fixed_header[kOffsetAt]) & kReserved) == 0;
  compare(a.flags == b.flags && reserved_equal, HeaderField::kFlags);
  compare(a.window == b.window, HeaderField::kWindow);
  compare(a.urgent == b.urgent, HeaderField::kUrgent);
  return fields;
}

EditedSegment::EditedSegment(const Segment& original) : segment_(original) {
  std::copy(original.fixed_header.begin(), original.fixed_header.end(), header_.begin());
  segment_.fixed_header = header_;
}

void EditedSegment::put16(std::size_t at, std::uint16_t value) {
  header_[at] = static_cast<std::uint8_t>(value >> 8);
  header_[at + 1] = static_cast<std::uint8_t>(value);
}

void EditedSegment::put32(std::size_t at, std::uint32_t value) {
  put16(at, static_cast<std::uint16_t>(value >> 16));
  put16(at + 2, static_cast<std::uint16_t>(value));
}

void EditedSegment::set_addresses(const boost::asio::ip::address& source, const boost::asio::ip::address& destination) {
  segment_.source = source;
  segment_.destination = destination;
}

void EditedSegment::set_sequence(std::uint32_t sequence) { put32(kSequenceAt, segment_.sequence = sequence); }

void EditedSegment::set_flags(std::uint8_t flags) { header_[kFlagsAt] = segment_.flags = flags; }

void EditedSegment::take(HeaderField field, const Segment& from) {
  switch (field) {
    case HeaderField::kSourceAddress: segment_.source = from.source; return;
    case HeaderField::kDestinationAddress: segment_.destination = from.destination; return;
    case HeaderField::kSourcePort: put16(kSourcePortAt, segment_.source_port = from.source_port); return;
    case HeaderField::kDestinationPort:
      put16(kDestinationPortAt, segment_.destination_port = from.destination_port);
      return;
    case HeaderField::kSequence: set_sequence(from.sequence); return;
    case HeaderField::kAcknowledgment: put32(kAcknowledgmentAt, segment_.acknowledgment = from.acknowledgment); return;
    case HeaderField::kFlags:
      set_flags(from.flags);
      header_[kOffsetAt] =
          static_cast<std::uint8_t>((header_[kOffsetAt] & ~kReserved) | (from.fixed_header[kOffsetAt] & kReserved));
      return;
    case HeaderField::kWindow: put16(kWindowAt, segment_.window = from.window); return;
    case HeaderField::kUrgent: put16(kUrgentAt, segment_.urgent = from.urgent); return;
  }
}

void EditedSegment::take(std::span<const HeaderField> fields, const Segment& from) {
  for (const HeaderField field : fields) take(field, from);
}

void EditedSegment::take_options(const Segment& from) {
  segment_.options = from.options;
  segment_.digest = from.digest;
  header_[kOffsetAt] =
      static_cast<std::uint8_t>((from.fixed_header[kOffsetAt] & ~kReserved) | (header_[kOffsetAt] & kReserved));
}

}  // namespace tw::tcpmd5
