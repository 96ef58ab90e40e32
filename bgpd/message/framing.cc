// The message header: RFC 4271 §4.1 and §6.1, with the longer messages of RFC 8654.
#include "bgpd/message/message.h"
#include "bgpd/message/octets.h"

#include <algorithm>

namespace tw::bgp {
namespace {

struct LengthLimits {
  MessageType type;
  std::size_t least;
  std::size_t most;  // without extended messages
  std::size_t most_extended;
};

// What §6.1 lets the header's length be, by type. ROUTE-REFRESH is judged by its own decoder: RFC 7313 answers a wrong
// length with a code of its own.
constexpr LengthLimits kLimits[] = {
    {MessageType::kOpen, 29, kMaxMessage, kMaxMessage},
    {MessageType::kUpdate, 23, kMaxMessage, kMaxExtendedMessage},
    {MessageType::kNotification, 21, kMaxMessage, kMaxExtendedMessage},
    {MessageType::kKeepalive, 19, 19, 19},
    {MessageType::kRouteRefresh, 19, kMaxMessage, kMaxExtendedMessage},
};

MessageError bad_length(const std::uint8_t* header) {
  return {ErrorCode::kMessageHeader,
          header_error::kBadLength,
          {header[16], header[17]},
          "message length " + std::to_string(load_u16(header + 16)) + " is out of range"};
}

}  // namespace

Result<std::optional<Frame>> next_frame(ByteView stream, bool extended) {
  if (stream.size() < kHeaderSize) return std::optional<Frame>();
  const std::uint8_t* header = stream.data();
  if (load_u64(header) != ~std::uint64_t{0} || load_u64(header + 8) != ~std::uint64_t{0}) {
    return MessageError{ErrorCode::kMessageHeader, header_error::kNotSynchronized, {}, "the marker is not all ones"};
  }
  const std::size_t length = load_u16(header + 16);
  if (length < kHeaderSize || length > (extended ? kMaxExtendedMessage : kMaxMessage)) return bad_length(header);
  const std::uint8_t type = header[18];
  const auto* limits = std::find_if(std::begin(kLimits), std::end(kLimits), [&](const LengthLimits& row) {
    return static_cast<std::uint8_t>(row.type) == type;
  });
  if (limits == std::end(kLimits)) {
    return MessageError{ErrorCode::kMessageHeader,
                        header_error::kBadType,
                        {type},
                        "message type " + std::to_string(type) + " is not known"};
  }
  if (length < limits->least || length > (extended ? limits->most_extended : limits->most)) return bad_length(header);
  if (stream.size() < length) return std::optional<Frame>();
  return std::optional(Frame{limits->type, stream.subspan(kHeaderSize, length - kHeaderSize), stream.first(length)});
}

}  // namespace tw::bgp
