// Connection collision resolution.
#include "bgpd/session/collision.h"

#include <tuple>

namespace tw::bgp {

Connection preferred_connection(const Open& ours, const Open& theirs) {
  const bool we_dominate = std::tuple(ours.identifier, ours.as.value) > std::tuple(theirs.identifier, theirs.as.value);
  return we_dominate ? Connection::kOutgoing : Connection::kIncoming;
}

}  // namespace tw::bgp
