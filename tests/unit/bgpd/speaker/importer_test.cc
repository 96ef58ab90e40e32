#include "bgpd/speaker/importer.h"

#include "bgpd/message/attributes.h"

#include <gtest/gtest.h>

namespace tw::bgp {
namespace {

constexpr rib::AsNumber kPeerAs{64496}, kOurAs{112};

void append16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

// An UPDATE body that announces one IPv4 prefix with these attributes, and withdraws another.
Bytes update(const PathAttributes& attributes, std::initializer_list<const char*> announced,
             std::initializer_list<const char*> withdrawn = {}) {
  const auto nlri = [](std::initializer_list<const char*> prefixes) {
    Bytes out;
    for (const char* text : prefixes) {
      const rib::Prefix prefix = *rib::parse_prefix(text);
      out.push_back(prefix.length);
      out.insert(out.end(), prefix.octets.begin(), prefix.octets.begin() + (prefix.length + 7) / 8);
    }
    return out;
  };
  const Bytes gone = nlri(withdrawn), here = nlri(announced);
  const Bytes canonical = here.empty() ? Bytes() : canonical_bytes(attributes);
  Bytes body;
  append16(body, gone.size());
  body.insert(body.end(), gone.begin(), gone.end());
  append16(body, canonical.size());
  body.insert(body.end(), canonical.begin(), canonical.end());
  body.insert(body.end(), here.begin(), here.end());
  return body;
}

PathAttributes path(std::vector<rib::AsNumber> numbers) {
  PathAttributes out;
  out.as_path = {{SegmentType::kSequence, std::move(numbers)}};
  out.next_hop = rib::parse_address("192.0.2.1");
  return out;
}

class ImporterTest : public testing::Test {
 protected:
  ImporterTest() {
    rib::SourceTraits traits;
    traits.as = kPeerAs;
    traits.address = *rib::parse_address("192.0.2.1");
    source_ = *rib_.add_source(traits);
  }
  static ImportSettings settings() {
    ImportSettings out;
    for (const rib::Family family : rib::kAllFamilies) out.update.families.add(family);
    out.update.peer_as = kPeerAs;
    out.local_as = out.speaker_as = kOurAs;
    out.router_id = 0xCB007101;
    out.cluster_id = 7;
    out.local_address = *rib::parse_address("192.0.2.112");
    return out;
  }
  static std::shared_ptr<const Policy> policy(const Policy& built_in) {
    return {std::shared_ptr<const Policy>(), &built_in};
  }
  Importer importer(ImportSettings with = settings(), const Policy& by = Policy::accept_all()) {
    return {rib_, source_, std::move(with), policy(by)};
  }
  // Whether the prefix is in Loc-RIB.
  bool best(const char* prefix) const {
    const auto id = rib_.find(*rib::parse_prefix(prefix));
    return id && rib_.best(*id).has_value();
  }

  rib::Rib rib_;
  rib::PeerId source_;
};

TEST_F(ImporterTest, RoutesComeAndGo) {
  Importer in = importer();
  EXPECT_FALSE(in.take(update(path({kPeerAs}), {"10.1.0.0/16", "10.2.0.0/16"})).error);
  EXPECT_TRUE(best("10.1.0.0/16"));
  EXPECT_FALSE(in.take(update({}, {}, {"10.1.0.0/16"})).error);
  EXPECT_FALSE(best("10.1.0.0/16"));
  EXPECT_TRUE(best("10.2.0.0/16"));
}

TEST_F(ImporterTest, APathThatHoldsUsIsKeptButNotUsed) {
  Importer in = importer();
  in.take(update(path({kPeerAs, kOurAs, {64500}}), {"10.1.0.0/16"}));
  EXPECT_FALSE(best("10.1.0.0/16"));
  EXPECT_EQ(rib_.path_count(source_, rib::Family::kIpv4Unicast), 1U);
  EXPECT_EQ(rib_.accepted_count(source_, rib::Family::kIpv4Unicast), 0U);
}

TEST_F(ImporterTest, TheSpeakersOwnNumberIsALoopToo) {
  ImportSettings with = settings();
  with.local_as = {65000};
  Importer in = importer(with);
  in.take(update(path({kPeerAs, kOurAs}), {"10.1.0.0/16"}));
  EXPECT_FALSE(best("10.1.0.0/16"));
}

TEST_F(ImporterTest, OurselvesAsNextHopIsNotUsed) {
  PathAttributes attributes = path({kPeerAs});
  attributes.next_hop = rib::parse_address("192.0.2.112");
  Importer in = importer();
  EXPECT_FALSE(in.take(update(attributes, {"10.1.0.0/16"})).error);
  EXPECT_FALSE(best("10.1.0.0/16"));
}

TEST_F(ImporterTest, ReflectionLoopsAreNotUsed) {
  ImportSettings with = settings();
  with.update.internal = true;
  Importer in = importer(with);
  PathAttributes ours = path({});
  ours.as_path.clear();
  ours.local_pref = 100;
  ours.originator_id = with.router_id;
  in.take(update(ours, {"10.1.0.0/16"}));
  EXPECT_FALSE(best("10.1.0.0/16"));
  PathAttributes circled = ours;
  circled.originator_id = 1;
  circled.cluster_list = {3, with.cluster_id};
  in.take(update(circled, {"10.2.0.0/16"}));
  EXPECT_FALSE(best("10.2.0.0/16"));
  circled.cluster_list = {3};
  in.take(update(circled, {"10.3.0.0/16"}));
  EXPECT_TRUE(best("10.3.0.0/16"));
}

TEST_F(ImporterTest, AMalformedAttributeWithdrawsAndIsCounted) {
  Importer in = importer();
  in.take(update(path({kPeerAs}), {"10.1.0.0/16"}));
  PathAttributes without_next_hop = path({kPeerAs});
  without_next_hop.next_hop.reset();
  const auto outcome = in.take(update(without_next_hop, {"10.1.0.0/16"}));
  EXPECT_FALSE(outcome.error);
  EXPECT_FALSE(best("10.1.0.0/16"));
  ASSERT_EQ(in.fault_counts().size(), 1U);
  EXPECT_EQ(in.fault_counts().begin()->first.find("treat-as-withdraw"), 0U);
  EXPECT_EQ(in.fault_counts().begin()->second, 1U);
}

TEST_F(ImporterTest, OneMoreThanTheLimitIsReported) {
  ImportSettings with = settings();
  with.max_prefixes = 2;
  Importer in = importer(with);
  EXPECT_FALSE(in.take(update(path({kPeerAs}), {"10.1.0.0/16", "10.2.0.0/16"})).over_limit);
  EXPECT_FALSE(in.take(update(path({kPeerAs}), {"10.1.0.0/16"})).over_limit) << "announced again, not more";
  EXPECT_EQ(in.take(update(path({kPeerAs}), {"10.3.0.0/16"})).over_limit, rib::Family::kIpv4Unicast);
}

TEST_F(ImporterTest, AnotherPolicyJudgesWhatWasReceivedAnew) {
  Importer in = importer(settings(), Policy::reject_all());
  in.take(update(path({kPeerAs}), {"10.1.0.0/16"}));
  in.take(update(path({kPeerAs, kOurAs}), {"10.2.0.0/16"}));
  EXPECT_FALSE(best("10.1.0.0/16"));
  in.reconsider(policy(Policy::accept_all()));
  EXPECT_TRUE(best("10.1.0.0/16"));
  EXPECT_FALSE(best("10.2.0.0/16")) << "a loop stays a loop";
}

TEST_F(ImporterTest, ALeakedRouteIsNotUsedBeforeOrAfterAChangeOfPolicy) {
  ImportSettings with = settings();
  with.update.local_role = Role::kProvider;  // so the peer is a customer, who must not pass such routes up
  Importer in = importer(with);
  PathAttributes marked = path({kPeerAs});
  marked.only_to_customer = rib::AsNumber{64500};
  in.take(update(marked, {"10.1.0.0/16"}));
  EXPECT_FALSE(best("10.1.0.0/16"));
  in.reconsider(policy(Policy::accept_all()));
  EXPECT_FALSE(best("10.1.0.0/16"));
}

TEST_F(ImporterTest, AnErrorThatCostsTheSessionComesWithItsNotification) {
  Importer in = importer();
  const Bytes truncated = {0, 9, 24};
  const auto outcome = in.take(truncated);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kUpdate);
}

}  // namespace
}  // namespace tw::bgp
