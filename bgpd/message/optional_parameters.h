// The Optional Parameters of an OPEN: RFC 4271 §4.2, RFC 5492 §4, and the extended form of RFC 9072 §2.
//
// Pure.
#pragma once

#include "bgpd/message/message.h"

namespace tw::bgp {

// Appends to an OPEN the length octet and, unless `capabilities` is empty, one Capabilities parameter holding them; in
// the extended form when the plain one cannot hold their length.
// REQUIRES: capabilities.size() <= 4000 (an OPEN has at most 4096 octets, RFC 8654 §4).
void append_optional_parameters(Bytes& out, ByteView capabilities);

// Appends the contents of all Capabilities parameters to `capabilities`. `field` is what follows the BGP Identifier.
// Nothing is returned when all is well.
std::optional<MessageError> read_optional_parameters(ByteView field, Bytes& capabilities);

}  // namespace tw::bgp
