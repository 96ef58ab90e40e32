#include "tcpmd5/verify/merge_proof.h"

#include "tcpmd5/verify/substitution.h"

#include <algorithm>

namespace tw::tcpmd5 {
namespace {

constexpr std::size_t kHashedBesides = 128;  // octets: headers, key, padding

// What merges keeps the first header, and the PSH and FIN of whichever had them.
bool part_validates(const Segment& merged, std::size_t offset, std::size_t size, std::span<const Key> keys,
                    WorkBudget& budget) {
  constexpr std::uint8_t kOfTheLast = tcp_flag::kPsh | tcp_flag::kFin;
  EditedSegment part(merged);
  part.set_payload(merged.payload.subspan(offset, size));
  part.set_sequence(merged.sequence + static_cast<std::uint32_t>(offset));
  const auto try_flags = [&](std::uint8_t flags) {
    part.set_flags(flags);
    return budget.spend((size + kHashedBesides) * keys.size()) && part.validates(keys);
  };
  const auto without = static_cast<std::uint8_t>(merged.flags & ~kOfTheLast);
  if (try_flags(without)) return true;
  if (merged.flags != without && try_flags(merged.flags)) return true;
  return merged.flags != without && try_flags(without | (merged.flags & tcp_flag::kPsh));
}

}  // namespace

std::optional<MergeProof> prove_merge(const Segment& segment, std::span<const Key> keys,
                                      std::span<const std::size_t> likely, bool try_each, WorkBudget& budget) {
  const std::size_t all = segment.payload.size();
  const auto try_length = [&](std::size_t piece) -> std::optional<MergeProof> {
    if (piece == 0 || piece >= all) return std::nullopt;
    if (part_validates(segment, 0, piece, keys, budget)) return MergeProof{piece, true};
    if (part_validates(segment, all - piece, piece, keys, budget)) return MergeProof{piece, false};
    return std::nullopt;
  };
  for (const std::size_t piece : likely) {
    if (piece == 0) continue;
    if (const auto proof = try_length(piece)) return proof;
    if (const auto proof = try_length(all % piece)) return proof;  // the last one
  }
  constexpr std::size_t kLongest = 1460;  // what an Ethernet frame holds
  for (std::size_t piece = 1; try_each && piece <= std::min(kLongest, all - 1); ++piece)
    if (const auto proof = try_length(piece)) return proof;
  return std::nullopt;
}

}  // namespace tw::tcpmd5
