// What is said to the kernel's "ethtool" family about feature bits, and what it answers.
//
// Generic netlink, Linux 5.7 and later (Documentation/networking/ethtool-netlink.rst). Pure; any thread.
#pragma once

#include "tcpmd5/offload/netlink.h"
#include "tcpmd5/offload/offloads.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tw::tcpmd5 {

// The numbers that the kernel gave the family when it started.
struct EthtoolFamily {
  std::uint16_t id = 0;
  unsigned monitor_group = 0;  // notifications of every change
};
NetlinkRequest family_request();
std::optional<EthtoolFamily> read_family(const nlmsghdr& answer);

NetlinkRequest features_request(const EthtoolFamily& family, unsigned ifindex);
// Every bit of the device that belongs to a knob, from the verbose answer (names, not positions). Nothing: this is no
// such answer.
std::optional<DeviceFeatures> read_features(const nlmsghdr& answer);

NetlinkRequest set_feature_request(const EthtoolFamily& family, unsigned ifindex, std::string_view bit, bool on);

// The device that a notification about features is about; nothing: it is about something else. Its bits come by
// position only, so they are to be asked for.
std::optional<unsigned> read_features_notification(const nlmsghdr& message);

}  // namespace tw::tcpmd5
