// What a speaker relies on in the RIB, one behaviour a test. Random sequences are in rib_model_test.cc.
#include "rib/rib.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace tw::rib {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Announces everything as it was accepted.
class PassExporter : public Exporter {
 public:
  explicit PassExporter(AttributeStore& store) : store_(store) {
    for (const Family family : kAllFamilies) families_.add(family);
  }
  AttributeId exported(const Prefix&, AttributeId accepted, PeerId) override {
    ++asked;
    store_.retain(accepted);
    return accepted;
  }
  FamilySet families() const override { return families_; }
  int asked = 0;

 private:
  AttributeStore& store_;
  FamilySet families_;
};

class RibTest : public ::testing::Test {
 protected:
  RibTest() {
    rib.on_owing = [this](GroupId group) { owing.push_back(group); };
    rib.on_merged = [this](GroupId from, GroupId into) { merged.emplace_back(from, into); };
  }
  PeerId add_source(std::uint32_t router_id, SourceKind kind = SourceKind::kEbgp) {
    return rib.add_source({.kind = kind, .as = {64500}, .router_id = router_id, .address = IpAddress::v4(router_id)})
        .value();
  }
  // Attributes are told apart by their AS path length.
  AttributeId intern(std::uint16_t path_length) {
    AttributeKey key;
    key.as_path_length = path_length;
    const std::uint8_t octets[] = {static_cast<std::uint8_t>(path_length)};
    return rib.attributes().intern(octets, key);
  }
  void announce(PeerId source, const Prefix& prefix, std::uint16_t path_length) {
    const AttributeId received = intern(path_length), accepted = intern(path_length);
    rib.announce(source, prefix, 0, received, accepted);
  }
  Rib::MemberId join(PeerId self = kNoPeer, std::uint64_t context = 1) {
    return rib.join(context, std::make_shared<PassExporter>(rib.attributes()), self);
  }
  void drain_all(Rib::MemberId member) {
    while (!rib.drain(rib.group_of(member), 100).empty()) {
    }
  }
  std::vector<Change> drain(Rib::MemberId member) {
    const auto changes = rib.drain(rib.group_of(member), 100);
    return {changes.begin(), changes.end()};
  }

  Rib rib;
  std::vector<GroupId> owing;
  std::vector<std::pair<GroupId, GroupId>> merged;
  const Prefix a = *parse_prefix("192.0.2.0/24"), b = *parse_prefix("198.51.100.0/24"),
               c = *parse_prefix("2001:db8::/32");
};

TEST_F(RibTest, TheBestPathIsFirstAndSaysWhy) {
  const PeerId near = add_source(1), far = add_source(2);
  announce(far, a, 5);
  EXPECT_EQ(rib.decided_by(*rib.find(a)), Rung::kOnlyPath);
  announce(near, a, 2);
  std::vector<PathView> paths;
  rib.paths(*rib.find(a), paths);
  ASSERT_EQ(paths.size(), 2U);
  EXPECT_EQ(paths[0].source, near);
  EXPECT_TRUE(paths[0].best);
  EXPECT_FALSE(paths[1].best);
  EXPECT_EQ(rib.decided_by(*rib.find(a)), Rung::kAsPathLength);
  announce(near, a, 5);
  EXPECT_EQ(rib.decided_by(*rib.find(a)), Rung::kRouterId);
}

TEST_F(RibTest, ARefusedPathIsKeptButNotEligible) {
  const PeerId source = add_source(1);
  rib.announce(source, a, 0, intern(1), kNoAttributes);
  EXPECT_EQ(rib.best(*rib.find(a)), std::nullopt);
  EXPECT_EQ(rib.path_count(source, Family::kIpv4Unicast), 1U);
  EXPECT_EQ(rib.accepted_count(source, Family::kIpv4Unicast), 0U);
  EXPECT_EQ(rib.counts().prefixes, 1U);
  EXPECT_EQ(rib.counts().best, 0U);
}

TEST_F(RibTest, WithdrawingWhatIsNotThereSaysSo) {
  const PeerId source = add_source(1), other = add_source(2);
  EXPECT_FALSE(rib.withdraw(source, a, 0));
  announce(other, a, 1);
  EXPECT_FALSE(rib.withdraw(source, a, 0));
  EXPECT_FALSE(rib.withdraw(other, a, 1));
  EXPECT_TRUE(rib.withdraw(other, a, 0));
  EXPECT_EQ(rib.find(a), std::nullopt);
}

TEST_F(RibTest, WhatIsNotAnnouncedDuringARefreshIsDropped) {
  const PeerId source = add_source(1);
  announce(source, a, 1);
  announce(source, b, 1);
  announce(source, c, 1);
  rib.begin_refresh(source, Family::kIpv4Unicast);
  EXPECT_TRUE(rib.best(*rib.find(a))->stale);
  EXPECT_FALSE(rib.best(*rib.find(c))->stale) << "another family";
  announce(source, b, 1);
  rib.end_refresh(source, Family::kIpv4Unicast);
  EXPECT_EQ(rib.find(a), std::nullopt);
  EXPECT_TRUE(rib.find(b));
  EXPECT_TRUE(rib.find(c));
}

TEST_F(RibTest, ANewcomerIsOwedTheWholeTable) {
  const PeerId source = add_source(1);
  announce(source, a, 1);
  announce(source, c, 1);
  const auto member = join();
  EXPECT_THAT(owing, ElementsAre(rib.group_of(member)));
  EXPECT_EQ(drain(member).size(), 2U);
  EXPECT_FALSE(rib.owes(rib.group_of(member)));
}

TEST_F(RibTest, WhatChangesAgainBeforeItIsDrainedIsSentOnce) {
  const PeerId source = add_source(1);
  const auto member = join();
  announce(source, a, 1);
  announce(source, a, 2);
  announce(source, a, 3);
  EXPECT_EQ(owing.size(), 1U) << "told once until drained empty";
  const auto changes = drain(member);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(rib.attributes().key(changes[0].now).as_path_length, 3);
  EXPECT_EQ(changes[0].before, kNoAttributes);
  EXPECT_THAT(drain(member), IsEmpty());
  announce(source, a, 4);
  EXPECT_EQ(owing.size(), 2U);
}

TEST_F(RibTest, WhatChangedBackIsNotSent) {
  const PeerId source = add_source(1);
  const auto member = join();
  announce(source, a, 1);
  drain_all(member);
  announce(source, a, 2);
  announce(source, a, 1);
  announce(source, b, 1);
  rib.withdraw(source, b, 0);
  EXPECT_THAT(drain(member), IsEmpty());
  EXPECT_EQ(rib.find(b), std::nullopt) << "and its prefix is forgotten";
}

TEST_F(RibTest, AnUnchangedAnnouncementOwesNothing) {
  const PeerId source = add_source(1);
  const auto member = join();
  announce(source, a, 1);
  drain_all(member);
  announce(source, a, 1);
  EXPECT_FALSE(rib.owes(rib.group_of(member)));
}

TEST_F(RibTest, NeighboursThatJoinBeforeAnythingWasAnnouncedShareAGroup) {
  const PeerId source = add_source(1);
  announce(source, a, 1);
  const auto first = join(), second = join();
  EXPECT_EQ(rib.group_of(first), rib.group_of(second));
  EXPECT_NE(rib.group_of(first), rib.group_of(join(kNoPeer, 2))) << "another context";
}

TEST_F(RibTest, ALatecomerMergesOnceItHasCaughtUp) {
  const PeerId source = add_source(1);
  announce(source, a, 1);
  const auto first = join();
  drain_all(first);
  const auto late = join();
  const GroupId own = rib.group_of(late);
  EXPECT_NE(rib.group_of(first), own);
  EXPECT_EQ(drain(late).size(), 1U);
  EXPECT_EQ(rib.group_of(late), own);
  EXPECT_THAT(drain(late), IsEmpty());
  EXPECT_EQ(rib.group_of(late), rib.group_of(first));
  ASSERT_EQ(merged.size(), 1U);
  EXPECT_THAT(rib.members(merged[0].first), IsEmpty());
  EXPECT_EQ(rib.members(merged[0].second).size(), 2U);
}

TEST_F(RibTest, ADetachedMemberDelaysNobodyAndIsSupersededMeanwhile) {
  const PeerId source = add_source(1);
  const auto fast = join(), slow = join();
  announce(source, a, 1);
  drain_all(fast);
  rib.detach(slow);
  ASSERT_NE(rib.group_of(slow), rib.group_of(fast));
  for (std::uint16_t length = 2; length < 9; ++length) {
    announce(source, a, length);
    EXPECT_EQ(drain(fast).size(), 1U);
    EXPECT_THAT(drain(fast), IsEmpty());
  }
  EXPECT_NE(rib.group_of(slow), rib.group_of(fast)) << "it has not been drained yet";
  const auto changes = drain(slow);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(rib.attributes().key(changes[0].before).as_path_length, 1);
  EXPECT_EQ(rib.attributes().key(changes[0].now).as_path_length, 8);
  drain_all(slow);
  EXPECT_EQ(rib.group_of(slow), rib.group_of(fast));
}

TEST_F(RibTest, ADetachedMemberThatOwesNothingStaysAwayUntilItAsks) {
  const auto fast = join(), slow = join();
  rib.detach(slow);
  drain_all(fast);
  EXPECT_NE(rib.group_of(slow), rib.group_of(fast));
  drain_all(slow);
  EXPECT_EQ(rib.group_of(slow), rib.group_of(fast));
}

TEST_F(RibTest, ResendingSendsTheFamilyAgainToThisMemberOnly) {
  const PeerId source = add_source(1);
  announce(source, a, 1);
  announce(source, c, 1);
  const auto member = join(), other = join();
  drain_all(member);
  owing.clear();
  rib.resend(member, Family::kIpv4Unicast);
  EXPECT_THAT(owing, ElementsAre(rib.group_of(member)));
  EXPECT_FALSE(rib.owes(rib.group_of(other)));
  const auto changes = drain(member);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(rib.prefix(changes[0].prefix), a);
  EXPECT_EQ(changes[0].before, kNoAttributes);
}

TEST_F(RibTest, ReexportingOwesTheDifferenceOnly) {
  class Nothing : public PassExporter {
   public:
    using PassExporter::PassExporter;
    AttributeId exported(const Prefix& prefix, AttributeId accepted, PeerId source) override {
      return prefix.length == 24 ? kNoAttributes : PassExporter::exported(prefix, accepted, source);
    }
  };
  const PeerId source = add_source(1);
  announce(source, a, 1);
  announce(source, c, 1);
  const auto member = join(), other = join();
  drain_all(member);
  rib.reexport(member, 2, std::make_shared<Nothing>(rib.attributes()));
  const auto changes = drain(member);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(rib.prefix(changes[0].prefix), a);
  EXPECT_EQ(changes[0].now, kNoAttributes);
  drain_all(member);
  EXPECT_NE(rib.group_of(member), rib.group_of(other));
}

TEST_F(RibTest, AMembersOwnRoutesDoNotCountAsAnnouncedToIt) {
  const PeerId source = add_source(1);
  const auto own = join(source), other = join();
  announce(source, a, 1);
  drain_all(own);
  EXPECT_EQ(rib.advertised_count(own, Family::kIpv4Unicast), 0U);
  EXPECT_EQ(rib.advertised_count(other, Family::kIpv4Unicast), 1U);
  EXPECT_EQ(rib.advertised(own, *rib.find(a)), std::nullopt);
  EXPECT_TRUE(rib.advertised(other, *rib.find(a)));
}

TEST_F(RibTest, ASourceKeepsItsIdWhileAnAdjRibOutNamesIt) {
  const PeerId source = add_source(7);
  const auto member = join();
  announce(source, a, 1);
  drain_all(member);
  rib.remove_source(source);
  EXPECT_NE(add_source(8), source);
  const auto changes = drain(member);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].before_source, source);
  EXPECT_EQ(rib.source(source).router_id, 7U);
  EXPECT_NE(add_source(9), source);
  drain_all(member);
  EXPECT_EQ(add_source(10), source);
}

TEST_F(RibTest, SourcesRunOutAtTheirLimit) {
  for (int i = 0; i < 65534; ++i) ASSERT_TRUE(rib.add_source({}));
  EXPECT_EQ(rib.add_source({}), std::nullopt);
  rib.remove_source({17});
  EXPECT_EQ(rib.add_source({}), PeerId{17});
}

TEST_F(RibTest, DrainedBatchesAreOrderedForPacking) {
  const PeerId one = add_source(1), two = add_source(2);
  const auto member = join();
  announce(one, a, 1);
  drain_all(member);
  rib.withdraw(one, a, 0);
  const char* destinations[] = {"10.0.0.0/8", "11.0.0.0/8", "2001:db8::/32", "12.0.0.0/8", "13.0.0.0/8", "14.0.0.0/8"};
  for (int i = 0; i < 6; ++i)
    announce(i % 2 == 0 ? one : two, *parse_prefix(destinations[i]), static_cast<std::uint16_t>(1 + i / 4));
  std::vector<std::string> order;
  for (const Change& change : drain(member)) order.push_back(to_string(rib.prefix(change.prefix)));
  EXPECT_THAT(order, ElementsAre("192.0.2.0/24", "10.0.0.0/8", "13.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8", "14.0.0.0/8",
                                 "2001:db8::/32"));
}

TEST_F(RibTest, EveryGroupIsAskedOncePerChange) {
  const PeerId source = add_source(1);
  auto exporter = std::make_shared<PassExporter>(rib.attributes());
  const auto member = rib.join(1, exporter, kNoPeer);
  for (int i = 0; i < 29; ++i) rib.join(1, exporter, kNoPeer);
  announce(source, a, 1);
  announce(source, b, 1);
  drain_all(member);
  EXPECT_EQ(exporter->asked, 2);
}

TEST_F(RibTest, AFullWithdrawalGivesTheMemoryBack) {
  const PeerId local = add_source(1, SourceKind::kLocal), source = add_source(2);
  announce(local, a, 1);
  const auto member = join();
  drain_all(member);
  const auto total = [&] {
    const RibMemory memory = rib.memory();
    return memory.prefixes + memory.paths + memory.attributes + memory.advertised;
  };
  const std::size_t before = total();
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 100000; ++i) {
      announce(source, make_prefix(IpAddress::v4(0x0A000000 + (i << 7)), 25), static_cast<std::uint16_t>(i % 200));
    }
    drain_all(member);
    EXPECT_GT(total(), 100000U * 20);
    EXPECT_LT(total(), 100000U * 50);
    rib.remove_source(source);
    drain_all(member);
    EXPECT_LT(total(), before + 100 * 1024);
    EXPECT_EQ(add_source(2), source);
  }
  EXPECT_TRUE(rib.best(*rib.find(a)));
}

}  // namespace
}  // namespace tw::rib
