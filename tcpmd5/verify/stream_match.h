// Whether a wire copy holds the octets that its flow's references hold at its sequence number, however it is cut.
//
// Pure; not thread-safe.
#pragma once

#include "tcpmd5/verify/kept_segments.h"

#include <cstdint>
#include <vector>

namespace tw::tcpmd5 {

// How two runs of octets differ.
struct OctetDifferences {
  std::size_t first = 0;  // offset of the first that differs
  std::size_t last = 0;
  std::size_t count = 0;  // 0: they do not
};
OctetDifferences compare_octets(Octets seen, Octets sent);

struct StreamMatch {
  bool known = false;  // every octet is held by some reference
  OctetDifferences differences;
  std::vector<KeptSegment*> references;  // those that hold them, in their order
  bool whole = false;                    // the copy begins and ends where references do

  bool matches() const { return known && differences.count == 0; }
};
// REQUIRES: the payload is not empty.
StreamMatch match_stream(KeptSegments& kept, std::uint32_t sequence, Octets payload);

}  // namespace tw::tcpmd5
