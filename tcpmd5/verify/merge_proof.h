// Whether a segment that arrived is several of the sender's in one: some part of it validates by itself.
//
// Pure; any thread. The cost is that of one digest per length tried, and bounded by the caller's budget.
#pragma once

#include "tcpmd5/digest.h"
#include "tcpmd5/verify/work_budget.h"

#include <optional>
#include <span>

namespace tw::tcpmd5 {

struct MergeProof {
  std::size_t piece;  // octets of payload of the part that validates
  bool first;         // the first of those merged; otherwise the last
};
// Tries the likely lengths, then, if asked for, each. The budget is in octets hashed.
std::optional<MergeProof> prove_merge(const Segment& segment, std::span<const Key> keys,
                                      std::span<const std::size_t> likely, bool try_each, WorkBudget& budget);

}  // namespace tw::tcpmd5
