// Which word is near, and which is not worth naming.
#include "bgpd/config/nearest_word.h"

#include <gtest/gtest.h>

namespace tw::bgp::config {
namespace {

TEST(EditDistance, CountsEachKindOfSlipOnce) {
  EXPECT_EQ(edit_distance("passive", "passive"), 0U);
  EXPECT_EQ(edit_distance("pasive", "passive"), 1U);    // left out
  EXPECT_EQ(edit_distance("passsive", "passive"), 1U);  // one too many
  EXPECT_EQ(edit_distance("passeve", "passive"), 1U);   // wrong
  EXPECT_EQ(edit_distance("pasisve", "passive"), 1U);   // swapped
  EXPECT_EQ(edit_distance("", "as"), 2U);
  EXPECT_EQ(edit_distance("as", ""), 2U);
  EXPECT_EQ(edit_distance("ca", "abc"), 3U);  // optimal string alignment
}

TEST(NearestWord, IsTheOneWithTheFewestSlips) {
  EXPECT_EQ(nearest_word("neigbor", {"neighbor-group", "neighbor"}), "neighbor");
  EXPECT_EQ(nearest_word("hold_time", {"hold-time", "open-hold-time"}), "hold-time");
  EXPECT_EQ(did_you_mean("neigbor", {"neighbor"}), "; did you mean \"neighbor\"?");
}

TEST(NearestWord, FarWordsAreNotNamed) {
  EXPECT_EQ(nearest_word("kitchen", {"neighbor", "speaker"}), std::nullopt);
  EXPECT_EQ(nearest_word("x", {"as"}), std::nullopt);
  EXPECT_EQ(nearest_word("", {"as"}), std::nullopt);
  EXPECT_EQ(nearest_word("anything", {}), std::nullopt);
  EXPECT_EQ(nearest_word(std::string(100'000, 'a'), {"as"}), std::nullopt);
  EXPECT_EQ(did_you_mean("kitchen", {"neighbor"}), "");
}

}  // namespace
}  // namespace tw::bgp::config
