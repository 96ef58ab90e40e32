// Policies applied to routes: verdicts, changes, references, and that remembering never changes an answer.
#include "bgpd/policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace tw::bgp {
namespace {

using testing::ElementsAre;

rib::Prefix prefix(std::string_view text) { return rib::parse_prefix(text).value(); }
const rib::Prefix kV4 = prefix("192.0.2.0/24");
const rib::Prefix kV6 = prefix("2001:db8::/32");

PathAttributes example() {
  PathAttributes attributes;
  attributes.as_path = {{SegmentType::kSequence, {{64496}, {64497}}}};
  attributes.next_hop = rib::parse_address("192.0.2.1");
  attributes.communities = {0xFBF00001, 0xFBF00002};
  return attributes;
}

class PolicyRunnerTest : public testing::Test {
 protected:
  rib::AttributeId intern(const PathAttributes& attributes) {
    const Bytes bytes = canonical_bytes(attributes);
    return store_.intern(bytes, key_of(bytes));
  }
  PolicyRunner runner(const Policy& policy) {
    return {std::make_shared<const Policy>(policy), store_, rib::AsNumber{64511}};
  }
  PolicyRunner runner(PolicyRule rule, Verdict otherwise = Verdict::kReject) {
    return runner(Policy{"test", {std::move(rule)}, otherwise});
  }
  PathAttributes taken_apart(rib::AttributeId id) { return parse_attributes(store_.bytes(id)); }
  // What the policy makes of `attributes`; nothing: rejected.
  std::optional<PathAttributes> result(PolicyRunner runner, const PathAttributes& attributes,
                                       const rib::Prefix& route = kV4, bool local = false) {
    const rib::AttributeId before = intern(attributes);
    const rib::AttributeId after = runner.apply(route, before, local);
    std::optional<PathAttributes> out;
    if (after != rib::kNoAttributes) out = taken_apart(after);
    store_.release(after);
    store_.release(before);
    EXPECT_EQ(store_.size(), 0U) << "a reference was lost or kept";
    return out;
  }

  rib::AttributeStore store_;
};

PolicyRule accepting(Set set) { return {{}, std::move(set), Verdict::kAccept}; }
PolicyRule accepting_if(Match match) { return {std::move(match), {}, Verdict::kAccept}; }

TEST_F(PolicyRunnerTest, AcceptAllReturnsTheSameSet) {
  const rib::AttributeId id = intern(example());
  PolicyRunner tested = runner(Policy::accept_all());
  EXPECT_EQ(tested.apply(kV4, id, false), id);
  EXPECT_EQ(tested.apply(kV6, id, true), id);
  for (int i = 0; i < 3; ++i) store_.release(id);
  EXPECT_EQ(store_.size(), 0U);
}

TEST_F(PolicyRunnerTest, RejectAllRejectsLocalRoutesToo) {
  EXPECT_EQ(result(runner(Policy::reject_all()), example()), std::nullopt);
  EXPECT_EQ(result(runner(Policy::reject_all()), example(), kV4, true), std::nullopt);
}

TEST_F(PolicyRunnerTest, As112LetsItsFourPrefixesPassIfOriginatedHere) {
  for (const char* text : {"192.175.48.0/24", "192.31.196.0/24", "2620:4f:8000::/48", "2001:4:112::/48"}) {
    EXPECT_EQ(result(runner(Policy::as112()), example(), prefix(text), true), example()) << text;
    EXPECT_EQ(result(runner(Policy::as112()), example(), prefix(text), false), std::nullopt) << text;
  }
}

TEST_F(PolicyRunnerTest, As112LetsNothingElsePass) {
  for (const char* text : {"192.175.48.0/25", "192.175.48.1/32", "192.175.32.0/19", "192.31.196.0/23", "0.0.0.0/0",
                           "2620:4f:8000::/49", "2620:4f::/32", "2001:4:112::1/128", "::/0"}) {
    EXPECT_EQ(result(runner(Policy::as112()), example(), prefix(text), true), std::nullopt) << text;
  }
}

TEST(Policy, BuiltInsAreFoundByName) {
  EXPECT_EQ(Policy::built_in("accept-all"), &Policy::accept_all());
  EXPECT_EQ(Policy::built_in("reject-all"), &Policy::reject_all());
  EXPECT_EQ(Policy::built_in("as112"), &Policy::as112());
  EXPECT_EQ(Policy::built_in("AS112"), nullptr);
}

// --- conditions -----------------------------------------------------------------------------------------------------

TEST_F(PolicyRunnerTest, EveryConditionMustHold) {
  std::string error;
  Match match;
  match.as_path = AsPathPattern::parse("64496 *", error);
  match.communities = {0xFBF00001};
  match.family = rib::Family::kIpv4Unicast;
  match.local = false;
  match.prefix_lists = {PrefixList::indexed("list", {{kV4, 24, 24}})};
  EXPECT_TRUE(result(runner(accepting_if(match)), example()));

  EXPECT_FALSE(result(runner(accepting_if(match)), example(), prefix("198.51.100.0/24")));
  EXPECT_FALSE(result(runner(accepting_if(match)), example(), kV4, true));
  EXPECT_FALSE(result(runner(accepting_if(match)), example(), kV6));
  PathAttributes other = example();
  other.communities = {0xFBF00003};
  EXPECT_FALSE(result(runner(accepting_if(match)), other));
  other = example();
  other.as_path.clear();
  EXPECT_FALSE(result(runner(accepting_if(match)), other));
}

TEST_F(PolicyRunnerTest, AnyOfSeveralListsOrCommunitiesIsEnough) {
  Match lists;
  lists.prefix_lists = {PrefixList::indexed("empty", {}), PrefixList::indexed("list", {{kV4, 24, 24}})};
  EXPECT_TRUE(result(runner(accepting_if(lists)), example()));
  Match communities;
  communities.communities = {1, 0xFBF00002};
  EXPECT_TRUE(result(runner(accepting_if(communities)), example()));
  communities.communities = {1, 2};
  EXPECT_FALSE(result(runner(accepting_if(communities)), example()));
}

TEST_F(PolicyRunnerTest, LargeCommunitiesMatch) {
  Match match;
  match.large_communities = {{64496, 1, 2}};
  EXPECT_FALSE(result(runner(accepting_if(match)), example()));
  PathAttributes attributes = example();
  attributes.large_communities = {{64496, 1, 1}, {64496, 1, 2}};
  EXPECT_TRUE(result(runner(accepting_if(match)), attributes));
}

TEST_F(PolicyRunnerTest, RuleOnAnEmptyPrefixListNeverMatches) {
  Match match;
  match.prefix_lists = {PrefixList::indexed("empty", {})};
  EXPECT_FALSE(result(runner(accepting_if(match)), example()));
}

// --- verdicts -------------------------------------------------------------------------------------------------------

TEST_F(PolicyRunnerTest, FirstRuleThatMatchesDecides) {
  Match local;
  local.local = true;
  const Policy policy{"test", {{local, {}, Verdict::kReject}, {{}, {}, Verdict::kAccept}}, Verdict::kReject};
  EXPECT_FALSE(result(runner(policy), example(), kV4, true));
  EXPECT_TRUE(result(runner(policy), example(), kV4, false));
}

TEST_F(PolicyRunnerTest, WhatNoRuleDecidesGoesTheOtherwiseWay) {
  Match local;
  local.local = true;
  EXPECT_FALSE(result(runner({local, {}, Verdict::kAccept}, Verdict::kReject), example()));
  EXPECT_TRUE(result(runner({local, {}, Verdict::kReject}, Verdict::kAccept), example()));
}

TEST_F(PolicyRunnerTest, NextChangesTheRouteAndLaterRulesSeeIt) {
  Set add;
  add.add_communities = {0xFBF00063};
  Match added;
  added.communities = {0xFBF00063};
  Set med;
  med.med = 7;
  const Policy policy{"test", {{{}, add, Verdict::kNext}, {added, med, Verdict::kAccept}}, Verdict::kReject};
  const auto after = result(runner(policy), example());
  ASSERT_TRUE(after);
  EXPECT_EQ(after->med, 7U);
  EXPECT_THAT(after->communities, ElementsAre(0xFBF00001, 0xFBF00002, 0xFBF00063));
}

TEST_F(PolicyRunnerTest, ChangesOfNextHoldWhenOtherwiseAccepts) {
  Set med;
  med.med = 7;
  const auto after = result(runner(PolicyRule{{}, med, Verdict::kNext}, Verdict::kAccept), example());
  ASSERT_TRUE(after);
  EXPECT_EQ(after->med, 7U);
}

// --- changes --------------------------------------------------------------------------------------------------------

TEST_F(PolicyRunnerTest, SetsMedAndLocalPreferenceWithTheirKey) {
  Set set;
  set.med = 50;
  set.local_pref = 200;
  const rib::AttributeId before = intern(example());
  const rib::AttributeId after = runner(accepting(set)).apply(kV4, before, false);
  EXPECT_NE(after, before);
  EXPECT_EQ(taken_apart(after).med, 50U);
  EXPECT_EQ(taken_apart(after).local_pref, 200U);
  EXPECT_EQ(store_.key(after).med, 50U);
  EXPECT_EQ(store_.key(after).local_pref, 200U);
  EXPECT_EQ(store_.key(before).local_pref, 100U);
}

TEST_F(PolicyRunnerTest, AddsOnlyCommunitiesThatAreMissing) {
  Set set;
  set.add_communities = {0xFBF00002, 0xFBF00003};
  set.add_large_communities = {{64496, 1, 2}, {64496, 1, 2}};
  const auto after = result(runner(accepting(set)), example());
  EXPECT_THAT(after->communities, ElementsAre(0xFBF00001, 0xFBF00002, 0xFBF00003));
  EXPECT_EQ(after->large_communities, (std::vector<LargeCommunity>{{64496, 1, 2}}));
}

TEST_F(PolicyRunnerTest, DeletesCommunities) {
  Set set;
  set.delete_communities = {0xFBF00001, 0xFBF00009};
  EXPECT_THAT(result(runner(accepting(set)), example())->communities, ElementsAre(0xFBF00002));
}

TEST_F(PolicyRunnerTest, ReplacesAllCommunities) {
  Set set;
  set.set_communities = true;
  EXPECT_TRUE(result(runner(accepting(set)), example())->communities.empty());
  set.communities = {kNoExport};
  EXPECT_THAT(result(runner(accepting(set)), example())->communities, ElementsAre(kNoExport));
}

TEST_F(PolicyRunnerTest, PrependsOurNumberToTheFirstSequence) {
  Set set;
  set.prepend = 2;
  const auto after = result(runner(accepting(set)), example());
  EXPECT_EQ(after->as_path,
            (std::vector<AsPathSegment>{{SegmentType::kSequence, {{64511}, {64511}, {64496}, {64497}}}}));
}

TEST_F(PolicyRunnerTest, PrependsInASequenceOfItsOwnBeforeASetOrAFullOne) {
  Set set;
  set.prepend = 2;
  PathAttributes attributes = example();
  attributes.as_path = {{SegmentType::kSet, {{1}, {2}}}};
  EXPECT_EQ(
      result(runner(accepting(set)), attributes)->as_path,
      (std::vector<AsPathSegment>{{SegmentType::kSequence, {{64511}, {64511}}}, {SegmentType::kSet, {{1}, {2}}}}));

  attributes.as_path = {{SegmentType::kSequence, std::vector<rib::AsNumber>(254, rib::AsNumber{9})}};
  const auto full = result(runner(accepting(set)), attributes)->as_path;
  ASSERT_EQ(full.size(), 2U);
  EXPECT_THAT(full[0].numbers, ElementsAre(rib::AsNumber{64511}));
  EXPECT_EQ(full[1].numbers.size(), 255U);
}

TEST_F(PolicyRunnerTest, NextHopIsSetForItsFamilyOnly) {
  Set set;
  set.next_hop = rib::parse_address("198.51.100.1");
  EXPECT_EQ(result(runner(accepting(set)), example(), kV4)->next_hop, set.next_hop);
  EXPECT_EQ(result(runner(accepting(set)), example(), kV6)->next_hop, example().next_hop);
}

TEST_F(PolicyRunnerTest, LinkLocalNextHopGoesWithTheGlobalOne) {
  Set set;
  set.next_hop = rib::parse_address("2001:db8::9");
  PathAttributes attributes = example();
  attributes.next_hop = rib::parse_address("2001:db8::1");
  attributes.link_local_next_hop = rib::parse_address("fe80::1");
  const auto after = result(runner(accepting(set)), attributes, kV6);
  EXPECT_EQ(after->next_hop, set.next_hop);
  EXPECT_EQ(after->link_local_next_hop, std::nullopt);
}

TEST_F(PolicyRunnerTest, ChangeThatChangesNothingKeepsTheSet) {
  Set set;
  set.add_communities = {0xFBF00001};
  const rib::AttributeId id = intern(example());
  EXPECT_EQ(runner(accepting(set)).apply(kV4, id, false), id);
}

// --- remembering ----------------------------------------------------------------------------------------------------

TEST_F(PolicyRunnerTest, RememberedAnswerCarriesAReferenceOfItsOwn) {
  Set set;
  set.med = 1;
  PolicyRunner tested = runner(accepting(set));
  const rib::AttributeId before = intern(example());
  const rib::AttributeId first = tested.apply(kV4, before, false);
  const rib::AttributeId second = tested.apply(kV4, before, false);
  EXPECT_EQ(first, second);
  store_.release(first);
  EXPECT_EQ(taken_apart(second).med, 1U);
  store_.release(second);
  EXPECT_EQ(store_.size(), 1U);
}

TEST_F(PolicyRunnerTest, IdThatNamesAnotherSetNowIsJudgedAnew) {
  Match match;
  match.communities = {0xFBF00001};
  PolicyRunner tested = runner(accepting_if(match));
  const rib::AttributeId first = intern(example());
  ASSERT_EQ(tested.apply(kV4, first, false), first);
  store_.release(first);
  store_.release(first);
  ASSERT_EQ(store_.size(), 0U);

  PathAttributes other = example();
  other.communities.clear();
  const rib::AttributeId second = intern(other);
  ASSERT_EQ(second, first) << "the store is expected to use the id again";
  EXPECT_EQ(tested.apply(kV4, second, false), rib::kNoAttributes);
}

TEST_F(PolicyRunnerTest, ResultThatWasFreedIsMadeAnew) {
  Set set;
  set.med = 1;
  PolicyRunner tested = runner(accepting(set));
  const rib::AttributeId before = intern(example());
  store_.release(tested.apply(kV4, before, false));  // nobody keeps it
  PathAttributes intruder = example();
  intruder.med = 99;
  intern(intruder);  // takes the id of the result
  EXPECT_EQ(taken_apart(tested.apply(kV4, before, false)).med, 1U);
}

TEST_F(PolicyRunnerTest, AnswersForOnePrefixAreNotUsedForAnother) {
  Match match;
  match.prefix_lists = {PrefixList::indexed("list", {{kV4, 24, 24}})};
  Set set;
  set.med = 1;
  PolicyRunner tested = runner(PolicyRule{match, set, Verdict::kAccept}, Verdict::kAccept);
  const rib::AttributeId before = intern(example());
  EXPECT_EQ(taken_apart(tested.apply(kV4, before, false)).med, 1U);
  EXPECT_EQ(tested.apply(prefix("198.51.100.0/24"), before, false), before);
  EXPECT_EQ(taken_apart(tested.apply(kV4, before, false)).med, 1U);
}

class RandomPolicy {
 public:
  explicit RandomPolicy(std::uint32_t seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t end) { return random_() % end; }
  rib::Prefix prefix() {
    rib::IpAddress address;
    address.v6 = below(2) == 0;
    address.octets[0] = static_cast<std::uint8_t>(below(4) << 6);
    return rib::make_prefix(address, static_cast<int>(below(5)));
  }
  PathAttributes attributes() {
    PathAttributes out;
    for (std::uint32_t n = below(3); n > 0; --n) out.communities.push_back(below(4));
    if (below(2) == 0) out.med = below(3);
    if (below(2) == 0) out.as_path = {{SegmentType::kSequence, {{1 + below(2)}}}};
    out.next_hop = rib::parse_address("192.0.2.1");
    return out;
  }
  PolicyRule rule() {
    PolicyRule out;
    if (below(3) == 0) out.match.communities = {below(4)};
    if (below(3) == 0) {
      const rib::Prefix base = prefix();
      out.match.prefix_lists = {PrefixList::indexed("list", {{base, base.length, 4}})};
    }
    if (below(4) == 0) out.match.family = rib::kAllFamilies[below(2)];
    if (below(4) == 0) out.match.local = below(2) == 0;
    std::string error;
    if (below(4) == 0) out.match.as_path = AsPathPattern::parse("1 *", error);
    if (below(2) == 0) out.set.med = below(3);
    if (below(3) == 0) out.set.add_communities = {below(4)};
    if (below(4) == 0) out.set.prepend = 1;
    if (below(4) == 0) out.set.next_hop = rib::parse_address("198.51.100.1");
    out.verdict = static_cast<Verdict>(below(3));
    return out;
  }
  Policy policy() {
    Policy out{"random", {}, below(2) == 0 ? Verdict::kAccept : Verdict::kReject};
    // Now and then more rules with prefix lists than can be remembered by.
    for (std::uint32_t n = below(8) == 0 ? 250 : below(6); n > 0; --n) out.rules.push_back(rule());
    return out;
  }

 private:
  std::mt19937 random_;
};

TEST_F(PolicyRunnerTest, RememberingNeverChangesAnAnswer) {
  RandomPolicy random(11);
  for (int round = 0; round < 30; ++round) {
    const Policy policy = random.policy();
    PolicyRunner remembering = runner(policy);
    std::vector<rib::AttributeId> held;
    for (int i = 0; i < 400; ++i) {
      const rib::AttributeId before = intern(random.attributes());
      const rib::Prefix route = random.prefix();
      const bool local = random.below(2) == 0;
      const rib::AttributeId answer = remembering.apply(route, before, local);
      const rib::AttributeId anew = runner(policy).apply(route, before, local);
      ASSERT_EQ(answer, anew) << "round " << round << ", route " << i;
      for (const rib::AttributeId id : {before, answer, anew}) held.push_back(id);
      while (held.size() > 30) {  // ids are freed and used again all the time
        store_.release(held.back());
        held.pop_back();
        std::swap(held[random.below(static_cast<std::uint32_t>(held.size()))], held.back());
      }
    }
    for (const rib::AttributeId id : held) store_.release(id);
    ASSERT_EQ(store_.size(), 0U) << "references are unbalanced after round " << round;
  }
}

// More sets than are remembered.
TEST_F(PolicyRunnerTest, ForgettingNeverChangesAnAnswer) {
  Set set;
  set.local_pref = 300;
  PolicyRunner tested = runner(accepting(set));
  std::vector<std::pair<rib::AttributeId, rib::AttributeId>> answers;
  for (std::uint32_t i = 0; i < 2 * PolicyRunner::kMaxRemembered; ++i) {
    PathAttributes attributes = example();
    attributes.med = i;
    const rib::AttributeId before = intern(attributes);
    answers.emplace_back(before, tested.apply(kV4, before, false));
  }
  for (const auto& [before, after] : answers) {
    ASSERT_EQ(tested.apply(kV4, before, false), after);
    ASSERT_EQ(taken_apart(after).med, taken_apart(before).med);
  }
}

TEST_F(PolicyRunnerTest, MovedRunnerGoesOn) {
  Set set;
  set.med = 1;
  PolicyRunner first = runner(accepting(set));
  const rib::AttributeId before = intern(example());
  const rib::AttributeId after = first.apply(kV4, before, false);
  PolicyRunner second = std::move(first);
  EXPECT_EQ(second.apply(kV4, before, false), after);
  EXPECT_EQ(second.policy().name, "test");
}

}  // namespace
}  // namespace tw::bgp
