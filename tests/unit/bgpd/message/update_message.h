// UPDATE bodies put together for tests, attribute by attribute.
#pragma once

#include "bgpd/message/octets.h"
#include "bgpd/message/update.h"
#include "tests/unit/bgpd/message/octets_of_hex.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace tw::bgp::test {

inline constexpr std::uint8_t kWellKnown = 0x40, kOptional = 0x80, kOptionalTransitive = 0xC0;
inline constexpr std::uint32_t kPeerAs = 65001;

// One attribute, header included; the length form is the shortest unless `flags` asks for the extended one.
inline Bytes attribute(std::uint8_t flags, AttributeType type, const Bytes& value) {
  const bool extended = value.size() > 255 || flags & attribute_flag::kExtendedLength;
  Bytes out = {extended ? static_cast<std::uint8_t>(flags | attribute_flag::kExtendedLength) : flags,
               static_cast<std::uint8_t>(type)};
  if (extended) {
    append_u16(out, static_cast<std::uint16_t>(value.size()));
  } else {
    out.push_back(static_cast<std::uint8_t>(value.size()));
  }
  append(out, value);
  return out;
}

struct UpdateMessage {
  Bytes withdrawn;
  std::vector<Bytes> attributes;
  Bytes announced;

  // At the end of the list.
  UpdateMessage& with(std::uint8_t flags, AttributeType type, std::string_view value) {
    attributes.push_back(attribute(flags, type, octets(value)));
    return *this;
  }
  UpdateMessage& with_octets(std::string_view raw) {
    attributes.push_back(octets(raw));
    return *this;
  }
  UpdateMessage& without(AttributeType type) {
    std::erase_if(attributes, [&](const Bytes& raw) { return raw[1] == static_cast<std::uint8_t>(type); });
    return *this;
  }
  UpdateMessage& withdrawing(std::string_view nlri) {
    withdrawn = octets(nlri);
    return *this;
  }
  UpdateMessage& announcing(std::string_view nlri) {
    announced = octets(nlri);
    return *this;
  }

  Bytes attribute_octets() const {
    Bytes out;
    for (const Bytes& raw : attributes) append(out, raw);
    return out;
  }
  Bytes body() const {
    Bytes out;
    append_u16(out, static_cast<std::uint16_t>(withdrawn.size()));
    append(out, withdrawn);
    const Bytes list = attribute_octets();
    append_u16(out, static_cast<std::uint16_t>(list.size()));
    append(out, list);
    append(out, announced);
    return out;
  }
};

inline UpdateContext session() {
  UpdateContext context;
  context.families.add(rib::Family::kIpv4Unicast);
  context.families.add(rib::Family::kIpv6Unicast);
  return context;
}
inline UpdateContext external_session() {
  UpdateContext context = session();
  context.peer_as = {kPeerAs};
  return context;
}
inline UpdateContext internal_session() {
  UpdateContext context = session();
  context.internal = true;
  context.peer_as = {65000};
  return context;
}
inline UpdateContext two_octet_session() {
  UpdateContext context = external_session();
  context.four_octet_as = false;
  return context;
}

inline constexpr std::string_view kNlri = "18c63364";            // 198.51.100.0/24
inline constexpr std::string_view kPathOfPeer = "02010000fde9";  // 65001
inline constexpr std::string_view kPathOfPeerTwoOctet = "0201fde9";
inline constexpr std::string_view kMpReachV6 =
    "000201 10 20010db8000000000000000000000001 00 30 20010db80129";  // 2001:db8:129::/48 by 2001:db8::1
inline constexpr std::string_view kMpUnreachV6 = "000201 30 20010db80130";

// Valid UPDATEs that announce one prefix, as the neighbour of the session of that name sends them.
inline UpdateMessage external_update() {
  return UpdateMessage()
      .with(kWellKnown, AttributeType::kOrigin, "00")
      .with(kWellKnown, AttributeType::kAsPath, kPathOfPeer)
      .with(kWellKnown, AttributeType::kNextHop, "c0000201")
      .announcing(kNlri);
}
inline UpdateMessage internal_update() {
  return UpdateMessage()
      .with(kWellKnown, AttributeType::kOrigin, "00")
      .with(kWellKnown, AttributeType::kAsPath, "")
      .with(kWellKnown, AttributeType::kNextHop, "c0000201")
      .with(kWellKnown, AttributeType::kLocalPref, "00000064")
      .announcing(kNlri);
}
inline UpdateMessage two_octet_update() {
  return external_update()
      .without(AttributeType::kAsPath)
      .with(kWellKnown, AttributeType::kAsPath, kPathOfPeerTwoOctet);
}
inline UpdateMessage external_v6_update() {
  return UpdateMessage()
      .with(kWellKnown, AttributeType::kOrigin, "00")
      .with(kWellKnown, AttributeType::kAsPath, kPathOfPeer)
      .with(kOptional, AttributeType::kMpReachNlri, kMpReachV6);
}

// Decodes, and keeps what the result points into.
class Decoded {
 public:
  Decoded(const UpdateMessage& message, const UpdateContext& context) : Decoded(message.body(), context) {}
  Decoded(Bytes body, const UpdateContext& context)
      : body_(std::move(body)), result_(decoder_.decode(body_, context)) {}

  const Result<Update>& result() const { return result_; }
  const Update& operator*() const { return *result_; }
  const Update* operator->() const { return &*result_; }
  MessageError error() const { return result_.error(); }

  OnError action() const {
    if (!result_) return OnError::kResetSession;
    OnError strongest = OnError::kNone;
    for (const UpdateFault& fault : result_->faults) strongest = std::max(strongest, fault.action);
    return strongest;
  }
  Bytes attributes() const { return {result_->attributes.begin(), result_->attributes.end()}; }
  Bytes mp_attributes() const { return {result_->mp_attributes.begin(), result_->mp_attributes.end()}; }

 private:
  Bytes body_;
  UpdateDecoder decoder_;
  Result<Update> result_;
};

}  // namespace tw::bgp::test
