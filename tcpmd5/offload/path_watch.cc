#include "tcpmd5/offload/path_watch.h"

#include <linux/rtnetlink.h>

namespace tw::tcpmd5 {
namespace {

// Neighbours are left out: they change all the time, and a path does not with them.
constexpr unsigned kGroups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,
                                RTNLGRP_IPV6_RULE};

void note_link(const nlmsghdr& message, PathChange& change) {
  auto link = read_link(message);
  // Bridges tell of their ports in the same words; only what concerns the device as such counts.
  if (!link || fixed_part_of<ifinfomsg>(message)->ifi_family != AF_UNSPEC) return;
  change.paths = true;
  if (message.nlmsg_type == RTM_DELLINK) {
    change.links[link->ifindex] = std::nullopt;
    return;
  }
  if (!link->running) ++change.flapped[link->ifindex];
  change.links[link->ifindex] = std::move(link);
}

}  // namespace

PathWatch::PathWatch() : socket_(NETLINK_ROUTE) {
  for (const unsigned group : kGroups)
    if (!error_) error_ = socket_.join(group);
}

PathChange PathWatch::drain() {
  PathChange change;
  const auto drained = socket_.drain([&](const nlmsghdr& message) {
    switch (message.nlmsg_type) {
      case RTM_NEWLINK:
      case RTM_DELLINK: return note_link(message, change);
      case RTM_NEWROUTE:
      case RTM_DELROUTE:
      case RTM_NEWRULE:
      case RTM_DELRULE: change.paths = true; return;
      default: return;
    }
  });
  if (drained == NetlinkSocket::Drained::kLost) change.paths = change.lost = true;
  return change;
}

}  // namespace tw::tcpmd5
