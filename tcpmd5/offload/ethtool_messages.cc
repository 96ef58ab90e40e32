#include "tcpmd5/offload/ethtool_messages.h"

#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>

namespace tw::tcpmd5 {
namespace {

NetlinkRequest ethtool_request(const EthtoolFamily& family, std::uint8_t command, unsigned ifindex) {
  NetlinkRequest request(family.id, 0);
  auto& header = request.fixed_part<genlmsghdr>();
  header.cmd = command;
  header.version = ETHTOOL_GENL_VERSION;
  // No ETHTOOL_FLAG_COMPACT_BITSETS: the names are wanted.
  request.put_nest(ETHTOOL_A_FEATURES_HEADER, [&] { request.put_u32(ETHTOOL_A_HEADER_DEV_INDEX, ifindex); });
  return request;
}

bool is_command(const nlmsghdr& message, std::uint8_t command) {
  const auto* header = fixed_part_of<genlmsghdr>(message);
  return header != nullptr && header->cmd == command;
}

// Calls back with the name of each bit listed in a verbose bitset, and whether it is set.
template <class OnBit>
void each_bit(Attribute bitset, const OnBit& on_bit) {
  bool is_list = false;  // a list holds only what is set; otherwise all bits come, each with its value
  each_attribute(bitset, [&](Attribute part) { is_list = is_list || part.type() == ETHTOOL_A_BITSET_NOMASK; });
  each_attribute(bitset, [&](Attribute part) {
    if (part.type() != ETHTOOL_A_BITSET_BITS) return;
    each_attribute(part, [&](Attribute bit) {
      std::string_view name;
      bool set = is_list;
      each_attribute(bit, [&](Attribute field) {
        if (field.type() == ETHTOOL_A_BITSET_BIT_NAME) name = field.text();
        if (field.type() == ETHTOOL_A_BITSET_BIT_VALUE) set = true;
      });
      if (!name.empty()) on_bit(name, set);
    });
  });
}

unsigned read_ifindex(Attribute header) {
  unsigned ifindex = 0;
  each_attribute(header, [&](Attribute field) {
    if (field.type() == ETHTOOL_A_HEADER_DEV_INDEX) ifindex = field.u32();
  });
  return ifindex;
}

}  // namespace

NetlinkRequest family_request() {
  NetlinkRequest request(GENL_ID_CTRL, 0);
  auto& header = request.fixed_part<genlmsghdr>();
  header.cmd = CTRL_CMD_GETFAMILY;
  header.version = 1;
  request.put_text(CTRL_ATTR_FAMILY_NAME, ETHTOOL_GENL_NAME);
  return request;
}

std::optional<EthtoolFamily> read_family(const nlmsghdr& answer) {
  EthtoolFamily family;
  const auto read_group = [&](Attribute group) {
    std::string_view name;
    unsigned id = 0;
    each_attribute(group, [&](Attribute field) {
      if (field.type() == CTRL_ATTR_MCAST_GRP_NAME) name = field.text();
      if (field.type() == CTRL_ATTR_MCAST_GRP_ID) id = field.u32();
    });
    if (name == ETHTOOL_MCGRP_MONITOR_NAME) family.monitor_group = id;
  };
  each_attribute(attributes_of(answer, sizeof(genlmsghdr)), [&](Attribute attribute) {
    if (attribute.type() == CTRL_ATTR_FAMILY_ID) family.id = attribute.u16();
    if (attribute.type() == CTRL_ATTR_MCAST_GROUPS) each_attribute(attribute, read_group);
  });
  return family.id == 0 ? std::nullopt : std::optional(family);
}

NetlinkRequest features_request(const EthtoolFamily& family, unsigned ifindex) {
  return ethtool_request(family, ETHTOOL_MSG_FEATURES_GET, ifindex);
}

std::optional<DeviceFeatures> read_features(const nlmsghdr& answer) {
  if (!is_command(answer, ETHTOOL_MSG_FEATURES_GET_REPLY)) return std::nullopt;
  DeviceFeatures features;
  const auto bits = attributes_of(answer, sizeof(genlmsghdr));
  // The "hw" set comes first in the answer and lists every bit there is; the others only name those that are set.
  each_attribute(bits, [&](Attribute set) {
    if (set.type() != ETHTOOL_A_FEATURES_HW) return;
    each_bit(set, [&](std::string_view name, bool changeable) {
      if (knob_of_bit(name)) features.bits[std::string(name)].changeable = changeable;
    });
  });
  each_attribute(bits, [&](Attribute set) {
    const auto each_known = [&](const auto& mark) {
      each_bit(set, [&](std::string_view name, bool is_set) {
        const auto found = features.bits.find(name);
        if (is_set && found != features.bits.end()) mark(found->second);
      });
    };
    if (set.type() == ETHTOOL_A_FEATURES_WANTED) each_known([](FeatureBit& bit) { bit.wanted = true; });
    if (set.type() == ETHTOOL_A_FEATURES_ACTIVE) each_known([](FeatureBit& bit) { bit.on = true; });
    if (set.type() == ETHTOOL_A_FEATURES_NOCHANGE) each_known([](FeatureBit& bit) { bit.changeable = false; });
  });
  return features;
}

NetlinkRequest set_feature_request(const EthtoolFamily& family, unsigned ifindex, std::string_view bit, bool on) {
  NetlinkRequest request = ethtool_request(family, ETHTOOL_MSG_FEATURES_SET, ifindex);
  request.put_nest(ETHTOOL_A_FEATURES_WANTED, [&] {
    request.put_nest(ETHTOOL_A_BITSET_BITS, [&] {
      request.put_nest(ETHTOOL_A_BITSET_BITS_BIT, [&] {
        request.put_text(ETHTOOL_A_BITSET_BIT_NAME, bit);
        if (on) request.put_flag(ETHTOOL_A_BITSET_BIT_VALUE);
      });
    });
  });
  return request;
}

std::optional<unsigned> read_features_notification(const nlmsghdr& message) {
  if (!is_command(message, ETHTOOL_MSG_FEATURES_NTF)) return std::nullopt;
  unsigned ifindex = 0;
  each_attribute(attributes_of(message, sizeof(genlmsghdr)), [&](Attribute attribute) {
    if (attribute.type() == ETHTOOL_A_FEATURES_HEADER) ifindex = read_ifindex(attribute);
  });
  return ifindex == 0 ? std::nullopt : std::optional(ifindex);
}

}  // namespace tw::tcpmd5
