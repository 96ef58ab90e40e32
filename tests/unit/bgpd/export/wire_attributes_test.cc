// What each kind of neighbour is told of a route's attributes.
#include "bgpd/export/wire_attributes.h"

#include "tests/unit/bgpd/export/export_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tw::bgp {
namespace {

using rib::Family;
using rib::SourceKind;

class WireAttributesTest : public ::testing::Test {
 protected:
  // Writes the set, checks that types ascend, and takes the result apart again (in four-octet
  // form it reads like a canonical set).
  PathAttributes sent(const ExportContext& context, const PathAttributes& attributes, SourceKind from,
                      Family family = Family::kIpv4Unicast) {
    const Bytes canonical = canonical_bytes(attributes);
    return sent(context, canonical, from, family);
  }
  PathAttributes sent(const ExportContext& context, const Bytes& canonical, SourceKind from,
                      Family family = Family::kIpv4Unicast) {
    AttributeWriter writer(context);
    rib::SourceTraits source;
    source.kind = from;
    source.router_id = 0x07070707;
    EXPECT_TRUE(writer.write(canonical, key_of(canonical), source, family, wire_));
    unsigned last = 0;
    for (AttributeReader reader(wire_.octets); reader.next();) {
      EXPECT_LT(last, static_cast<unsigned>(reader.view().type));
      last = static_cast<unsigned>(reader.view().type);
    }
    return context.four_octet_as ? parse_attributes(wire_.octets) : PathAttributes{};
  }
  std::optional<AttributeView> octets_of(AttributeType type) const { return find_attribute(wire_.octets, type); }

  ExportContext ebgp_ = context_towards(SourceKind::kEbgp), ibgp_ = context_towards(SourceKind::kIbgp),
                client_ = context_towards(SourceKind::kIbgpClient);
  WireAttributes wire_;
};

TEST_F(WireAttributesTest, EbgpGetsOurAsInFrontAndOurselvesAsNextHop) {
  const PathAttributes out = sent(ebgp_, learned(), SourceKind::kEbgp);
  EXPECT_EQ(out.as_path, sequence({65000, 64500, 64501}));
  EXPECT_EQ(out.next_hop, ebgp_.self_v4);
  EXPECT_EQ(out.local_pref, std::nullopt);
}

TEST_F(WireAttributesTest, AnOriginatedRouteStartsThePathWithUs) {
  EXPECT_EQ(sent(ebgp_, originated(), SourceKind::kLocal).as_path, sequence({65000}));
  EXPECT_TRUE(sent(ibgp_, originated(), SourceKind::kLocal).as_path.empty());
  EXPECT_TRUE(octets_of(AttributeType::kAsPath)) << "an empty AS_PATH is still there";
}

TEST_F(WireAttributesTest, ASetOrAFullSequenceIsNotJoined) {
  PathAttributes attributes = learned();
  attributes.as_path[0].type = SegmentType::kSet;
  auto expected = attributes.as_path;
  expected.insert(expected.begin(), sequence({65000})[0]);
  EXPECT_EQ(sent(ebgp_, attributes, SourceKind::kEbgp).as_path, expected);

  attributes.as_path[0] = {SegmentType::kSequence, std::vector<rib::AsNumber>(255, {64500})};
  const PathAttributes out = sent(ebgp_, attributes, SourceKind::kEbgp);
  ASSERT_EQ(out.as_path.size(), 2U);
  EXPECT_EQ(out.as_path[0].numbers.size(), 1U);
  EXPECT_EQ(out.as_path[1].numbers.size(), 255U);
  EXPECT_NE(octets_of(AttributeType::kAsPath)->flags & attribute_flag::kExtendedLength, 0);
}

TEST_F(WireAttributesTest, IbgpGetsThePathUntouchedAndALocalPreference) {
  const PathAttributes out = sent(ibgp_, learned(), SourceKind::kEbgp);
  EXPECT_EQ(out.as_path, learned().as_path);
  EXPECT_EQ(out.next_hop, address("192.0.2.1"));
  EXPECT_EQ(out.local_pref, 100U);
  PathAttributes preferred = learned();
  preferred.local_pref = 250;
  EXPECT_EQ(sent(ibgp_, preferred, SourceKind::kEbgp).local_pref, 250U);
  EXPECT_EQ(sent(ebgp_, preferred, SourceKind::kEbgp).local_pref, std::nullopt);
}

TEST_F(WireAttributesTest, AReceivedMedStaysInOurAs) {
  PathAttributes attributes = learned();
  attributes.med = 7;
  EXPECT_EQ(sent(ebgp_, attributes, SourceKind::kEbgp).med, std::nullopt);
  EXPECT_EQ(sent(ebgp_, attributes, SourceKind::kIbgp).med, std::nullopt);
  EXPECT_EQ(sent(ibgp_, attributes, SourceKind::kEbgp).med, 7U);
}

TEST_F(WireAttributesTest, OurOwnMedIsSent) {
  PathAttributes attributes = originated();
  attributes.med = 7;
  EXPECT_EQ(sent(ebgp_, attributes, SourceKind::kLocal).med, 7U);
}

TEST_F(WireAttributesTest, WhatPolicyChoseIsSentWithoutItsMark) {
  PathAttributes attributes = learned();
  attributes.med = 7;
  Bytes canonical = canonical_bytes(attributes);
  for (const AttributeType type : {AttributeType::kMultiExitDisc, AttributeType::kNextHop}) {
    const auto view = find_attribute(canonical, type);
    canonical[static_cast<std::size_t>(view->value.data() - canonical.data()) - 3] |= kChosenByPolicy;
  }
  const PathAttributes out = sent(ebgp_, canonical, SourceKind::kEbgp);
  EXPECT_EQ(out.med, 7U);
  EXPECT_EQ(out.next_hop, address("192.0.2.1"));
  EXPECT_EQ(octets_of(AttributeType::kMultiExitDisc)->flags, attribute_flag::kOptional);
  EXPECT_EQ(octets_of(AttributeType::kNextHop)->flags, attribute_flag::kTransitive);
}

TEST_F(WireAttributesTest, ReflectionAddsOriginatorAndCluster) {
  client_.cluster_id = 99;
  PathAttributes out = sent(client_, learned(), SourceKind::kIbgp);
  EXPECT_EQ(out.originator_id, 0x07070707U);
  EXPECT_EQ(out.cluster_list, std::vector<std::uint32_t>({99}));
  EXPECT_EQ(out.next_hop, address("192.0.2.1"));

  PathAttributes again = learned();
  again.originator_id = 5;
  again.cluster_list = {1, 2};
  client_.cluster_id = 0;
  client_.next_hop = NextHopRule::kSelf;
  out = sent(client_, again, SourceKind::kIbgp);
  EXPECT_EQ(out.originator_id, 5U);
  EXPECT_EQ(out.cluster_list, std::vector<std::uint32_t>({client_.router_id, 1, 2}));
  EXPECT_EQ(out.next_hop, address("192.0.2.1")) << "a reflector does not change next hops";
}

TEST_F(WireAttributesTest, ReflectionAttributesStayInside) {
  PathAttributes attributes = learned();
  attributes.originator_id = 5;
  attributes.cluster_list = {1, 2};
  PathAttributes out = sent(ebgp_, attributes, SourceKind::kIbgp);
  EXPECT_EQ(out.originator_id, std::nullopt);
  EXPECT_TRUE(out.cluster_list.empty());
  out = sent(ibgp_, learned(), SourceKind::kEbgp);
  EXPECT_EQ(out.originator_id, std::nullopt);
  EXPECT_TRUE(out.cluster_list.empty());
}

TEST_F(WireAttributesTest, TwoOctetNeighboursGetAs4PathOnlyWhenNumbersDoNotFit) {
  ebgp_.four_octet_as = false;
  sent(ebgp_, learned(), SourceKind::kEbgp);
  EXPECT_THAT(octets_of(AttributeType::kAsPath)->value,
              testing::ElementsAre(2, 3, 65000 >> 8, 65000 & 255, 64500 >> 8, 64500 & 255, 64501 >> 8, 64501 & 255));
  EXPECT_FALSE(octets_of(AttributeType::kAs4Path));

  PathAttributes attributes = learned();
  attributes.as_path = sequence({70000, 64501});
  sent(ebgp_, attributes, SourceKind::kEbgp);
  EXPECT_THAT(
      octets_of(AttributeType::kAsPath)->value,
      testing::ElementsAre(2, 3, 65000 >> 8, 65000 & 255, kAsTrans >> 8, kAsTrans & 255, 64501 >> 8, 64501 & 255));
  const auto long_path = octets_of(AttributeType::kAs4Path);
  ASSERT_TRUE(long_path);
  EXPECT_EQ(long_path->flags, attribute_flag::kOptional | attribute_flag::kTransitive);
  EXPECT_THAT(long_path->value, testing::ElementsAre(2, 3, 0, 0, 65000 >> 8, 65000 & 255, 0, 1, 70000 >> 8 & 255,
                                                     70000 & 255, 0, 0, 64501 >> 8, 64501 & 255));
}

TEST_F(WireAttributesTest, TwoOctetNeighboursGetAs4AggregatorOnlyWhenTheNumberDoesNotFit) {
  ebgp_.four_octet_as = false;
  PathAttributes attributes = learned();
  attributes.aggregator = {{70000}, address("192.0.2.9")};
  sent(ebgp_, attributes, SourceKind::kEbgp);
  EXPECT_THAT(octets_of(AttributeType::kAggregator)->value,
              testing::ElementsAre(kAsTrans >> 8, kAsTrans & 255, 192, 0, 2, 9));
  ASSERT_TRUE(octets_of(AttributeType::kAs4Aggregator));
  EXPECT_THAT(octets_of(AttributeType::kAs4Aggregator)->value,
              testing::ElementsAre(0, 1, 70000 >> 8 & 255, 70000 & 255, 192, 0, 2, 9));
  attributes.aggregator->as = {64501};
  sent(ebgp_, attributes, SourceKind::kEbgp);
  EXPECT_EQ(octets_of(AttributeType::kAggregator)->value.size(), 6U);
  EXPECT_FALSE(octets_of(AttributeType::kAs4Aggregator));
}

TEST_F(WireAttributesTest, FourOctetNeighboursGetTheAggregatorAsItIs) {
  PathAttributes attributes = learned();
  attributes.aggregator = {{70000}, address("192.0.2.9")};
  EXPECT_EQ(sent(ebgp_, attributes, SourceKind::kEbgp).aggregator, attributes.aggregator);
}

TEST_F(WireAttributesTest, UnknownTransitiveAttributesPassWithTheirFlags) {
  PathAttributes attributes = learned();
  attributes.communities = {0xFDE80001};
  attributes.others = {{0xE0, 100, {1, 2, 3}}, {0xC0, 200, Bytes(300, 7)}};
  const PathAttributes out = sent(ebgp_, attributes, SourceKind::kEbgp);
  EXPECT_EQ(out.others, attributes.others);
  EXPECT_EQ(out.communities, attributes.communities);
}

TEST_F(WireAttributesTest, AigpStaysInside) {
  PathAttributes attributes = learned();
  attributes.others = {{0x80, 26, Bytes(11, 1)}};
  EXPECT_TRUE(sent(ebgp_, attributes, SourceKind::kEbgp).others.empty());
  EXPECT_EQ(sent(ibgp_, attributes, SourceKind::kEbgp).others, attributes.others);
}

TEST_F(WireAttributesTest, OnlyToCustomerIsAddedDownwardsAndSideways) {
  for (const Role role : {Role::kProvider, Role::kPeer, Role::kRouteServer}) {
    ebgp_.local_role = role;
    EXPECT_EQ(sent(ebgp_, learned(), SourceKind::kEbgp).only_to_customer, rib::AsNumber{65000});
    PathAttributes marked = learned();
    marked.only_to_customer = rib::AsNumber{64500};
    EXPECT_EQ(sent(ebgp_, marked, SourceKind::kEbgp).only_to_customer, rib::AsNumber{64500});
  }
  for (const Role role : {Role::kCustomer, Role::kRouteServerClient}) {
    ebgp_.local_role = role;
    EXPECT_EQ(sent(ebgp_, learned(), SourceKind::kEbgp).only_to_customer, std::nullopt);
  }
  ibgp_.local_role = Role::kProvider;
  EXPECT_EQ(sent(ibgp_, learned(), SourceKind::kEbgp).only_to_customer, std::nullopt);
}

class NextHopTest : public ::testing::Test {
 protected:
  std::string chosen(const ExportContext& context, const PathAttributes& attributes, SourceKind from, Family family) {
    rib::SourceTraits source;
    source.kind = from;
    const auto next_hop = next_hop_for(context, source, family, canonical_bytes(attributes));
    if (!next_hop) return "none";
    std::string text;
    for (int at = 0; at < next_hop->size; at += 16) {
      rib::IpAddress part;
      part.v6 = next_hop->size != 4;
      std::copy_n(next_hop->octets.begin() + at, part.size(), part.octets.begin());
      text += (at > 0 ? " " : "") + rib::to_string(part);
    }
    return text;
  }
  ExportContext ebgp_ = context_towards(SourceKind::kEbgp), ibgp_ = context_towards(SourceKind::kIbgp);
};

TEST_F(NextHopTest, IsOurselvesTowardsEbgpAndKeptTowardsIbgp) {
  EXPECT_EQ(chosen(ebgp_, learned(), SourceKind::kEbgp, Family::kIpv4Unicast), "203.0.113.1");
  EXPECT_EQ(chosen(ibgp_, learned(), SourceKind::kEbgp, Family::kIpv4Unicast), "192.0.2.1");
  ibgp_.next_hop = NextHopRule::kSelf;
  EXPECT_EQ(chosen(ibgp_, learned(), SourceKind::kEbgp, Family::kIpv4Unicast), "203.0.113.1");
  EXPECT_EQ(chosen(ibgp_, learned("2001:db8::1"), SourceKind::kEbgp, Family::kIpv6Unicast), "2001:db8:ffff::1");
}

TEST_F(NextHopTest, OfAnOriginatedRouteIsOurselvesUnlessGiven) {
  EXPECT_EQ(chosen(ibgp_, originated(), SourceKind::kLocal, Family::kIpv4Unicast), "203.0.113.1");
  EXPECT_EQ(chosen(ebgp_, learned(), SourceKind::kLocal, Family::kIpv4Unicast), "192.0.2.1");
}

TEST_F(NextHopTest, OfALinkIsNotPassedOn) {
  PathAttributes attributes = learned("2001:db8::1");
  attributes.link_local_next_hop = address("fe80::1");
  EXPECT_EQ(chosen(ibgp_, attributes, SourceKind::kEbgp, Family::kIpv6Unicast), "2001:db8::1");
  EXPECT_EQ(chosen(ibgp_, learned("fe80::1"), SourceKind::kEbgp, Family::kIpv6Unicast), "2001:db8:ffff::1");
}

TEST_F(NextHopTest, OnASharedLinkComesWithOurLinkLocalAddress) {
  ebgp_.self_link_local = address("fe80::9");
  EXPECT_EQ(chosen(ebgp_, learned("2001:db8::1"), SourceKind::kEbgp, Family::kIpv6Unicast), "2001:db8:ffff::1 fe80::9");
  EXPECT_EQ(chosen(ebgp_, learned(), SourceKind::kEbgp, Family::kIpv4Unicast), "203.0.113.1");
}

TEST_F(NextHopTest, IsMissingWhenWeHaveNoAddressOfTheFamily) {
  ebgp_.self_v6 = {};
  EXPECT_EQ(chosen(ebgp_, learned("2001:db8::1"), SourceKind::kEbgp, Family::kIpv6Unicast), "none");
  EXPECT_EQ(chosen(ebgp_, learned(), SourceKind::kEbgp, Family::kIpv4Unicast), "203.0.113.1");
}

}  // namespace
}  // namespace tw::bgp
