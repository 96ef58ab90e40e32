#include "tcpmd5/offload/devices.h"

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <string_view>

namespace tw::tcpmd5 {
namespace {

// Kinds whose frames leave through `lower` as they are; those of all other kinds (tunnels, veth) do not.
constexpr std::array<std::string_view, 6> kCarried{"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "dsa"};
// Kinds that send through any of their ports.
constexpr std::array<std::string_view, 2> kAggregates{"bond", "team"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& kinds, std::string_view kind) {
  return std::ranges::find(kinds, kind) != kinds.end();
}

std::vector<unsigned> ports_of(unsigned master, const NetworkLinks& links) {
  std::vector<unsigned> ports;
  for (const auto& [ifindex, link] : links)
    if (link.master == master) ports.push_back(ifindex);
  return ports;
}

// Those that send now; where all stand by, any may be next.
std::vector<unsigned> sending_ports_of(unsigned master, const NetworkLinks& links) {
  std::vector<unsigned> ports = ports_of(master, links);
  const auto stands_by = [&](unsigned port) { return links.at(port).standby; };
  if (!std::ranges::all_of(ports, stands_by)) std::erase_if(ports, stands_by);
  return ports;
}

class Descent {
 public:
  Descent(const NetworkLinks& links, const FindPort& find_port) : links_(links), find_port_(find_port) {}

  void down(unsigned ifindex) {
    if (!seen_.insert(ifindex).second) return;  // two ways to the same device, or a circle
    const auto found = links_.find(ifindex);
    if (found == links_.end()) return;
    const NetworkLink& link = found->second;
    if (is_one_of(kCarried, link.kind) && link.lower) {
      step_to_carrier(link);
    } else if (is_one_of(kAggregates, link.kind)) {
      step_to_ports(ifindex, sending_ports_of(ifindex, links_));
    } else if (link.kind == "bridge") {
      step_to_port(ifindex);
    } else {
      lowest.out_of_sight |= link.lower_elsewhere;
      lowest.ifindexes.push_back(ifindex);
    }
  }

  LowestDevices lowest;

 private:
  void step_to_carrier(const NetworkLink& link) {
    if (!link.lower_elsewhere && links_.contains(*link.lower)) return down(*link.lower);
    lowest.out_of_sight = true;
    lowest.ifindexes.push_back(link.ifindex);
  }
  void step_to_ports(unsigned ifindex, const std::vector<unsigned>& ports) {
    for (const unsigned port : ports) down(port);
    if (ports.empty()) lowest.ifindexes.push_back(ifindex);
  }
  void step_to_port(unsigned bridge) {
    const std::vector<unsigned> ports = ports_of(bridge, links_);
    if (ports.size() == 1) return down(ports.front());
    if (const auto port = find_port_(bridge); port && std::ranges::find(ports, *port) != ports.end())
      return down(*port);
    lowest.port_unknown = !ports.empty();
    lowest.ifindexes.push_back(bridge);
  }

  const NetworkLinks& links_;
  const FindPort& find_port_;
  std::set<unsigned> seen_;
};

}  // namespace

LowestDevices lowest_under(unsigned ifindex, const NetworkLinks& links, const FindPort& find_port) {
  Descent descent(links, find_port);
  descent.down(ifindex);
  return descent.lowest;
}

Devices::Devices() : route_socket_(NETLINK_ROUTE), control_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

Devices::~Devices() {
  if (control_ >= 0) ::close(control_);
}

std::string Devices::driver_of(const NetworkLink& link) const {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  ifreq request{};
  std::strncpy(request.ifr_name, link.name.c_str(), IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (::ioctl(control_, SIOCETHTOOL, &request) != 0) return link.kind;
  return std::string(info.driver, ::strnlen(info.driver, sizeof info.driver));
}

std::variant<PathToPeer, std::string> Devices::path_to(const RouteQuery& query) {
  const auto route = ask_route(route_socket_, query);
  if (const auto* error = std::get_if<NetlinkError>(&route))
    return fmt::format("{}: no route: {}", query.destination.to_string(), error->text);
  PathToPeer path{std::get<Route>(route), {}, {}};
  const auto listed = list_links(route_socket_);
  if (const auto* error = std::get_if<NetlinkError>(&listed))
    return fmt::format("cannot list the network devices: {}", error->text);
  const auto& links = std::get<NetworkLinks>(listed);
  const auto egress = links.find(path.route.egress);
  if (egress == links.end()) return fmt::format("{}: the route's device is gone", query.destination.to_string());

  const LowestDevices lowest = lowest_under(path.route.egress, links, [&](unsigned bridge) -> std::optional<unsigned> {
    // Where the bridge is below a VLAN, the next hop is known to the VLAN.
    const auto mac = ask_neighbor(route_socket_, path.route.egress, path.route.next_hop);
    return mac ? ask_bridge_port(route_socket_, bridge, *mac) : std::nullopt;
  });
  path.egress = with_driver(egress->second);
  for (const unsigned ifindex : lowest.ifindexes) path.lowest.push_back(with_driver(links.at(ifindex)));
  path.out_of_sight = lowest.out_of_sight;
  path.port_unknown = lowest.port_unknown;
  return path;
}

std::optional<PathDevice> Devices::device(unsigned ifindex) {
  const auto link = ask_link(route_socket_, ifindex);
  if (const auto* found = std::get_if<NetworkLink>(&link)) return with_driver(*found);
  return std::nullopt;
}

std::vector<PathDevice> Devices::all() {
  std::vector<PathDevice> devices;
  const auto listed = list_links(route_socket_);
  if (const auto* links = std::get_if<NetworkLinks>(&listed))
    for (const auto& [ifindex, link] : *links) devices.push_back(with_driver(link));
  return devices;
}

}  // namespace tw::tcpmd5
