// Descriptions of network devices, made by hand: kinds that this kernel may lack, and lengths that lie.
#include "tcpmd5/offload/links.h"

#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_bonding.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstring>
#include <vector>

namespace tw::tcpmd5 {
namespace {

NetlinkRequest link_message(int ifindex, unsigned flags, std::uint16_t type = RTM_NEWLINK) {
  NetlinkRequest out(type, 0);
  auto& header = out.fixed_part<ifinfomsg>();
  header.ifi_index = ifindex;
  header.ifi_flags = flags;
  return out;
}

NetlinkRequest vlan() {
  NetlinkRequest out = link_message(5, IFF_UP | IFF_RUNNING);
  out.put_text(IFLA_IFNAME, "bond0.7");
  out.put_u32(IFLA_MTU, 9000);
  out.put_u32(IFLA_LINK, 4);
  out.put_u32(IFLA_MASTER, 8);
  out.put_u32(IFLA_GSO_MAX_SEGS, 17);
  out.put_octets(IFLA_ADDRESS, std::array<std::uint8_t, 6>{0x02, 0, 0, 0, 0, 0x0a});
  out.put_octets(IFLA_PERM_ADDRESS, std::array<std::uint8_t, 6>{0, 0x1b, 0x21, 0, 0, 0xff});
  out.put_nest(IFLA_LINKINFO, [&] { out.put_text(IFLA_INFO_KIND, "vlan"); });
  return out;
}

TEST(ReadLink, ReadsWhatMattersHere) {
  NetlinkRequest message = vlan();
  const NetworkLink expected{.ifindex = 5,
                             .name = "bond0.7",
                             .kind = "vlan",
                             .mac = "02:00:00:00:00:0a",
                             .permanent_address = "00:1b:21:00:00:ff",
                             .mtu = 9000,
                             .running = true,
                             .lower = 4,
                             .master = 8,
                             .gso_max_segs = 17};
  EXPECT_EQ(read_link(*message.header()), expected);
}

TEST(ReadLink, WhatIsStackedUponAnotherNamespacesDeviceSaysSo) {
  NetlinkRequest message = vlan();
  message.put_u32(IFLA_LINK_NETNSID, 0);
  EXPECT_TRUE(read_link(*message.header())->lower_elsewhere);
}

TEST(ReadLink, ADeviceIsNotStackedUponItself) {
  NetlinkRequest message = link_message(5, IFF_UP);
  message.put_u32(IFLA_LINK, 5);
  EXPECT_FALSE(read_link(*message.header())->lower);
}

TEST(ReadLink, APortOfABondSaysWhetherItStandsBy) {
  for (const std::uint8_t state : {BOND_STATE_ACTIVE, BOND_STATE_BACKUP}) {
    for (const char* master_kind : {"bond", "bridge"}) {
      NetlinkRequest message = link_message(5, IFF_UP);
      message.put_nest(IFLA_LINKINFO, [&] {
        message.put_text(IFLA_INFO_SLAVE_KIND, master_kind);
        message.put_nest(IFLA_INFO_SLAVE_DATA, [&] { message.put_u8(IFLA_BOND_SLAVE_STATE, state); });
      });
      const bool stands_by = state == BOND_STATE_BACKUP && master_kind == std::string_view("bond");
      EXPECT_EQ(read_link(*message.header())->standby, stands_by) << master_kind;
    }
  }
}

TEST(ReadLink, UpWithoutCarrierIsNotRunning) {
  NetlinkRequest up = link_message(5, IFF_UP), carrier = link_message(5, IFF_RUNNING);
  EXPECT_FALSE(read_link(*up.header())->running);
  EXPECT_FALSE(read_link(*carrier.header())->running);
}

TEST(ReadLink, AnAddressOfZerosIsNone) {
  NetlinkRequest message = link_message(1, IFF_UP);
  message.put_octets(IFLA_ADDRESS, std::array<std::uint8_t, 6>{});
  EXPECT_EQ(read_link(*message.header())->mac, "");
}

TEST(ReadLink, OtherMessagesAreNoLinks) {
  NetlinkRequest route = link_message(5, IFF_UP, RTM_NEWROUTE);
  EXPECT_FALSE(read_link(*route.header()));
  NetlinkRequest gone = link_message(5, 0, RTM_DELLINK);
  EXPECT_EQ(read_link(*gone.header())->ifindex, 5u);
}

TEST(ReadLink, NothingIsReadBeyondAMessagesEnd) {
  NetlinkRequest whole = vlan();
  for (std::uint32_t end = NLMSG_HDRLEN; end <= whole.header()->nlmsg_len; ++end) {
    std::vector<std::uint32_t> memory((end + 3) / 4);
    std::memcpy(memory.data(), whole.header(), end);
    auto* cut = reinterpret_cast<nlmsghdr*>(memory.data());
    cut->nlmsg_len = end;
    EXPECT_EQ(read_link(*cut).has_value(), end >= NLMSG_HDRLEN + sizeof(ifinfomsg)) << end;
  }
}

TEST(EachAttribute, StopsAtALengthThatLies) {
  alignas(nlattr) std::array<std::uint8_t, 16> octets{8, 0, 1, 0, 1, 2, 3, 4, 200, 0, 2, 0};
  int seen = 0;
  each_attribute(octets, [&](Attribute it) {
    ++seen;
    EXPECT_EQ(it.type(), 1);
  });
  EXPECT_EQ(seen, 1);
  octets[8] = 0;  // shorter than its own header
  each_attribute(octets, [&](Attribute) { ++seen; });
  EXPECT_EQ(seen, 2);
}

TEST(EachAttribute, ShortPayloadsReadAsZero) {
  alignas(nlattr) const std::array<std::uint8_t, 8> octets{5, 0, 1, 0, 0xff, 0, 0, 0};
  each_attribute(octets, [](Attribute it) {
    EXPECT_EQ(it.u16(), 0);
    EXPECT_EQ(it.u32(), 0u);
    EXPECT_EQ(it.text(), "\xff") << "without a NUL it ends with the payload";
  });
}

}  // namespace
}  // namespace tw::tcpmd5
