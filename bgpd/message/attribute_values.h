// What each path attribute's value has to be; attribute_rules.cc says which reader is whose and what its findings cost.
// Readers also put into Update::key what the decision process compares.
//
// Pure.
#pragma once

#include "bgpd/message/attribute_rules.h"

namespace tw::bgp {

Finding read_origin(ByteView value, UpdateReading& reading);
Finding read_as_path(ByteView value, UpdateReading& reading);
Finding read_next_hop(ByteView value, UpdateReading& reading);
Finding read_med(ByteView value, UpdateReading& reading);
Finding read_local_pref(ByteView value, UpdateReading& reading);
Finding read_aggregator(ByteView value, UpdateReading& reading);
Finding read_originator_id(ByteView value, UpdateReading& reading);
Finding read_cluster_list(ByteView value, UpdateReading& reading);
Finding read_mp_reach_nlri(ByteView value, UpdateReading& reading);
Finding read_mp_unreach_nlri(ByteView value, UpdateReading& reading);
Finding read_as4_path(ByteView value, UpdateReading& reading);
Finding read_as4_aggregator(ByteView value, UpdateReading& reading);
Finding read_aigp(ByteView value, UpdateReading& reading);

}  // namespace tw::bgp
