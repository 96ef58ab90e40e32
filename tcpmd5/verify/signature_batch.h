// The signatures of many segments, each under its own peer's keys, in one call.
//
// Pure; any thread. The seam behind which digests are computed side by side.
#pragma once

#include "tcpmd5/digest.h"

#include <span>

namespace tw::tcpmd5 {

struct SignatureJob {
  const Segment* segment;
  std::span<const Key> keys;
  Signature result = Signature::kUnsigned;  // the answer
};

void check_signatures(std::span<SignatureJob> jobs);

}  // namespace tw::tcpmd5
