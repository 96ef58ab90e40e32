// Framing, and the messages other than UPDATE: OPEN, NOTIFICATION, KEEPALIVE, ROUTE-REFRESH.
//
// Pure: bytes in, values out, and back. Thread-safe (no state). RFC 4271 §4; 5492 and 9072 (optional parameters);
// 2918 and 7313 (route refresh); 8654 (extended messages); 9003 (shutdown communication).
#pragma once

#include "bgpd/message/error.h"
#include "rib/ids.h"
#include "rib/prefix.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tw::bgp {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline constexpr std::size_t kHeaderSize = 19;
inline constexpr std::size_t kMaxMessage = 4096;
inline constexpr std::size_t kMaxExtendedMessage = 65535;  // RFC 8654
inline constexpr std::uint16_t kPort = 179;
inline constexpr std::uint32_t kAsTrans = 23456;  // RFC 6793

enum class MessageType : std::uint8_t { kOpen = 1, kUpdate = 2, kNotification = 3, kKeepalive = 4, kRouteRefresh = 5 };

// One whole message at the head of a stream.
struct Frame {
  MessageType type;
  ByteView body;  // without the header
  ByteView whole;
};
// Nothing: more octets are needed. `extended`: RFC 8654 was negotiated (OPEN and KEEPALIVE stay limited to 4096).
// The header is judged as soon as its 19 octets are there: a bad length is an error before the body has arrived.
Result<std::optional<Frame>> next_frame(ByteView stream, bool extended);

enum class Role : std::uint8_t {
  kProvider = 0,
  kRouteServer = 1,
  kRouteServerClient = 2,
  kCustomer = 3,
  kPeer = 4
};                                 // RFC 9234
std::string_view name(Role role);  // "provider", "rs", "rs-client", "customer", "peer"
std::optional<Role> role_named(std::string_view text);

enum class AddPathDirection : std::uint8_t {
  kNone = 0,
  kReceive = 1,
  kSend = 2,
  kBoth = 3
};  // RFC 7911 §4, as the sender of the capability

struct Capabilities {
  rib::FamilySet families;  // empty and !has_multiprotocol: IPv4 unicast is implied (RFC 4760 §8)
  bool has_multiprotocol = false;
  bool route_refresh = false;                  // RFC 2918
  bool enhanced_route_refresh = false;         // RFC 7313
  bool extended_message = false;               // RFC 8654
  std::optional<rib::AsNumber> four_octet_as;  // RFC 6793
  std::optional<Role> role;                    // RFC 9234; may hold a number not named above
  bool role_conflict = false;                  // received several different roles: RFC 9234 §4.2 wants 2/11
  AddPathDirection add_path[rib::kFamilies] = {AddPathDirection::kNone, AddPathDirection::kNone};
  std::vector<std::uint8_t> unknown_codes;  // received codes that we do not know, for people to see
  bool operator==(const Capabilities&) const = default;
};

struct Open {
  std::uint8_t version = 4;
  rib::AsNumber as{};            // the real one: from the four-octet capability if present
  std::uint16_t as_field = 0;    // the two-octet field as it stood (AS_TRANS when the number does not fit)
  std::uint16_t hold_time = 90;  // seconds; 0 or at least 3
  std::uint32_t identifier = 0;  // host byte order
  Capabilities capabilities;
};
// What is wrong whoever sends it (RFC 4271 §6.2: version, AS 0, hold times 1 and 2, identifier 0, parameters); what
// depends on the neighbour's configuration is the FSM's.
Result<Open> decode_open(ByteView body);
Bytes encode_open(const Open& open);  // whole message; the extended form of RFC 9072 when the parameters need it

struct Notification {
  ErrorCode code = ErrorCode::kCease;  // may hold a number not named above
  std::uint8_t subcode = 0;
  Bytes data;
  // RFC 9003: the text of an administrative shutdown or reset, made printable (control characters and invalid UTF-8 are
  // replaced); inside a Hard Reset (RFC 8538) the inner one's.
  std::optional<std::string> shutdown_communication() const;
};
Notification decode_notification(ByteView body);  // REQUIRES: at least 2 octets (next_frame sees to it)
Bytes encode_notification(const Notification& notification);
// RFC 9003: at most 255 octets of UTF-8; longer texts are cut at a character.
Notification shutdown_notification(std::uint8_t cease_subcode, std::string_view text);

Bytes encode_keepalive();

enum class RefreshSubtype : std::uint8_t { kRequest = 0, kBegin = 1, kEnd = 2 };  // RFC 7313
struct RouteRefresh {
  rib::Family family;
  RefreshSubtype subtype = RefreshSubtype::kRequest;
};
// Nothing: to be ignored (unknown family or subtype). `enhanced`: RFC 7313 was negotiated, so a wrong length is 7/1
// with the whole message as data.
Result<std::optional<RouteRefresh>> decode_route_refresh(const Frame& frame, bool enhanced);
Bytes encode_route_refresh(const RouteRefresh& refresh);

}  // namespace tw::bgp
