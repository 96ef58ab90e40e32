// What is legal by itself but not together: checks between keys, between neighbours, and against the speaker.
//
// They report to reading; pure apart from that.
#pragma once

#include "bgpd/config/neighbor_keys.h"

#include <vector>

namespace tw::bgp::config {

// Keys of one neighbour or range against each other and the speaker's. The interface in the address is moved to the
// settings. Unsets `sound` when the draft cannot be used.
void check_neighbor(Reading& reading, const SpeakerConfig& speaker, NeighborDraft& draft);
void check_range(Reading& reading, const SpeakerConfig& speaker, RangeDraft& draft);

// Neighbours and ranges against each other: duplicates, and keys that the kernel cannot tell apart.
void check_together(Reading& reading, const std::vector<NeighborDraft>& neighbors,
                    const std::vector<RangeDraft>& ranges);

// What is legal but announces nothing. REQUIRES: defaults are filled in.
void warn_of_silence(Reading& reading, const SpeakerConfig& speaker, const std::vector<NeighborDraft>& neighbors,
                     const std::vector<RangeDraft>& ranges, const std::vector<Originate>& originate);

}  // namespace tw::bgp::config
