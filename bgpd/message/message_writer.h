// Starting and finishing a whole message in a byte vector.
#pragma once

#include "bgpd/message/message.h"
#include "bgpd/message/octets.h"

namespace tw::bgp {

// A header whose length is filled in by finish_message().
inline Bytes begin_message(MessageType type) {
  Bytes out(kHeaderSize, 0xFF);
  out[18] = static_cast<std::uint8_t>(type);
  return out;
}
// REQUIRES: `message` came from begin_message() and has at most kMaxExtendedMessage octets.
inline void finish_message(Bytes& message) {
  store_u16(message.data() + 16, static_cast<std::uint16_t>(message.size()));
}

}  // namespace tw::bgp
