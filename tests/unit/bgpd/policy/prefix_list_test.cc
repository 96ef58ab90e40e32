// Prefix lists: what ge and le mean, and that the index says what trying each rule says.
#include "bgpd/policy/policy.h"

#include <gtest/gtest.h>

#include <random>

namespace tw::bgp {
namespace {

rib::Prefix prefix(std::string_view text) { return rib::parse_prefix(text).value(); }

PrefixList list_of(std::vector<PrefixRule> rules) { return PrefixList::indexed("list", std::move(rules)); }

TEST(PrefixList, EmptyListMatchesNothing) {
  EXPECT_FALSE(list_of({}).matches(prefix("0.0.0.0/0")));
  EXPECT_FALSE(list_of({}).matches(prefix("2001:db8::/32")));
}

TEST(PrefixList, RuleWithoutBoundsMatchesThePrefixOnly) {
  const PrefixList list = list_of({{prefix("10.0.0.0/8"), 8, 8}});
  EXPECT_TRUE(list.matches(prefix("10.0.0.0/8")));
  EXPECT_FALSE(list.matches(prefix("10.0.0.0/9")));
  EXPECT_FALSE(list.matches(prefix("0.0.0.0/0")));
}

TEST(PrefixList, BoundsAreInclusive) {
  const PrefixList list = list_of({{prefix("10.0.0.0/8"), 9, 24}});
  EXPECT_FALSE(list.matches(prefix("10.0.0.0/8")));
  EXPECT_TRUE(list.matches(prefix("10.128.0.0/9")));
  EXPECT_TRUE(list.matches(prefix("10.1.2.0/24")));
  EXPECT_FALSE(list.matches(prefix("10.1.2.0/25")));
  EXPECT_FALSE(list.matches(prefix("11.1.2.0/24")));
}

TEST(PrefixList, FamiliesDoNotMix) {
  const PrefixList everything_v4 = list_of({{prefix("0.0.0.0/0"), 0, 32}});
  EXPECT_TRUE(everything_v4.matches(prefix("192.0.2.1/32")));
  EXPECT_FALSE(everything_v4.matches(prefix("::/0")));
  const PrefixList everything_v6 = list_of({{prefix("::/0"), 0, 128}});
  EXPECT_TRUE(everything_v6.matches(prefix("2001:db8::1/128")));
  EXPECT_FALSE(everything_v6.matches(prefix("0.0.0.0/0")));
}

TEST(PrefixList, OuterRuleMatchesWhereAnInnerOneDoesNot) {
  const PrefixList list = list_of({{prefix("10.0.0.0/8"), 24, 24}, {prefix("10.1.0.0/16"), 16, 16}});
  EXPECT_TRUE(list.matches(prefix("10.1.2.0/24")));
  EXPECT_TRUE(list.matches(prefix("10.1.0.0/16")));
  EXPECT_FALSE(list.matches(prefix("10.1.0.0/17")));
}

TEST(PrefixList, RulesWithOnePrefixAddUp) {
  const PrefixList list = list_of({{prefix("10.0.0.0/8"), 8, 8}, {prefix("10.0.0.0/8"), 24, 24}});
  EXPECT_TRUE(list.matches(prefix("10.0.0.0/8")));
  EXPECT_TRUE(list.matches(prefix("10.9.9.0/24")));
  EXPECT_FALSE(list.matches(prefix("10.9.0.0/16")));
}

TEST(PrefixList, EqualByNameAndRules) {
  const std::vector<PrefixRule> rules = {{prefix("10.0.0.0/8"), 8, 8}};
  EXPECT_EQ(list_of(rules), (PrefixList{"list", rules, nullptr}));
  EXPECT_NE(list_of(rules), list_of({}));
  EXPECT_NE(list_of(rules), PrefixList::indexed("other", rules));
}

// Prefixes of few addresses and all lengths, so that they nest and collide.
class RandomPrefixes {
 public:
  explicit RandomPrefixes(std::uint32_t seed) : random_(seed) {}

  int below(int end) { return static_cast<int>(random_() % static_cast<std::uint32_t>(end)); }
  rib::Prefix next() {
    rib::IpAddress address;
    address.v6 = below(3) == 0;
    for (int i = 0; i < address.size(); ++i) {
      static constexpr std::uint8_t kOctets[] = {0x00, 0x0A, 0x80, 0xFF};
      address.octets[static_cast<std::size_t>(i)] = kOctets[below(4)];
    }
    return rib::make_prefix(address, below(8 * address.size() + 1));
  }
  PrefixRule rule() {
    const rib::Prefix base = next();
    const int longest = rib::max_length(base.family);
    const int ge = base.length + below(longest - base.length + 1);
    return {base, ge, ge + below(longest - ge + 1)};
  }

 private:
  std::mt19937 random_;
};

TEST(PrefixList, IndexAgreesWithTryingEachRule) {
  RandomPrefixes random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<PrefixRule> rules;
    for (int i = random.below(60); i > 0; --i) rules.push_back(random.rule());
    const PrefixList indexed = list_of(rules);
    const PrefixList plain{"list", rules, nullptr};
    for (int i = 0; i < 300; ++i) {
      rib::Prefix asked = random.next();
      if (!rules.empty() && i % 2 == 0) {  // near a rule
        const PrefixRule& rule = rules[static_cast<std::size_t>(random.below(static_cast<int>(rules.size())))];
        rib::IpAddress inside = rule.prefix.address();
        asked = rib::make_prefix(inside, random.below(rib::max_length(rule.prefix.family) + 1));
      }
      ASSERT_EQ(indexed.matches(asked), plain.matches(asked)) << rib::to_string(asked) << " in round " << round;
    }
  }
}

}  // namespace
}  // namespace tw::bgp
