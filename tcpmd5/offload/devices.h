// The devices under the route to a peer: down from the one that the route names to the lowest ones that this host has,
// for only their offloads touch what reaches the wire.
//
// Acts in the network namespace in which the thread was at construction; takes no privilege. Not thread-safe.
#pragma once

#include "tcpmd5/offload/links.h"
#include "tcpmd5/offload/route_lookup.h"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

// What lies under a device.
struct LowestDevices {
  std::vector<unsigned> ifindexes;  // several: the ports of a bond that send; which of them, is up to the bond
  bool out_of_sight = false;        // what carries one of them, or a veth's other end, is in another namespace
  bool port_unknown = false;  // a bridge that has several ports and has not heard of the next hop: it is the lowest
  bool operator==(const LowestDevices&) const = default;
};
// The bridge's port behind which the next hop is; nothing: unknown.
using FindPort = std::function<std::optional<unsigned>(unsigned bridge)>;
// Steps down from VLANs, macvlans, ipvlans and DSA ports to what carries them, from bonds and teams to their ports,
// from a bridge to the one that `find_port` says. Tunnels, veth and TAPs are the lowest of theirs: below them the
// segment is somebody else's payload. Pure.
LowestDevices lowest_under(unsigned ifindex, const NetworkLinks& links, const FindPort& find_port);

// A device as it is found again after a restart, when its number may be another.
struct DeviceIdentity {
  std::string name;
  std::string permanent_address;  // empty: it has none, as virtual devices do
  std::string driver;             // "vmxnet3", "tun" …; empty: not told
  bool operator==(const DeviceIdentity&) const = default;
};

struct PathDevice {
  NetworkLink link;
  std::string driver;
  DeviceIdentity identity() const { return {link.name, link.permanent_address, driver}; }
};
struct PathToPeer {
  Route route;
  PathDevice egress;
  std::vector<PathDevice> lowest;
  bool out_of_sight = false, port_unknown = false;  // as in LowestDevices
};

class Devices {
 public:
  Devices();
  ~Devices();
  Devices(const Devices&) = delete;
  Devices& operator=(const Devices&) = delete;

  // Otherwise one line for people: no route, or what the kernel would not tell.
  std::variant<PathToPeer, std::string> path_to(const RouteQuery& query);
  // Nothing: there is no such device now.
  std::optional<PathDevice> device(unsigned ifindex);
  // All devices that are now; none: the kernel would not tell.
  std::vector<PathDevice> all();

 private:
  std::string driver_of(const NetworkLink& link) const;
  PathDevice with_driver(const NetworkLink& link) const { return {link, driver_of(link)}; }

  NetlinkSocket route_socket_;
  int control_;  // any socket of this namespace, for the ethtool ioctl
};

}  // namespace tw::tcpmd5
