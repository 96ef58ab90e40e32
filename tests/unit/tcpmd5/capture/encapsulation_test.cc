#include "tcpmd5/capture/encapsulation.h"

#include "tcpmd5/digest.h"
#include "tests/unit/tcpmd5/capture/tunnels.h"

#include <gtest/gtest.h>

#include <functional>

namespace tw::tcpmd5 {
namespace {

// What the kernel signed, as it lies inside the tunnels; valid with its key.
struct Inner {
  CapturedFrame captured = captured_frames().front();
  Frame frame = captured.frame;  // Ethernet
  Frame ip = Frame(frame.begin() + 14, frame.end());
};

// Unwraps, and expects the kernel's segment inside, valid, behind these layers.
Unwrapped expect_inside(const Frame& outer, LinkType link, const std::string& layers) {
  static const Inner kInner;
  const auto result = unwrap(outer, link);
  const auto* unwrapped = std::get_if<Unwrapped>(&result);
  EXPECT_NE(unwrapped, nullptr) << layers;
  if (unwrapped == nullptr) return {};
  EXPECT_EQ(to_string(unwrapped->layers), layers);
  const auto parsed = parse_segment(unwrapped->frame, unwrapped->link);
  const auto* segment = std::get_if<Segment>(&parsed);
  EXPECT_NE(segment, nullptr) << layers;
  if (segment == nullptr) return {};
  EXPECT_EQ(check_signature(*segment, {&kInner.captured.key, 1}), Signature::kValid) << layers;
  return *unwrapped;
}

Frame over_ipv4(const Frame& gre_packet) { return ethernet(0x0800, ipv4_packet(kGreNumber, gre_packet)); }

NoSegment why_not(const Frame& frame, LinkType link = LinkType::kEthernet) {
  const auto result = unwrap(frame, link);
  EXPECT_TRUE(std::holds_alternative<NoSegment>(result));
  return std::holds_alternative<NoSegment>(result) ? std::get<NoSegment>(result) : NoSegment{99};
}

TEST(Encapsulation, EveryLinkTypeLeadsToTheSegment) {
  const Inner it;
  expect_inside(it.frame, LinkType::kEthernet, "");
  expect_inside(it.ip, LinkType::kRaw, "");
  expect_inside(it.ip, LinkType::kIpv4, "");
  expect_inside(it.ip, LinkType::kBsdRaw, "");
  expect_inside(it.ip, LinkType::kOpenBsdRaw, "");
  expect_inside(joined({{2, 0, 0, 0}, it.ip}), LinkType::kNull, "");
  expect_inside(joined({{0, 0, 0, 2}, it.ip}), LinkType::kLoop, "");
  expect_inside(joined({Frame(14, 0), be16_octets(0x0800), it.ip}), LinkType::kLinuxSll, "");
  expect_inside(joined({be16_octets(0x0800), Frame(18, 0), it.ip}), LinkType::kLinuxSll2, "");
  expect_inside(joined({Frame(14, 0), be16_octets(0x8100), be16_octets(5), be16_octets(0x0800), it.ip}),
                LinkType::kLinuxSll, "vlan");
  EXPECT_EQ(why_not(it.frame, static_cast<LinkType>(105)), NoSegment::kNotTcp);
}

TEST(Encapsulation, TagsAreCounted) {
  const Inner it;
  expect_inside(vlan_tagged(0x8100, it.frame), LinkType::kEthernet, "vlan");
  expect_inside(vlan_tagged(0x88a8, vlan_tagged(0x8100, it.frame)), LinkType::kEthernet, "vlan, vlan");
  expect_inside(vlan_tagged(0x9100, it.frame), LinkType::kEthernet, "vlan");
}

TEST(Encapsulation, GreIsTakenOffWithAnyOfItsFields) {
  const Inner it;
  for (const unsigned flags : {0U, 0x8000U, 0x2000U, 0x1000U, 0xb000U}) {
    expect_inside(over_ipv4(gre(flags, 0x0800, it.ip)), LinkType::kEthernet, "gre");
    expect_inside(over_ipv4(gre(flags, 0x6558, it.frame)), LinkType::kEthernet, "gre");
  }
  expect_inside(ethernet(0x86dd, ipv6_packet(kGreNumber, gre(0, 0x0800, it.ip))), LinkType::kEthernet, "gre");
}

TEST(Encapsulation, AnOptionInFrontOfATunnelOverIpv6IsSteppedOver) {
  const Inner it;
  const Frame option = joined({{kGreNumber, 0}, from_hex("040104010100")});  // RFC 2473: tunnel encapsulation limit
  expect_inside(ipv6_packet(60, joined({option, gre(0, 0x6558, it.frame)})), LinkType::kIpv6, "gre");
}

TEST(Encapsulation, EveryErspanIsTakenOff) {
  const Inner it;
  expect_inside(over_ipv4(erspan1(it.frame)), LinkType::kEthernet, "gre, erspan I");
  expect_inside(over_ipv4(erspan2(it.frame)), LinkType::kEthernet, "gre, erspan II");
  expect_inside(over_ipv4(erspan3(it.frame)), LinkType::kEthernet, "gre, erspan III");
  expect_inside(over_ipv4(erspan3(it.frame, 1, 0x0001)), LinkType::kEthernet, "gre, erspan III");  // platform header
  expect_inside(over_ipv4(erspan3(it.ip, 1, 2U << 10U)), LinkType::kEthernet, "gre, erspan III");  // an IP packet
}

TEST(Encapsulation, ErspanTellsWhatTheMirrorDidToTheFrame) {
  const Inner it;
  EXPECT_FALSE(expect_inside(over_ipv4(erspan2(it.frame)), LinkType::kEthernet, "gre, erspan II").cut_by_mirror);
  EXPECT_TRUE(expect_inside(over_ipv4(erspan2(it.frame, true)), LinkType::kEthernet, "gre, erspan II").cut_by_mirror);
  const Unwrapped cut = expect_inside(over_ipv4(erspan3(it.frame, 0x0401)), LinkType::kEthernet, "gre, erspan III");
  EXPECT_TRUE(cut.cut_by_mirror);
  EXPECT_FALSE(cut.bad_at_mirror);
  const Unwrapped bad = expect_inside(over_ipv4(erspan3(it.frame, 0x1801)), LinkType::kEthernet, "gre, erspan III");
  EXPECT_FALSE(bad.cut_by_mirror);
  EXPECT_TRUE(bad.bad_at_mirror);
}

TEST(Encapsulation, VxlanIsTakenOffItsOwnPortOnly) {
  const Inner it;
  expect_inside(ipv4_packet(kUdpNumber, vxlan(it.frame)), LinkType::kIpv4, "vxlan");
  expect_inside(ipv6_packet(kUdpNumber, vxlan(vlan_tagged(0x8100, it.frame))), LinkType::kIpv6, "vxlan, vlan");
  EXPECT_EQ(why_not(ipv4_packet(kUdpNumber, vxlan(it.frame, 0)), LinkType::kIpv4), NoSegment::kNotTcp);
  EXPECT_EQ(why_not(ipv4_packet(kUdpNumber, udp(53, it.frame)), LinkType::kIpv4), NoSegment::kNotTcp);
}

TEST(Encapsulation, TunnelsMayLieInTunnelsButNotWithoutEnd) {
  const Inner it;
  Frame nested = vlan_tagged(0x8100, over_ipv4(erspan2(ethernet(0x86dd, ipv6_packet(kUdpNumber, vxlan(it.frame))))));
  expect_inside(nested, LinkType::kEthernet, "vlan, gre, erspan II, vxlan");
  Frame deep = it.frame;
  for (std::size_t i = 0; i < Layers::kMost; ++i) deep = over_ipv4(gre(0, 0x6558, deep));
  EXPECT_TRUE(std::holds_alternative<Unwrapped>(unwrap(deep, LinkType::kEthernet)));
  deep = over_ipv4(gre(0, 0x6558, deep));
  EXPECT_EQ(why_not(deep), NoSegment::kNotTcp);
}

TEST(Encapsulation, ATcpSegmentIsNeverLookedInto) {
  const Inner it;
  // Its payload is a whole VXLAN packet, and its ports are VXLAN's.
  Frame tcp = joined({be16_octets(4789), be16_octets(4789), Frame(8, 0), {0x50, 0x10}, Frame(6, 0), vxlan(it.frame)});
  const Frame packet = ipv4_packet(kTcpNumber, tcp);
  const auto result = unwrap(packet, LinkType::kIpv4);
  ASSERT_TRUE(std::holds_alternative<Unwrapped>(result));
  EXPECT_EQ(std::get<Unwrapped>(result).frame.data(), packet.data());
  EXPECT_EQ(std::get<Unwrapped>(result).layers.count, 0);
}

TEST(Encapsulation, FragmentsOfTunnelsAreToldFromOtherFragments) {
  const Inner it;
  EXPECT_EQ(why_not(ipv4_packet(kGreNumber, gre(0, 0x6558, it.frame), 0x2000), LinkType::kIpv4), NoSegment::kFragment);
  EXPECT_EQ(why_not(ipv4_packet(kGreNumber, it.frame, 0x0010), LinkType::kIpv4), NoSegment::kFragment);
  EXPECT_EQ(why_not(ipv4_packet(kUdpNumber, vxlan(it.frame), 0x2000), LinkType::kIpv4), NoSegment::kFragment);
  EXPECT_EQ(why_not(ipv4_packet(kUdpNumber, udp(53, it.frame), 0x2000), LinkType::kIpv4), NoSegment::kNotTcp);
  EXPECT_EQ(why_not(ipv4_packet(kUdpNumber, it.frame, 0x0010), LinkType::kIpv4), NoSegment::kNotTcp);
}

TEST(Encapsulation, OtherGreIsLeftAlone) {
  const Inner it;
  EXPECT_EQ(why_not(over_ipv4(gre(0x0001, 0x880b, it.ip))), NoSegment::kNotTcp);  // RFC 2637
  EXPECT_EQ(why_not(over_ipv4(gre(0x4000, 0x0800, it.ip))), NoSegment::kNotTcp);  // RFC 1701, routed
  EXPECT_EQ(why_not(over_ipv4(gre(0, 0x0806, it.ip))), NoSegment::kNotTcp);
  EXPECT_EQ(why_not(ethernet(0x0806, Frame(28, 0))), NoSegment::kNotTcp);
}

// Each of them, cut everywhere: nothing outside is read (the sanitizers see that), and no whole segment comes out.
TEST(Encapsulation, FramesCutAnywhereHoldNoSegment) {
  const Inner it;
  for (const Frame& whole :
       {over_ipv4(erspan1(it.frame)), over_ipv4(erspan2(it.frame)), over_ipv4(erspan3(it.frame, 1, 1)),
        ethernet(0x0800, ipv4_packet(kUdpNumber, vxlan(it.frame))),
        ethernet(0x86dd,
                 ipv6_packet(60, joined({{kGreNumber, 0, 1, 4, 0, 0, 0, 0}, gre(0xb000, 0x6558, it.frame)})))}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Frame cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const auto result = unwrap(cut, LinkType::kEthernet);
      if (const auto* unwrapped = std::get_if<Unwrapped>(&result)) {
        EXPECT_TRUE(std::holds_alternative<NoSegment>(parse_segment(unwrapped->frame, unwrapped->link))) << size;
      }
    }
  }
}

}  // namespace
}  // namespace tw::tcpmd5
