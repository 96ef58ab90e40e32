// What must hold for any octets whatever that a peer may send, used by the fuzzers and by the replay of their corpora.
//
// A violation prints itself and aborts. The first octet of an input says what kind of session it arrives on.
#pragma once

#include "bgpd/message/attributes.h"
#include "bgpd/message/message.h"
#include "bgpd/message/octets.h"
#include "bgpd/message/update.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace tw::bgp::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

inline UpdateContext context_of(std::uint8_t bits, std::size_t size) {
  UpdateContext context;
  context.internal = bits & 0x01;
  context.four_octet_as = !(bits & 0x02);
  context.add_path[0] = bits & 0x04;
  context.add_path[1] = bits & 0x08;
  context.enforce_first_as = bits & 0x10;
  if (bits & 0x20) context.local_role = Role{static_cast<std::uint8_t>(size % 5)};
  if (!(bits & 0x40)) context.families.add(rib::Family::kIpv4Unicast);
  if (!(bits & 0x80)) context.families.add(rib::Family::kIpv6Unicast);
  context.peer_as = {65001};
  return context;
}

inline bool same(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

// Prefixes read without leaving the field, and hold rib::Prefix's invariant.
inline void check_nlri_readable(ByteView nlri, rib::Family family, bool add_path) {
  for (NlriReader reader(nlri, family, add_path); reader.next();) {
    const rib::Prefix& prefix = reader.prefix();
    require(prefix.family == family, "a prefix has the family of its field");
    require(prefix.length <= rib::max_length(family), "a prefix has a length of its family");
    for (std::size_t bit = prefix.length; bit < 128; ++bit) {
      require(!(prefix.octets[bit / 8] >> (7 - bit % 8) & 1), "bits beyond a prefix are zero");
    }
  }
}

inline void check_canonical(ByteView set, const rib::AttributeKey& key) {
  int last = -1;
  for (AttributeReader reader(set); reader.next();) {
    const AttributeView& attribute = reader.view();
    const int type = static_cast<int>(attribute.type);
    require(type > last, "canonical attributes ascend");
    last = type;
    const bool extended = attribute.flags & attribute_flag::kExtendedLength;
    require(extended == (attribute.value.size() > 255), "canonical lengths are short where they can be");
    require((attribute.flags & 0x0F) == 0, "canonical flags have no unused bits");
    const bool of_the_message =
        attribute.type == AttributeType::kMpReachNlri || attribute.type == AttributeType::kMpUnreachNlri ||
        attribute.type == AttributeType::kAs4Path || attribute.type == AttributeType::kAs4Aggregator;
    require(!of_the_message, "canonical sets hold no NLRI and no AS4_ attributes");
  }
  for (const AttributeType type : {AttributeType::kOrigin, AttributeType::kAsPath, AttributeType::kNextHop}) {
    require(find_attribute(set, type).has_value(), "canonical sets hold the mandatory attributes");
  }
  require(key_of(set) == key, "the key is that of the set");
  require(same(canonical_bytes(parse_attributes(set)), set), "a set taken apart is put together the same");
}

// A canonical IPv4 set, sent on by the same kind of neighbour, decodes without fault to itself.
inline void check_decodes_to_itself(ByteView set, bool internal) {
  if (find_attribute(set, AttributeType::kNextHop)->value.size() != 4) return;
  UpdateContext context;
  context.internal = internal;
  context.enforce_first_as = false;
  context.families.add(rib::Family::kIpv4Unicast);
  if (set.size() > 65535) return;
  Bytes body = {0, 0};
  append_u16(body, static_cast<std::uint16_t>(set.size()));
  append(body, set);
  append(body, Bytes{24, 198, 51, 100});
  UpdateDecoder decoder;
  const auto update = decoder.decode(body, context);
  require(update.has_value() && !update->treat_as_withdraw, "a canonical set is a valid one");
  require(update->faults.empty(), "a canonical set has no faults");
  require(same(update->attributes, set), "a canonical set decodes to itself");
}

// Input: context, then the body of an UPDATE.
inline void check_update(ByteView input) {
  if (input.empty()) return;
  const UpdateContext context = context_of(input[0], input.size());
  const ByteView body = input.subspan(1);
  static UpdateDecoder used;
  UpdateDecoder fresh;
  const auto update = used.decode(body, context);
  const auto again = fresh.decode(body, context);
  require(update.has_value() == again.has_value(), "what was decoded before makes no difference");
  if (!update) {
    const MessageError error = update.error();
    require(error.code == ErrorCode::kUpdate, "an UPDATE's error is an UPDATE Message Error");
    require(error.subcode >= 1 && error.subcode <= 11, "an UPDATE's error has a subcode");
    require(encode_notification({error.code, error.subcode, error.data}).size() <= kMaxMessage, "an error can be sent");
    return;
  }
  check_nlri_readable(update->withdrawn, rib::Family::kIpv4Unicast, context.add_path[0]);
  check_nlri_readable(update->announced, rib::Family::kIpv4Unicast, context.add_path[0]);
  for (const auto& [family, nlri] : {std::pair(update->mp_reach_family, update->mp_announced),
                                     std::pair(update->mp_unreach_family, update->mp_withdrawn)}) {
    require(family.has_value() || nlri.empty(), "multiprotocol NLRI have a family");
    if (family) check_nlri_readable(nlri, *family, context.add_path[rib::index_of(*family)]);
  }
  bool withdraws = false;
  for (const UpdateFault& fault : update->faults) {
    require(fault.action != OnError::kResetSession, "what resets is no fault of a decoded UPDATE");
    withdraws |= fault.action == OnError::kTreatAsWithdraw;
  }
  require(update->treat_as_withdraw == withdraws, "the strongest action is taken");
  for (const auto& [nlri, set] :
       {std::pair(update->announced, update->attributes), std::pair(update->mp_announced, update->mp_attributes)}) {
    require(set.empty() == (nlri.empty() || withdraws), "announced routes have attributes, others have none");
    if (set.empty()) continue;
    check_canonical(set, update->key);
    check_decodes_to_itself(set, context.internal);
  }
  require(same(update->attributes, again->attributes) && same(update->mp_attributes, again->mp_attributes),
          "what was decoded before makes no difference to the attributes");
}

// Input: the body of an OPEN.
inline void check_open(ByteView body) {
  const auto open = decode_open(body);
  if (!open) {
    require(open.error().code == ErrorCode::kOpen, "an OPEN's error is an OPEN Message Error");
    return;
  }
  require(open->as.value != 0 && open->identifier != 0 && open->version == 4, "an accepted OPEN has sound fields");
  require(open->hold_time == 0 || open->hold_time >= 3, "an accepted hold time is none or at least 3 s");
  if (!open->capabilities.four_octet_as && open->as.value > 0xFFFF) return;
  Open sent = *open;
  if (sent.capabilities.families.empty()) sent.capabilities.has_multiprotocol = false;  // families that we do not know
  sent.capabilities.unknown_codes.clear();
  sent.capabilities.role_conflict = false;
  const Bytes message = encode_open(sent);
  const auto received = decode_open(ByteView(message).subspan(kHeaderSize));
  require(received.has_value(), "an OPEN that we send is accepted");
  require(received->capabilities == sent.capabilities, "capabilities that we send are read as sent");
  require(received->as == sent.as, "the AS number that we send is read as sent");
}

// Input: options, then the octets of a connection.
inline void check_stream(ByteView input) {
  if (input.empty()) return;
  const bool extended = input[0] & 1, enhanced = input[0] & 2;
  ByteView stream = input.subspan(1);
  while (true) {
    const auto frame = next_frame(stream, extended);
    if (!frame || !*frame) break;
    const ByteView whole = (*frame)->whole;
    require(whole.size() >= kHeaderSize && whole.size() <= stream.size(), "a frame lies in the stream");
    require(whole.size() <= (extended ? kMaxExtendedMessage : kMaxMessage), "a frame has a size that was agreed on");
    require((*frame)->body.size() == whole.size() - kHeaderSize, "a body is a frame without its header");
    switch ((*frame)->type) {
      case MessageType::kOpen: check_open((*frame)->body); break;
      case MessageType::kUpdate: {
        Bytes update = {input[0]};
        append(update, (*frame)->body);
        check_update(update);
        break;
      }
      case MessageType::kNotification: {
        const Notification notification = decode_notification((*frame)->body);
        if (whole.size() <= kMaxMessage) {
          require(same(encode_notification(notification), whole), "a NOTIFICATION is written as it was read");
        }
        if (const auto text = notification.shutdown_communication()) {
          require(std::none_of(text->begin(), text->end(), [](char c) { return c >= 0 && c < ' '; }),
                  "texts are printable");
        }
        break;
      }
      case MessageType::kKeepalive: require(same(encode_keepalive(), whole), "KEEPALIVEs are all alike"); break;
      case MessageType::kRouteRefresh: {
        const auto refresh = decode_route_refresh(**frame, enhanced);
        if (refresh && *refresh) require(encode_route_refresh(**refresh).size() == 23, "a ROUTE-REFRESH can be sent");
        break;
      }
    }
    stream = stream.subspan(whole.size());
  }
}

}  // namespace tw::bgp::fuzz
