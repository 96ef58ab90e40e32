// What exists of a neighbour only while it is Established. Private to the neighbour's translation units.
#pragma once

#include "bgpd/speaker/neighbor.h"

namespace tw::bgp {

struct Neighbor::Session {
  Connection which;
  Negotiated negotiated;
  rib::PeerId source;
  Importer importer;
  Fanout::MemberId member;
  std::array<bool, rib::kFamilies> warned{};  // that the prefix limit is near
};

}  // namespace tw::bgp
