// ROUTE-REFRESH (RFC 2918, 7313) and KEEPALIVE (RFC 4271 §4.4).
#include "bgpd/message/family_code.h"
#include "bgpd/message/message.h"
#include "bgpd/message/message_writer.h"

namespace tw::bgp {

Bytes encode_keepalive() {
  Bytes out = begin_message(MessageType::kKeepalive);
  finish_message(out);
  return out;
}

Result<std::optional<RouteRefresh>> decode_route_refresh(const Frame& frame, bool enhanced) {
  const ByteView body = frame.body;
  // RFC 2918 had a reserved octet, to be ignored, where RFC 7313 has the subtype.
  const std::uint8_t subtype = enhanced && body.size() > 2 ? body[2] : 0;
  const bool wrong_length = body.size() < 4 || (body.size() > 4 && (subtype == 1 || subtype == 2));
  if (wrong_length && enhanced) {
    return MessageError{ErrorCode::kRouteRefresh, refresh_error::kInvalidLength,
                        Bytes(frame.whole.begin(), frame.whole.end()),
                        "ROUTE-REFRESH with a body of " + std::to_string(body.size()) + " octets"};
  }
  if (wrong_length) {
    return MessageError{ErrorCode::kMessageHeader,
                        header_error::kBadLength,
                        {frame.whole[16], frame.whole[17]},
                        "ROUTE-REFRESH with a body of " + std::to_string(body.size()) + " octets"};
  }
  // What follows the fourth octet of a request are outbound route filters (RFC 5291), which we never ask for.
  const std::optional<rib::Family> family = family_of(load_u16(body.data()), body[3]);
  if (!family || subtype > 2) return std::optional<RouteRefresh>();
  return std::optional(RouteRefresh{*family, static_cast<RefreshSubtype>(subtype)});
}

Bytes encode_route_refresh(const RouteRefresh& refresh) {
  Bytes out = begin_message(MessageType::kRouteRefresh);
  append_u16(out, afi_of(refresh.family));
  out.push_back(static_cast<std::uint8_t>(refresh.subtype));
  out.push_back(kSafiUnicast);
  finish_message(out);
  return out;
}

}  // namespace tw::bgp
