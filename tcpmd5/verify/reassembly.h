// Segments that carry one digest, put together again: if the whole validates, they were cut after they were signed.
//
// Pure; any thread.
#pragma once

#include "tcpmd5/digest.h"

#include <optional>
#include <span>
#include <vector>

namespace tw::tcpmd5 {

// Whether the pieces, in the order of their sequence numbers and without gaps, are one signed segment: under the first
// one's header, with the PSH and FIN of the last, as segmentation distributes them, the digest validates.
bool reassembly_validates(std::span<const Segment> pieces, std::span<const Key> keys);

}  // namespace tw::tcpmd5
