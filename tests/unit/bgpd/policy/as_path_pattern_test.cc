// AS path patterns: what they match, what is wrong with bad ones, and that they agree with regular expressions.
#include "bgpd/policy/policy.h"

#include <gtest/gtest.h>

#include <random>
#include <regex>

namespace tw::bgp {
namespace {

using Numbers = std::vector<std::uint32_t>;

AsPathSegment segment(SegmentType type, const Numbers& numbers) {
  AsPathSegment out{type, {}};
  for (const std::uint32_t number : numbers) out.numbers.push_back({number});
  return out;
}
std::vector<AsPathSegment> sequence(const Numbers& numbers) {
  if (numbers.empty()) return {};
  return {segment(SegmentType::kSequence, numbers)};
}
AsPathPattern pattern(std::string_view text) {
  std::string error;
  auto parsed = AsPathPattern::parse(text, error);
  EXPECT_TRUE(parsed) << text << ": " << error;
  return parsed.value_or(AsPathPattern{});
}
std::string error_of(std::string_view text) {
  std::string error;
  EXPECT_FALSE(AsPathPattern::parse(text, error)) << text;
  return error;
}

struct Example {
  std::string_view pattern;
  Numbers path;
  bool matches;
};

class AsPathExamples : public testing::TestWithParam<Example> {};

TEST_P(AsPathExamples, Matches) {
  EXPECT_EQ(pattern(GetParam().pattern).matches(sequence(GetParam().path)), GetParam().matches)
      << "\"" << GetParam().pattern << "\"";
}

INSTANTIATE_TEST_SUITE_P(
    Table, AsPathExamples,
    testing::Values(Example{"", {}, true}, Example{"", {1}, false}, Example{"*", {}, true}, Example{"*", {1, 2}, true},
                    Example{".", {}, false}, Example{".", {1}, true}, Example{".", {1, 2}, false},
                    Example{"64496", {64496}, true}, Example{"64496", {64496, 1}, false},
                    Example{"64496 *", {64496, 1, 2}, true}, Example{"64496 *", {1, 64496}, false},
                    Example{"* 64496", {1, 2, 64496}, true}, Example{"* 64496", {64496, 2}, false},
                    Example{"* 64496 *", {1, 64496, 2}, true}, Example{"* 64496 *", {1, 2}, false},
                    Example{". 64496", {9, 64496}, true}, Example{". 64496", {64496}, false},
                    Example{"64512-65534", {65534}, true}, Example{"64512-65534", {64511}, false},
                    Example{"1 (2 | 3 4) 5", {1, 2, 5}, true}, Example{"1 (2 | 3 4) 5", {1, 3, 4, 5}, true},
                    Example{"1 (2 | 3 4) 5", {1, 3, 5}, false}, Example{"1 (2|) 5", {1, 5}, true},
                    Example{"1|2", {2}, true}, Example{"1|2", {1, 2}, false}, Example{"(1 * | * 2)", {3, 2}, true},
                    Example{"4294967294", {4294967294U}, true}, Example{" 1\t 2 ", {1, 2}, true},
                    Example{"((1))", {1}, true}));

TEST(AsPathPattern, SetIsOneElementThatIsAnyOfItsMembers) {
  const std::vector<AsPathSegment> path = {segment(SegmentType::kSequence, {1}), segment(SegmentType::kSet, {2, 3})};
  EXPECT_TRUE(pattern("1 2").matches(path));
  EXPECT_TRUE(pattern("1 3").matches(path));
  EXPECT_TRUE(pattern("1 .").matches(path));
  EXPECT_FALSE(pattern("1 2 3").matches(path));
  EXPECT_FALSE(pattern("1 4").matches(path));
}

TEST(AsPathPattern, ConfederationSegmentsArePassedOver) {
  const std::vector<AsPathSegment> path = {segment(SegmentType::kConfedSequence, {65001, 65002}),
                                           segment(SegmentType::kConfedSet, {65003}),
                                           segment(SegmentType::kSequence, {1})};
  EXPECT_TRUE(pattern("1").matches(path));
  EXPECT_FALSE(pattern("65001 *").matches(path));
}

TEST(AsPathPattern, PathIsReadAcrossSegments) {
  const std::vector<AsPathSegment> path = {segment(SegmentType::kSequence, {1, 2}),
                                           segment(SegmentType::kSequence, {3})};
  EXPECT_TRUE(pattern("1 2 3").matches(path));
}

TEST(AsPathPattern, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(error_of("(1"), "'(' without ')'");
  EXPECT_EQ(error_of("1)"), "')' without '('");
  EXPECT_EQ(error_of("7-3"), "a range must run from the lower to the higher AS number");
  EXPECT_EQ(error_of("4294967296"), "an AS number runs from 0 to 4294967295");
  EXPECT_EQ(error_of("5-"), "an AS number runs from 0 to 4294967295");
  EXPECT_NE(error_of("^1$").find("leave '^' and '$' out"), std::string::npos);
  EXPECT_NE(error_of("abc").find("'a' means nothing"), std::string::npos);
  EXPECT_NE(error_of("1*").find("space"), std::string::npos);
  EXPECT_NE(error_of(std::string(100, '(')).find("too deeply"), std::string::npos);
  EXPECT_NE(error_of(std::string(5000, '.')).find("longer than"), std::string::npos);
}

TEST(AsPathPattern, ControlCharactersAreNotRepeatedInErrors) {
  EXPECT_EQ(error_of("1 \x1b").find('\x1b'), std::string::npos);
}

// With back-tracking this would take longer than the universe is old.
TEST(AsPathPattern, ManyRunsCostNoMoreThanPathTimesPattern) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "* 1 (* | 1 | .) ";
  const AsPathPattern slow = pattern(text + "2");
  EXPECT_FALSE(slow.matches(sequence(Numbers(2000, 1))));
}

// The same pattern over the letters a, b, c instead of the AS numbers 1, 2, 3.
std::string random_pattern(std::mt19937& random, int depth, std::string& regex) {
  std::string text;
  for (std::uint32_t items = random() % 4; items > 0; --items) {
    switch (random() % (depth > 0 ? 6 : 5)) {
      case 0:
        text += "* ";
        regex += ".*";
        break;
      case 1:
        text += ". ";
        regex += ".";
        break;
      case 2:
        text += "2-3 ";
        regex += "[bc]";
        break;
      case 5: {
        std::string first, second;
        const std::string left = random_pattern(random, depth - 1, first);
        const std::string right = random_pattern(random, depth - 1, second);
        text += "(" + left + "|" + right + ") ";
        regex += "(?:" + first + "|" + second + ")";
        break;
      }
      default: {
        const char digit = static_cast<char>('1' + random() % 3);
        text += digit;
        text += ' ';
        regex += static_cast<char>(digit - '1' + 'a');
      }
    }
  }
  return text;
}

TEST(AsPathPattern, AgreesWithRegularExpressions) {
  std::mt19937 random(3);
  for (int round = 0; round < 800; ++round) {
    std::string expression;
    const std::string text = random_pattern(random, 2, expression);
    const AsPathPattern tested = pattern(text);
    const std::regex regex(expression);
    for (int i = 0; i < 20; ++i) {
      Numbers numbers;
      std::string letters;
      for (std::uint32_t n = random() % 6; n > 0; --n) {
        numbers.push_back(1 + random() % 3);
        letters += static_cast<char>('a' + numbers.back() - 1);
      }
      ASSERT_EQ(tested.matches(sequence(numbers)), std::regex_match(letters, regex)) << text << " on " << letters;
    }
  }
}

}  // namespace
}  // namespace tw::bgp
