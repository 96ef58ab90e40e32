// The other addresses of the interface that a session's local address is on: a session over IPv4 that carries IPv6
// routes needs an IPv6 next hop, and the other way round (RFC 4760 §3, RFC 2545 §3).
//
// Asks the kernel (getifaddrs) at the call; any thread.
#pragma once

#include "rib/prefix.h"

#include <optional>

namespace tw::bgp {

struct InterfaceAddresses {
  std::optional<rib::IpAddress> v4, v6, link_local;  // v6: global; the first of each as the kernel lists them
};
InterfaceAddresses addresses_beside(const rib::IpAddress& local);

}  // namespace tw::bgp
