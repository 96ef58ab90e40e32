// The capabilities of an OPEN (RFC 5492), one table row per code that we know.
//
// Pure.
#pragma once

#include "bgpd/message/message.h"

namespace tw::bgp {

// Reads capability triples, as they stand one after the other in the Capabilities parameters. Codes that we do not know
// are noted in unknown_codes and otherwise ignored (RFC 5492 §3).
std::optional<MessageError> read_capabilities(ByteView triples, Capabilities& capabilities);

// Ascending by code, one triple per family where the code asks for it.
Bytes write_capabilities(const Capabilities& capabilities);

}  // namespace tw::bgp
