// The keys that a configuration names, loaded.
//
// Reads files at the call; any thread.
#pragma once

#include "bgpd/config/config.h"
#include "bgpd/speaker/neighbor.h"
#include "tcpmd5/listener_keys.h"

#include <map>
#include <string>
#include <vector>

namespace tw::bgp {

tcpmd5::PeerSpec peer_spec(const rib::IpAddress& address);
tcpmd5::PeerSpec peer_spec(const rib::Prefix& prefix);
// A neighbour of the configuration by what tells it apart.
NeighborName name_of(const NeighborConfig& neighbor);

struct KeyTable {
  std::map<tcpmd5::PeerSpec, tcpmd5::Key> keys;    // every neighbour and range; an empty key: unsigned
  std::map<tcpmd5::PeerSpec, std::string> errors;  // whose key could not be loaded, and why; not in `keys`
  std::vector<tcpmd5::WantedKey> wanted() const;
};
KeyTable load_keys(const Config& config);

}  // namespace tw::bgp
