// What is announced to a group and what is kept back.
#include "bgpd/export/group_exporter.h"

#include "bgpd/export/wire_attributes.h"
#include "tests/unit/bgpd/export/export_fixture.h"

#include <gtest/gtest.h>

namespace tw::bgp {
namespace {

using rib::Family;
using rib::SourceKind;

class GroupExporterTest : public ::testing::Test, protected ExportFixture {
 protected:
  bool announces(const ExportContext& context, const PathAttributes& attributes, rib::PeerId source,
                 std::string_view destination = "198.51.100.0/24") {
    GroupExporter exporter(context, std::make_shared<Policy>(Policy::accept_all()), rib);
    const rib::AttributeId accepted = intern(attributes);
    const rib::AttributeId exported = exporter.exported(prefix(destination), accepted, source);
    const bool result = exported != rib::kNoAttributes;
    if (result) {
      EXPECT_EQ(exported, accepted) << "unchanged attributes keep their id";
    }
    rib.attributes().release(exported);
    rib.attributes().release(accepted);
    return result;
  }
  static PathAttributes with_community(std::uint32_t community) {
    PathAttributes attributes = learned();
    attributes.communities = {0xFDE80001, community};
    return attributes;
  }

  ExportContext towards_ebgp = context_towards(SourceKind::kEbgp), towards_ibgp = context_towards(SourceKind::kIbgp),
                towards_client = context_towards(SourceKind::kIbgpClient);
};

TEST_F(GroupExporterTest, HonoursWellKnownCommunities) {
  EXPECT_TRUE(announces(towards_ebgp, with_community(0xFDE80002), ebgp));
  EXPECT_FALSE(announces(towards_ebgp, with_community(kNoExport), ebgp));
  EXPECT_FALSE(announces(towards_ebgp, with_community(kNoExportSubconfed), ebgp));
  EXPECT_FALSE(announces(towards_ebgp, with_community(kNoAdvertise), ebgp));
  EXPECT_TRUE(announces(towards_ibgp, with_community(kNoExport), ebgp));
  EXPECT_TRUE(announces(towards_ibgp, with_community(kNoExportSubconfed), ebgp));
  EXPECT_FALSE(announces(towards_ibgp, with_community(kNoAdvertise), ebgp));
}

TEST_F(GroupExporterTest, ReflectsOnlyFromAndToClients) {
  EXPECT_FALSE(announces(towards_ibgp, learned(), ibgp));
  EXPECT_TRUE(announces(towards_client, learned(), ibgp));
  EXPECT_TRUE(announces(towards_ibgp, learned(), client));
  EXPECT_TRUE(announces(towards_client, learned(), client));
  for (const rib::PeerId source : {ebgp, local}) {
    EXPECT_TRUE(announces(towards_ibgp, learned(), source));
    EXPECT_TRUE(announces(towards_client, learned(), source));
  }
  for (const rib::PeerId source : {ebgp, local, ibgp, client}) EXPECT_TRUE(announces(towards_ebgp, learned(), source));
}

TEST_F(GroupExporterTest, KeepsMarkedRoutesFromProvidersPeersAndRouteServers) {
  PathAttributes marked = learned();
  marked.only_to_customer = rib::AsNumber{64500};
  for (const Role role : {Role::kCustomer, Role::kPeer, Role::kRouteServerClient}) {
    towards_ebgp.local_role = role;
    EXPECT_FALSE(announces(towards_ebgp, marked, ebgp));
    EXPECT_TRUE(announces(towards_ebgp, learned(), ebgp));
  }
  for (const Role role : {Role::kProvider, Role::kRouteServer}) {
    towards_ebgp.local_role = role;
    EXPECT_TRUE(announces(towards_ebgp, marked, ebgp));
  }
  towards_ibgp.local_role = Role::kCustomer;
  EXPECT_TRUE(announces(towards_ibgp, marked, ebgp)) << "roles are between ASes";
}

TEST_F(GroupExporterTest, AnnouncesNothingOfAFamilyThatWasNotNegotiated) {
  towards_ebgp.families = {};
  towards_ebgp.families.add(Family::kIpv6Unicast);
  EXPECT_FALSE(announces(towards_ebgp, learned(), ebgp));
  EXPECT_TRUE(announces(towards_ebgp, learned("2001:db8::1"), ebgp, "2001:db8::/32"));
}

TEST_F(GroupExporterTest, AnnouncesNothingWithoutANextHopOfTheFamily) {
  towards_ebgp.self_v6 = {};
  EXPECT_FALSE(announces(towards_ebgp, learned("2001:db8::1"), ebgp, "2001:db8::/32"));
  EXPECT_TRUE(announces(towards_ebgp, learned(), ebgp));
}

TEST_F(GroupExporterTest, AsksPolicyLast) {
  GroupExporter exporter(towards_ebgp, std::make_shared<Policy>(Policy::as112()), rib);
  const rib::AttributeId own = intern(originated()), foreign = intern(learned());
  const rib::AttributeId sent = exporter.exported(prefix("192.175.48.0/24"), own, local);
  EXPECT_EQ(sent, own);
  EXPECT_EQ(exporter.exported(prefix("192.175.48.0/24"), foreign, ebgp), rib::kNoAttributes);
  EXPECT_EQ(exporter.exported(prefix("192.0.2.0/24"), own, local), rib::kNoAttributes);
  for (const rib::AttributeId id : {sent, own, foreign}) rib.attributes().release(id);
}

// The policy: MED 5 and next hop 192.0.2.77 for 10.0.0.0/8, everything else as it is.
Policy choosing_policy() {
  PolicyRule rule;
  rule.match.prefix_lists.push_back({"ten", {{prefix("10.0.0.0/8"), 8, 32}}});
  rule.set.med = 5;
  rule.set.next_hop = address("192.0.2.77");
  rule.verdict = Verdict::kAccept;
  Policy policy;
  policy.name = "choosing";
  policy.rules = {rule};
  policy.otherwise = Verdict::kAccept;
  return policy;
}

class ChoosingPolicyTest : public GroupExporterTest {
 protected:
  PathAttributes sent(const ExportContext& context, std::string_view destination, const PathAttributes& attributes,
                      rib::PeerId source) {
    GroupExporter exporter(context, std::make_shared<Policy>(choosing_policy()), rib);
    const rib::AttributeId accepted = intern(attributes);
    const rib::AttributeId exported = exporter.exported(prefix(destination), accepted, source);
    AttributeWriter writer(context);
    WireAttributes wire;
    EXPECT_TRUE(writer.write(rib.attributes().bytes(exported), rib.attributes().key(exported), rib.source(source),
                             Family::kIpv4Unicast, wire));
    rib.attributes().release(exported);
    rib.attributes().release(accepted);
    return parse_attributes(wire.octets);
  }
};

TEST_F(ChoosingPolicyTest, MedAndNextHopThatPolicySetsAreSent) {
  PathAttributes attributes = learned();
  for (const std::uint32_t med : {5U, 9U}) {  // also when it says what was received
    attributes.med = med;
    const PathAttributes out = sent(towards_ebgp, "10.1.0.0/16", attributes, ebgp);
    EXPECT_EQ(out.med, 5U);
    EXPECT_EQ(out.next_hop, address("192.0.2.77"));
  }
}

TEST_F(ChoosingPolicyTest, WhatPolicyDoesNotSetIsNotTakenFromWhatWasReceived) {
  PathAttributes attributes = learned();
  attributes.med = 5;
  const PathAttributes out = sent(towards_ebgp, "11.0.0.0/8", attributes, ebgp);
  EXPECT_EQ(out.med, std::nullopt);
  EXPECT_EQ(out.next_hop, towards_ebgp.self_v4);
}

TEST_F(ChoosingPolicyTest, AReflectedRouteKeepsItsNextHopUnlessPolicySetsOne) {
  towards_client.next_hop = NextHopRule::kSelf;
  EXPECT_EQ(sent(towards_client, "11.0.0.0/8", learned(), ibgp).next_hop, address("192.0.2.1"));
  EXPECT_EQ(sent(towards_client, "10.0.0.0/8", learned(), ibgp).next_hop, address("192.0.2.77"));
}

TEST_F(ChoosingPolicyTest, LeavesNoAttributeSetsBehind) {
  PathAttributes attributes = learned();
  attributes.med = 9;
  sent(towards_ebgp, "10.1.0.0/16", attributes, ebgp);
  sent(towards_ebgp, "11.0.0.0/8", attributes, ebgp);
  EXPECT_EQ(rib.attributes().size(), 0U);
}

// A run of routes with one set of attributes is asked about once, and nothing is kept alive for it.
TEST_F(GroupExporterTest, RemembersItsAnswerForARunWithoutHoldingOnToSets) {
  PolicyRule rule;
  rule.set.med = 5;
  rule.verdict = Verdict::kAccept;
  auto policy = std::make_shared<Policy>();
  policy->rules = {rule};
  GroupExporter exporter(towards_ebgp, policy, rib);
  PathAttributes attributes = learned();
  attributes.med = 9;
  const rib::AttributeId accepted = intern(attributes);
  const rib::AttributeId first = exporter.exported(prefix("10.0.0.0/8"), accepted, ebgp);
  const rib::AttributeId second = exporter.exported(prefix("11.0.0.0/8"), accepted, ebgp);
  EXPECT_EQ(first, second);
  EXPECT_NE(first, accepted);
  for (const rib::AttributeId id : {first, second, accepted}) rib.attributes().release(id);
  EXPECT_EQ(rib.attributes().size(), 0U);
  attributes.med = std::nullopt;
  const rib::AttributeId reused = intern(attributes);  // may have the id of a set that is gone
  const rib::AttributeId third = exporter.exported(prefix("10.0.0.0/8"), reused, ebgp);
  EXPECT_EQ(parse_attributes(rib.attributes().bytes(third)).med, 5U);
  for (const rib::AttributeId id : {reused, third}) rib.attributes().release(id);
}

TEST(ExportContextHash, DiffersWithEveryField) {
  const ExportContext base = context_towards(SourceKind::kEbgp);
  std::vector<ExportContext> contexts(14, base);
  contexts[1].kind = SourceKind::kIbgp;
  contexts[2].local_as = {65001};
  contexts[3].families = {};
  contexts[4].four_octet_as = false;
  contexts[5].extended_message = true;
  contexts[6].send_add_path = true;
  contexts[7].next_hop = NextHopRule::kKeep;
  contexts[8].self_v4 = address("203.0.113.2");
  contexts[9].self_v6 = address("2001:db8::2");
  contexts[10].self_link_local = address("fe80::1");
  contexts[11].cluster_id = 1;
  contexts[12].local_role = Role::kProvider;
  contexts[13].policy = 2;
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    for (std::size_t j = 0; j < contexts.size(); ++j) EXPECT_EQ(hash_of(contexts[i]) == hash_of(contexts[j]), i == j);
  }
}

}  // namespace
}  // namespace tw::bgp
