// The digest that signs a TCP segment (RFC 2385 §2), over IPv4 and IPv6, exactly as Linux computes it.
//
// Pure; any thread. Covered are addresses, ports, sequence numbers, data offset, flags, window, urgent pointer and
// payload; not covered are the checksum and the options, except for their length.
#pragma once

#include "tcpmd5/key.h"
#include "tcpmd5/md5.h"
#include "tcpmd5/segment.h"

#include <span>

namespace tw::tcpmd5 {

Md5::Digest digest_of(const Segment& segment, const Key& key);

enum class Signature : std::uint8_t {
  kUnsigned,  // no option 19
  kValid,     // signed with one of the keys
  kInvalid,   // signed, with none of them
};
// During a roll-over a peer has two keys (RFC 4808), hence several.
Signature check_signature(const Segment& segment, std::span<const Key> keys);

}  // namespace tw::tcpmd5
