// What lies under the route to a peer: by description for what this kernel may lack, then with real devices.
#include "tcpmd5/offload/devices.h"

#include "tests/unit/tcpmd5/offload/private_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::make_address;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

NetworkLinks links(std::initializer_list<NetworkLink> all) {
  NetworkLinks by_index;
  for (const NetworkLink& link : all) by_index.emplace(link.ifindex, link);
  return by_index;
}
LowestDevices under(unsigned ifindex, const NetworkLinks& all, std::optional<unsigned> port = std::nullopt) {
  return lowest_under(ifindex, all, [&](unsigned) { return port; });
}

TEST(LowestUnder, ANicIsItsOwnLowest) {
  EXPECT_EQ(under(2, links({{.ifindex = 2, .name = "eth0"}})), (LowestDevices{.ifindexes = {2}}));
}

TEST(LowestUnder, StacksAreSteppedDown) {
  const auto all = links({{.ifindex = 2, .name = "eth0", .master = 4},
                          {.ifindex = 3, .name = "eth1", .master = 4},
                          {.ifindex = 4, .name = "bond0", .kind = "bond"},
                          {.ifindex = 5, .name = "bond0.7", .kind = "vlan", .lower = 4},
                          {.ifindex = 6, .name = "mac0", .kind = "macvlan", .lower = 5}});
  EXPECT_EQ(under(6, all), (LowestDevices{.ifindexes = {2, 3}}));
  EXPECT_EQ(under(5, all), (LowestDevices{.ifindexes = {2, 3}}));
  EXPECT_EQ(under(3, all), (LowestDevices{.ifindexes = {3}})) << "a slave by itself";
}

TEST(LowestUnder, WhatIsCarriedElsewhereIsOutOfSight) {
  const auto all = links({{.ifindex = 2, .name = "eth0"},
                          {.ifindex = 5, .name = "mac0", .kind = "macvlan", .lower = 2, .lower_elsewhere = true}});
  EXPECT_EQ(under(5, all), (LowestDevices{.ifindexes = {5}, .out_of_sight = true}))
      << "number 2 of another namespace is not our number 2";
}

TEST(LowestUnder, APortOfABondThatStandsByIsLeftOut) {
  auto all = links({{.ifindex = 2, .name = "eth0", .master = 4, .standby = true},
                    {.ifindex = 3, .name = "eth1", .master = 4},
                    {.ifindex = 4, .name = "bond0", .kind = "bond"}});
  EXPECT_EQ(under(4, all), (LowestDevices{.ifindexes = {3}}));
  all.at(3).standby = true;
  EXPECT_EQ(under(4, all), (LowestDevices{.ifindexes = {2, 3}})) << "none sends now, either may be next";
}

TEST(LowestUnder, AVethWhoseOtherEndIsElsewhereIsOutOfSight) {
  const auto all = links({{.ifindex = 5, .name = "eth0", .kind = "veth", .lower = 2, .lower_elsewhere = true}});
  EXPECT_EQ(under(5, all), (LowestDevices{.ifindexes = {5}, .out_of_sight = true}));
}

TEST(LowestUnder, ABridgeLeadsToThePortOfTheNextHop) {
  const auto all = links({{.ifindex = 2, .name = "eth0", .master = 4},
                          {.ifindex = 3, .name = "eth1", .master = 4},
                          {.ifindex = 4, .name = "br0", .kind = "bridge"}});
  EXPECT_EQ(under(4, all, 3), (LowestDevices{.ifindexes = {3}}));
  EXPECT_EQ(under(4, all), (LowestDevices{.ifindexes = {4}, .port_unknown = true}));
  EXPECT_EQ(under(4, all, 17), (LowestDevices{.ifindexes = {4}, .port_unknown = true})) << "no port of it";
}

TEST(LowestUnder, TheOnlyPortOfABridgeIsTheOne) {
  const auto all =
      links({{.ifindex = 2, .name = "eth0", .master = 4}, {.ifindex = 4, .name = "br0", .kind = "bridge"}});
  EXPECT_EQ(under(4, all), (LowestDevices{.ifindexes = {2}}));
  EXPECT_EQ(under(4, links({{.ifindex = 4, .name = "br0", .kind = "bridge"}})), (LowestDevices{.ifindexes = {4}}));
}

TEST(LowestUnder, TunnelsAndVethEndThere) {
  for (const char* kind : {"veth", "gre", "vxlan", "wireguard", "tun"}) {
    const auto all = links({{.ifindex = 2, .name = "eth0"}, {.ifindex = 5, .name = "it", .kind = kind, .lower = 2}});
    EXPECT_EQ(under(5, all), (LowestDevices{.ifindexes = {5}})) << kind;
  }
}

TEST(LowestUnder, ACircleEnds) {
  const auto all = links({{.ifindex = 2, .name = "a", .kind = "vlan", .lower = 3},
                          {.ifindex = 3, .name = "b", .kind = "vlan", .lower = 2}});
  EXPECT_EQ(under(2, all), LowestDevices{});
}

class DevicesTest : public testing::Test {
 protected:
  PathToPeer path_to(const RouteQuery& query) {
    auto path = devices_.path_to(query);
    if (auto* failed = std::get_if<std::string>(&path)) throw std::runtime_error(*failed);
    return std::get<PathToPeer>(std::move(path));
  }
  PathToPeer path_to(const char* peer) { return path_to({.destination = make_address(peer)}); }
  static std::vector<std::string> names(const std::vector<PathDevice>& devices) {
    std::vector<std::string> out;
    for (const PathDevice& device : devices) out.push_back(device.link.name);
    return out;
  }

  PrivateNetwork network_;
  TapDevice nic_{"nic"};
  Devices devices_;
};

TEST_F(DevicesTest, FollowsTheRouteToADeviceAndDescribesIt) {
  ip("link set nic address 02:00:00:00:00:07 mtu 1400 up");
  ip("address add 192.0.2.1/24 dev nic");
  ip("address add 2001:db8::1/64 dev nic nodad");
  for (const char* peer : {"192.0.2.2", "2001:db8::2"}) {
    const PathToPeer path = path_to(peer);
    EXPECT_EQ(path.egress.link.name, "nic");
    EXPECT_EQ(path.route.next_hop, make_address(peer)) << "on the link";
    EXPECT_FALSE(path.route.local);
    ASSERT_THAT(names(path.lowest), ElementsAre("nic"));
    EXPECT_EQ(path.lowest[0].link.mac, "02:00:00:00:00:07");
    EXPECT_EQ(path.lowest[0].link.mtu, 1400u);
    EXPECT_EQ(path.lowest[0].driver, "tun");
    EXPECT_EQ(path.lowest[0].link.kind, "tun");
    EXPECT_EQ(path.lowest[0].identity(), (DeviceIdentity{"nic", "", "tun"}));
    EXPECT_FALSE(path.out_of_sight);
  }
  EXPECT_EQ(path_to("192.0.2.2").route.source, make_address("192.0.2.1"));
}

TEST_F(DevicesTest, FollowsAGatewayAndTheMostSpecificRoute) {
  TapDevice other("other");
  ip("link set nic up");
  ip("link set other up");
  ip("address add 192.0.2.1/24 dev nic");
  ip("address add 198.51.100.1/24 dev other");
  ip("route add default via 192.0.2.254");
  ip("route add 203.0.113.7/32 via 198.51.100.254");
  EXPECT_EQ(path_to("203.0.113.6").egress.link.name, "nic");
  EXPECT_EQ(path_to("203.0.113.6").route.next_hop, make_address("192.0.2.254"));
  EXPECT_EQ(path_to("203.0.113.7").egress.link.name, "other");
  EXPECT_EQ(path_to({.destination = make_address("203.0.113.7"), .egress = nic_.index()}).egress.link.name, "nic");
}

TEST_F(DevicesTest, AsksWithTheSourceAddressWhereARuleLooksAtIt) {
  TapDevice other("other");
  ip("link set nic up");
  ip("link set other up");
  ip("address add 192.0.2.1/24 dev nic");
  ip("address add 198.51.100.1/24 dev other");
  ip("route add 203.0.113.0/24 via 192.0.2.254");
  ip("route add 203.0.113.0/24 via 198.51.100.254 table 100");
  ip("rule add from 198.51.100.1 lookup 100");
  EXPECT_EQ(path_to("203.0.113.7").egress.link.name, "nic");
  const RouteQuery query{.destination = make_address("203.0.113.7"), .source = make_address("198.51.100.1")};
  EXPECT_EQ(path_to(query).egress.link.name, "other");
}

TEST_F(DevicesTest, LinkLocalPeersAreFoundByTheirScope) {
  TapDevice other("other");
  ip("link set nic up");
  ip("link set other up");
  for (TapDevice* device : {&nic_, &other}) {
    auto peer = make_address("fe80::1").to_v6();
    peer.scope_id(device->index());
    EXPECT_EQ(path_to({.destination = peer}).egress.link.name, device->name());
  }
}

TEST_F(DevicesTest, SaysThatThereIsNoRoute) {
  const auto path = devices_.path_to({.destination = make_address("203.0.113.7")});
  ASSERT_TRUE(std::holds_alternative<std::string>(path));
  EXPECT_THAT(std::get<std::string>(path), HasSubstr("203.0.113.7: no route"));
}

TEST_F(DevicesTest, AnOwnAddressIsLocal) {
  ip("address add 192.0.2.1/24 dev nic");
  const PathToPeer path = path_to("192.0.2.1");
  EXPECT_TRUE(path.route.local);
  EXPECT_EQ(path.egress.link.name, "lo");
}

TEST_F(DevicesTest, StepsFromAMacvlanToItsNic) {
  ip("link add link nic name upper type macvlan mode bridge");
  ip("link set nic up");
  ip("link set upper up");
  ip("address add 192.0.2.1/24 dev upper");
  const PathToPeer path = path_to("192.0.2.2");
  EXPECT_EQ(path.egress.link.name, "upper");
  EXPECT_EQ(path.egress.link.kind, "macvlan");
  EXPECT_THAT(names(path.lowest), ElementsAre("nic"));
  EXPECT_FALSE(path.out_of_sight);
}

TEST_F(DevicesTest, TheNicOfAMacvlanMayBeInAnotherNamespace) {
  ip("link add link nic name upper type macvlan mode bridge");
  const PrivateNetwork guest;
  network_.enter();
  ip("link set upper netns /proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(guest.fd()));
  guest.enter();
  ip("link set upper up");
  ip("address add 192.0.2.1/24 dev upper");
  Devices inside;
  const auto found = inside.path_to({.destination = make_address("192.0.2.2")});
  const auto& path = std::get<PathToPeer>(found);
  EXPECT_THAT(names(path.lowest), ElementsAre("upper"));
  EXPECT_TRUE(path.out_of_sight);
}

TEST_F(DevicesTest, StepsThroughABridgeToThePortThatKnowsTheNextHop) {
  TapDevice other("other");
  ip("link add name lan type bridge");
  for (const char* name : {"nic", "other"}) {
    ip(std::string("link set ") + name + " master lan");
    ip(std::string("link set ") + name + " up");
  }
  ip("link set lan up");
  ip("address add 192.0.2.1/24 dev lan");
  EXPECT_THAT(names(path_to("192.0.2.2").lowest), ElementsAre("lan"));
  EXPECT_TRUE(path_to("192.0.2.2").port_unknown);

  ip("neighbor add 192.0.2.2 lladdr 02:00:00:00:00:22 dev lan");
  if (std::system("bridge fdb add 02:00:00:00:00:22 dev other master static") != 0) FAIL();
  EXPECT_THAT(names(path_to("192.0.2.2").lowest), ElementsAre("other"));
  EXPECT_FALSE(path_to("192.0.2.2").port_unknown);
}

TEST_F(DevicesTest, VethEndsThere) {
  ip("link add one type veth peer name two");
  ip("link set one up");
  ip("link set two up");
  ip("address add 192.0.2.1/24 dev one");
  const PathToPeer path = path_to("192.0.2.2");
  EXPECT_THAT(names(path.lowest), ElementsAre("one"));
  EXPECT_EQ(path.lowest[0].driver, "veth");
}

TEST_F(DevicesTest, ListsEveryDevice) {
  EXPECT_THAT(names(devices_.all()), UnorderedElementsAre("lo", "nic"));
  EXPECT_EQ(devices_.device(nic_.index())->link.name, "nic");
  EXPECT_FALSE(devices_.device(4711));
}

}  // namespace
}  // namespace tw::tcpmd5
