// The table of path attributes: whole, in order, and the same however a row is looked up.
#include "bgpd/message/attribute_rules.h"

#include <gtest/gtest.h>

#include <set>

namespace tw::bgp::test {
namespace {

TEST(AttributeRules, HaveOneRowPerTypeInAscendingOrder) {
  int last = 0;
  for (const AttributeRule& rule : attribute_rules()) {
    EXPECT_GT(static_cast<int>(rule.type), last) << rule.name;
    last = static_cast<int>(rule.type);
    EXPECT_EQ(find_rule(static_cast<std::uint8_t>(rule.type)), &rule);
    EXPECT_EQ(name(rule.type), rule.name);
    EXPECT_TRUE(std::string_view(rule.clause).starts_with("RFC ")) << rule.name;
  }
}

TEST(AttributeRules, KnowNoTypeBeyondTheirRows) {
  std::set<int> known;
  for (const AttributeRule& rule : attribute_rules()) known.insert(static_cast<int>(rule.type));
  for (int type = 0; type < 256; ++type) {
    EXPECT_EQ(find_rule(static_cast<std::uint8_t>(type)) != nullptr, known.contains(type)) << type;
  }
  EXPECT_EQ(name(AttributeType{99}), "attribute 99");
}

TEST(AttributeRules, LetOnlyWhatHoldsNlriCostTheSession) {
  for (const AttributeRule& rule : attribute_rules()) {
    const bool multiprotocol = rule.type == AttributeType::kMpReachNlri || rule.type == AttributeType::kMpUnreachNlri;
    EXPECT_EQ(rule.holds_nlri(), multiprotocol) << rule.name;
    for (const Reaction& reaction : {rule.on.flags, rule.on.length, rule.on.malformed, rule.on.repeated}) {
      EXPECT_EQ(reaction.action == OnError::kResetSession, multiprotocol) << rule.name;
    }
  }
}

TEST(AttributeRules, DiscardOnlyWhatDoesNotDecideBetweenRoutes) {
  // RFC 7606 §2: discarding must not be used for what affects the selection of routes.
  for (const AttributeType type :
       {AttributeType::kOrigin, AttributeType::kAsPath, AttributeType::kNextHop, AttributeType::kMultiExitDisc,
        AttributeType::kLocalPref, AttributeType::kOriginatorId, AttributeType::kClusterList}) {
    EXPECT_EQ(find_rule(static_cast<std::uint8_t>(type))->on.malformed.action, OnError::kTreatAsWithdraw) << name(type);
  }
}

TEST(AttributeRules, ActionsHaveTheNamesOfRfc7606) {
  EXPECT_EQ(name(OnError::kNone), "none");
  EXPECT_EQ(name(OnError::kDiscardAttribute), "attribute-discard");
  EXPECT_EQ(name(OnError::kTreatAsWithdraw), "treat-as-withdraw");
  EXPECT_EQ(name(OnError::kResetSession), "session-reset");
}

}  // namespace
}  // namespace tw::bgp::test
