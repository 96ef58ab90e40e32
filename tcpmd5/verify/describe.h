// Words for segments and for what differs between them, as findings use them.
//
// Pure; any thread.
#pragma once

#include "tcpmd5/segment.h"
#include "tcpmd5/verify/finding.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace tw::tcpmd5 {

// "segment 1449..2889 (1440 octets)", "SYN", "RST at 17", "ACK at 1 (no data)". Numbers are relative to the
// connection's initial sequence number where it is known.
std::string describe(const Segment& segment, std::optional<std::uint32_t> initial);
// "1449", relative as above.
std::string sequence_text(std::uint32_t sequence, std::optional<std::uint32_t> initial);

// "window 4096 instead of 229, flags 0x18 instead of 0x10"
std::string differences(std::span<const HeaderField> fields, const Segment& seen, const Segment& sent);

// "1 octet", "7 octets"
std::string octets_text(std::size_t count);

}  // namespace tw::tcpmd5
