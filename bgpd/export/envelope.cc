// The four forms of an UPDATE.
#include "bgpd/export/envelope.h"

#include "bgpd/message/octets.h"

namespace tw::bgp {
namespace {

constexpr std::size_t kFirstLength = kHeaderSize;       // Withdrawn Routes Length
constexpr std::size_t kSecondLength = kHeaderSize + 2;  // Total Path Attribute Length, when nothing is withdrawn
constexpr std::uint16_t kAfiIpv6 = 2;
constexpr std::uint8_t kSafiUnicast = 1;
constexpr std::uint8_t kOptionalExtended = attribute_flag::kOptional | attribute_flag::kExtendedLength;

// Flags, type, and the length of what `size` octets follow without prefixes.
void append_mp_header(AttributeType type, std::size_t size, Bytes& out) {
  out.push_back(kOptionalExtended);
  out.push_back(static_cast<std::uint8_t>(type));
  append_u16(out, static_cast<std::uint16_t>(size));
  append_u16(out, kAfiIpv6);
  out.push_back(kSafiUnicast);
}

}  // namespace

void Envelope::begin() {
  head_.assign(kHeaderSize, 0xFF);
  head_[18] = static_cast<std::uint8_t>(MessageType::kUpdate);
  tail_.clear();
  length_count_ = 0;
}

void Envelope::announcing(rib::Family family, const WireAttributes& attributes) {
  begin();
  append_u16(head_, 0);
  if (family == rib::Family::kIpv4Unicast) {
    append_u16(head_, static_cast<std::uint16_t>(attributes.octets.size()));
    append(head_, attributes.octets);
    return;
  }
  const NextHop& next_hop = attributes.next_hop;
  const std::size_t mp_reach = 3 + 1 + next_hop.size + 1U;
  append_u16(head_, static_cast<std::uint16_t>(4 + mp_reach + attributes.octets.size()));
  depends_on_nlri(kSecondLength);
  depends_on_nlri(kSecondLength + 4);
  append_mp_header(AttributeType::kMpReachNlri, mp_reach, head_);
  head_.push_back(next_hop.size);
  append(head_, ByteView(next_hop.octets).first(next_hop.size));
  head_.push_back(0);  // reserved
  append(tail_, attributes.octets);
}

void Envelope::withdrawing(rib::Family family) {
  begin();
  append_u16(head_, 0);
  if (family == rib::Family::kIpv4Unicast) {
    depends_on_nlri(kFirstLength);
    append_u16(tail_, 0);
    return;
  }
  append_u16(head_, 4 + 3);
  depends_on_nlri(kSecondLength);
  depends_on_nlri(kSecondLength + 4);
  append_mp_header(AttributeType::kMpUnreachNlri, 3, head_);
}

void Envelope::finish(std::uint8_t* message, std::size_t nlri) const {
  store_u16(message + 16, static_cast<std::uint16_t>(size() + nlri));
  for (std::size_t i = 0; i < length_count_; ++i) {
    std::uint8_t* const at = message + lengths_[i];
    store_u16(at, static_cast<std::uint16_t>(load_u16(at) + nlri));
  }
}

}  // namespace tw::bgp
