#include "tcpmd5/offload/links.h"

#include <linux/if.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace tw::tcpmd5 {
namespace {

// What kind of device it is, and what its master says of it as a port.
void read_link_info(Attribute info, NetworkLink& link) {
  std::string_view port_kind;
  each_attribute(info, [&](Attribute field) {
    if (field.type() == IFLA_INFO_KIND) link.kind = field.text();
    if (field.type() == IFLA_INFO_SLAVE_KIND) port_kind = field.text();
  });
  if (port_kind != "bond") return;
  each_attribute(info, [&](Attribute field) {
    if (field.type() != IFLA_INFO_SLAVE_DATA) return;
    each_attribute(field, [&](Attribute port) {
      if (port.type() == IFLA_BOND_SLAVE_STATE && !port.payload().empty())
        link.standby = port.payload().front() == BOND_STATE_BACKUP;
    });
  });
}

void read_attribute(Attribute attribute, NetworkLink& link) {
  switch (attribute.type()) {
    case IFLA_IFNAME: link.name = attribute.text(); return;
    case IFLA_ADDRESS: link.mac = address_text(attribute.payload()); return;
    case IFLA_PERM_ADDRESS: link.permanent_address = address_text(attribute.payload()); return;
    case IFLA_MTU: link.mtu = attribute.u32(); return;
    case IFLA_LINK:
      if (attribute.u32() != link.ifindex && attribute.u32() != 0) link.lower = attribute.u32();
      return;
    case IFLA_LINK_NETNSID: link.lower_elsewhere = true; return;
    case IFLA_MASTER: link.master = attribute.u32(); return;
    case IFLA_GSO_MAX_SEGS: link.gso_max_segs = attribute.u32(); return;
    case IFLA_LINKINFO: return read_link_info(attribute, link);
    default: return;
  }
}

// Statistics and the settings of each address family make most of an answer; they are not looked at.
NetlinkRequest link_request(std::uint16_t flags, unsigned ifindex) {
  NetlinkRequest request(RTM_GETLINK, flags);
  auto& header = request.fixed_part<ifinfomsg>();
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = static_cast<int>(ifindex);
  request.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  return request;
}

}  // namespace

std::string address_text(std::span<const std::uint8_t> octets) {
  if (std::ranges::all_of(octets, [](std::uint8_t octet) { return octet == 0; })) return "";
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t octet : octets) {
    if (!text.empty()) text += ':';
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

std::optional<NetworkLink> read_link(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWLINK && message.nlmsg_type != RTM_DELLINK) return std::nullopt;
  const auto* header = fixed_part_of<ifinfomsg>(message);
  if (header == nullptr) return std::nullopt;
  NetworkLink link;
  link.ifindex = static_cast<unsigned>(header->ifi_index);
  link.running = (header->ifi_flags & IFF_UP) != 0 && (header->ifi_flags & IFF_RUNNING) != 0;
  each_attribute(attributes_of(message, sizeof(ifinfomsg)), [&](Attribute it) { read_attribute(it, link); });
  return link;
}

std::variant<NetworkLinks, NetlinkError> list_links(NetlinkSocket& route_socket) {
  NetworkLinks links;
  NetlinkRequest request = link_request(NLM_F_DUMP, 0);
  const auto error = route_socket.ask(request, [&](const nlmsghdr& answer) {
    if (auto link = read_link(answer)) links.insert_or_assign(link->ifindex, std::move(*link));
  });
  if (error) return *error;
  return links;
}

std::variant<NetworkLink, NetlinkError> ask_link(NetlinkSocket& route_socket, unsigned ifindex) {
  std::optional<NetworkLink> found;
  NetlinkRequest request = link_request(0, ifindex);
  const auto error = route_socket.ask(request, [&](const nlmsghdr& answer) { found = read_link(answer); });
  if (error) return *error;
  if (!found) return NetlinkError{ENODEV, "the kernel did not answer with a link"};
  return *found;
}

}  // namespace tw::tcpmd5
