// What every honest NIC does to a frame before it is on the wire: cut a super-segment up (TSO), finish the checksum.
//
// Pure; any thread. A super-segment's TCP options are replicated as they are, as hardware does: a digest in them is
// copied, which is the very damage that TCP-MD5 is never to meet.
#pragma once

#include "tests/lab/nic/frame.h"

namespace tw::lab {

struct TransmitCounts {
  std::uint64_t super_segments = 0, checksums_finished = 0;
};

// Appends what goes on the wire. A frame whose offload makes no sense goes out as it is.
void transmit(Frame frame, Frames& wire, TransmitCounts& counts);

}  // namespace tw::lab
