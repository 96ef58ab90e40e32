#include "tcpmd5/offload/route_lookup.h"

#include "tcpmd5/offload/links.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <cerrno>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

std::uint8_t family_of(const address& it) { return it.is_v4() ? AF_INET : AF_INET6; }

void put_address(NetlinkRequest& request, std::uint16_t type, const address& it) {
  if (it.is_v4())
    request.put_octets(type, it.to_v4().to_bytes());
  else
    request.put_octets(type, it.to_v6().to_bytes());
}

std::optional<address> read_address(std::span<const std::uint8_t> octets, std::uint32_t scope) {
  address_v4::bytes_type v4;
  address_v6::bytes_type v6;
  if (octets.size() == v4.size()) {
    std::ranges::copy(octets, v4.begin());
    return address_v4(v4);
  }
  if (octets.size() != v6.size()) return std::nullopt;
  std::ranges::copy(octets, v6.begin());
  const address_v6 plain(v6);
  return plain.is_link_local() ? address_v6(v6, scope) : plain;
}

// RTA_VIA: a next hop of the other family (RFC 8950), its family in front.
std::optional<address> read_via(std::span<const std::uint8_t> octets, std::uint32_t scope) {
  return octets.size() < sizeof(rtvia) ? std::nullopt : read_address(octets.subspan(sizeof(rtvia)), scope);
}

NetlinkRequest route_request(const RouteQuery& query) {
  NetlinkRequest request(RTM_GETROUTE, 0);
  const std::uint8_t bits = query.destination.is_v4() ? 32 : 128;
  auto& header = request.fixed_part<rtmsg>();
  header.rtm_family = family_of(query.destination);
  header.rtm_dst_len = bits;
  header.rtm_src_len = query.source ? bits : 0;
  put_address(request, RTA_DST, query.destination);
  if (query.source) put_address(request, RTA_SRC, *query.source);
  const std::uint32_t scope = query.destination.is_v6() ? query.destination.to_v6().scope_id() : 0;
  if (query.egress || scope != 0) request.put_u32(RTA_OIF, query.egress.value_or(scope));
  if (query.source_port != 0 && query.destination_port != 0) {
    request.put_u8(RTA_IP_PROTO, IPPROTO_TCP);
    request.put_u16(RTA_SPORT, htons(query.source_port));
    request.put_u16(RTA_DPORT, htons(query.destination_port));
  }
  return request;
}

std::optional<Route> read_route(const nlmsghdr& answer, const address& destination) {
  const auto* header = fixed_part_of<rtmsg>(answer);
  if (header == nullptr) return std::nullopt;
  Route route{.next_hop = destination, .source = std::nullopt};
  route.local = header->rtm_type == RTN_LOCAL;
  const auto attributes = attributes_of(answer, sizeof(rtmsg));
  each_attribute(attributes, [&](Attribute it) {
    if (it.type() == RTA_OIF) route.egress = it.u32();
  });
  each_attribute(attributes, [&](Attribute it) {
    if (it.type() == RTA_GATEWAY) route.next_hop = read_address(it.payload(), route.egress).value_or(destination);
    if (it.type() == RTA_VIA) route.next_hop = read_via(it.payload(), route.egress).value_or(destination);
    if (it.type() == RTA_PREFSRC) route.source = read_address(it.payload(), route.egress);
  });
  return route.egress == 0 ? std::nullopt : std::optional(route);
}

// What an entry of the neighbour table or of a bridge's forwarding table says.
struct NeighborEntry {
  unsigned ifindex = 0, master = 0;
  std::optional<address> neighbor;
  std::string mac;
};

NeighborEntry read_neighbor(const nlmsghdr& answer) {
  NeighborEntry entry;
  const auto* header = fixed_part_of<ndmsg>(answer);
  if (header == nullptr) return entry;
  entry.ifindex = static_cast<unsigned>(header->ndm_ifindex);
  each_attribute(attributes_of(answer, sizeof(ndmsg)), [&](Attribute it) {
    if (it.type() == NDA_DST) entry.neighbor = read_address(it.payload(), entry.ifindex);
    if (it.type() == NDA_LLADDR) entry.mac = address_text(it.payload());
    if (it.type() == NDA_MASTER) entry.master = it.u32();
  });
  return entry;
}

template <class OnEntry>
void dump_neighbors(NetlinkSocket& socket, std::uint8_t family, const OnEntry& on_entry) {
  NetlinkRequest request(RTM_GETNEIGH, NLM_F_DUMP);
  request.fixed_part<ndmsg>().ndm_family = family;
  socket.ask(request, [&](const nlmsghdr& answer) { on_entry(read_neighbor(answer)); });
}

}  // namespace

std::variant<Route, NetlinkError> ask_route(NetlinkSocket& route_socket, const RouteQuery& query) {
  std::optional<Route> route;
  NetlinkRequest request = route_request(query);
  const auto error =
      route_socket.ask(request, [&](const nlmsghdr& answer) { route = read_route(answer, query.destination); });
  if (error) return *error;
  if (!route) return NetlinkError{ENETUNREACH, "no route"};
  return *route;
}

std::optional<std::string> ask_neighbor(NetlinkSocket& route_socket, unsigned ifindex, const address& next_hop) {
  std::optional<std::string> mac;
  dump_neighbors(route_socket, family_of(next_hop), [&](const NeighborEntry& entry) {
    if (entry.ifindex == ifindex && entry.neighbor == next_hop && !entry.mac.empty()) mac = entry.mac;
  });
  return mac;
}

std::optional<unsigned> ask_bridge_port(NetlinkSocket& route_socket, unsigned bridge, const std::string& mac) {
  std::optional<unsigned> port;
  dump_neighbors(route_socket, AF_BRIDGE, [&](const NeighborEntry& entry) {
    if (entry.master == bridge && entry.ifindex != bridge && entry.mac == mac) port = entry.ifindex;
  });
  return port;
}

}  // namespace tw::tcpmd5
