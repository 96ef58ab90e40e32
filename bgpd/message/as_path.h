// The AS_PATH attribute as octets: checking it, and putting two-octet paths into four-octet form (RFC 6793 §4.2.3).
//
// Pure. Widths are octets per AS number: 2 or 4.
#pragma once

#include "bgpd/message/message.h"
#include "rib/ids.h"

#include <cstdint>
#include <vector>

namespace tw::bgp {

// What a path says to the decision process, and what is wrong with it.
struct AsPathSummary {
  const char* malformed = nullptr;  // static text; nothing: the path is well-formed
  std::uint32_t length = 0;    // RFC 4271 §9.1.2.2 a: a set counts one; RFC 5065 §5.3: confederation segments none
  std::uint32_t leftmost = 0;  // the first number there is, in whatever segment
  std::uint32_t neighbor = 0;  // the first number of the first segment outside the confederation, if a sequence
  bool has_confederation = false;  // has AS_CONFED_SEQUENCE or AS_CONFED_SET segments
};
// RFC 7606 §7.2, RFC 7607 §2. An empty path is well-formed.
AsPathSummary summarize_as_path(ByteView path, int width);

// Appends to `out` the four-octet form of a well-formed two-octet path.
void widen_as_path(ByteView two_octet_path, Bytes& out);

// Appends to `out` the path that a two-octet AS_PATH and an AS4_PATH make together, both well-formed.
void merge_as4_path(ByteView two_octet_path, ByteView as4_path, Bytes& out);

// Appends to `out` a four-octet path without its confederation segments.
void strip_confederation(ByteView path, Bytes& out);

}  // namespace tw::bgp
