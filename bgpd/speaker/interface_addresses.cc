#include "bgpd/speaker/interface_addresses.h"

#include "bgpd/speaker/endpoint.h"

#include <ifaddrs.h>

#include <cstring>
#include <memory>
#include <string>

namespace tw::bgp {
namespace {

std::optional<rib::IpAddress> address_of(const ifaddrs& entry) {
  if (entry.ifa_addr == nullptr) return std::nullopt;
  const auto family = entry.ifa_addr->sa_family;
  if (family != AF_INET && family != AF_INET6) return std::nullopt;
  sockaddr_storage storage{};
  std::memcpy(&storage, entry.ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
  return from_sockaddr(storage).address;
}

}  // namespace

InterfaceAddresses addresses_beside(const rib::IpAddress& local) {
  InterfaceAddresses out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, &::freeifaddrs);
  std::string interface;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next)
    if (address_of(*entry) == local) interface = entry->ifa_name;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (interface != entry->ifa_name) continue;
    const auto address = address_of(*entry);
    if (!address) continue;
    auto& slot = !address->v6 ? out.v4 : address->is_link_local() ? out.link_local : out.v6;
    if (!slot) slot = address;
  }
  return out;
}

}  // namespace tw::bgp
