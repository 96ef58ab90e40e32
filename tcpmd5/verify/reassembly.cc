#include "tcpmd5/verify/reassembly.h"

#include "tcpmd5/verify/substitution.h"

namespace tw::tcpmd5 {

bool reassembly_validates(std::span<const Segment> pieces, std::span<const Key> keys) {
  constexpr std::size_t kLongest = 1 << 20;  // no device takes more in one piece
  if (pieces.size() < 2 || !pieces.front().is_signed()) return false;
  std::vector<std::uint8_t> whole;
  std::uint32_t next = pieces.front().sequence;
  for (const Segment& piece : pieces) {
    if (piece.sequence != next || whole.size() + piece.payload.size() > kLongest) return false;
    whole.insert(whole.end(), piece.payload.begin(), piece.payload.end());
    next += static_cast<std::uint32_t>(piece.payload.size());
  }
  EditedSegment joined(pieces.front());
  joined.set_payload(whole);
  joined.set_flags(pieces.front().flags | (pieces.back().flags & (tcp_flag::kPsh | tcp_flag::kFin)));
  return joined.validates(keys);
}

}  // namespace tw::tcpmd5
