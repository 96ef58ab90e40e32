// Text from a peer, made fit to print (RFC 9003 §2, §6: invalid UTF-8 is not interpreted, log lines are not forged).
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tw::bgp {

// Every octet that is not part of a well-formed, shortest-form sequence, and every control character (C0, DEL, C1, and
// the line and paragraph separators and bidirectional controls that terminals obey), becomes U+FFFD.
std::string printable_utf8(std::span<const std::uint8_t> octets);

// The longest beginning of at most `most` octets that does not cut a character. REQUIRES: `text` is valid UTF-8.
std::string_view cut_utf8(std::string_view text, std::size_t most);

}  // namespace tw::bgp
