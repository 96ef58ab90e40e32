// Text from a peer, made fit to print.
#include "bgpd/message/utf8.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

std::string printable(std::string_view text) {
  return printable_utf8({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}
std::string replaced(int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += "\xEF\xBF\xBD";
  return out;
}

TEST(Utf8, WellFormedTextIsKept) {
  for (const std::string_view text : {"", "plain ~", "\xC2\xA0\xDF\xBF", "\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80",
                                      "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Utf8, EveryOctetOfAnIllFormedSequenceIsReplaced) {
  EXPECT_EQ(printable("\x80"), replaced(1));
  EXPECT_EQ(printable("\xC0\x80"), replaced(2)) << "not the shortest form";
  EXPECT_EQ(printable("\xC1\xBF"), replaced(2));
  EXPECT_EQ(printable("\xE0\x80\x80"), replaced(3));
  EXPECT_EQ(printable("\xF0\x80\x80\x80"), replaced(4));
  EXPECT_EQ(printable("\xED\xA0\x80"), replaced(3)) << "a surrogate";
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), replaced(4)) << "beyond U+10FFFF";
  EXPECT_EQ(printable("\xF5\x80\x80\x80"), replaced(4));
  EXPECT_EQ(printable("\xE2\x82"), replaced(2)) << "cut off";
  EXPECT_EQ(printable("\xC3(\xA9"), replaced(1) + "(" + replaced(1));
}

TEST(Utf8, ControlsAndInvisibleDirectionsAreReplaced) {
  EXPECT_EQ(printable(std::string_view("\0\t\r\n\x1B\x7F", 6)), replaced(6));
  EXPECT_EQ(printable("\xC2\x85"), replaced(1)) << "C1";
  EXPECT_EQ(printable("\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6"), replaced(3));
}

TEST(Utf8, IsCutBetweenCharacters) {
  EXPECT_EQ(cut_utf8("abc", 3), "abc");
  EXPECT_EQ(cut_utf8("abc", 2), "ab");
  EXPECT_EQ(cut_utf8("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(cut_utf8("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
  EXPECT_EQ(cut_utf8("\xE2\x82\xAC", 2), "");
}

}  // namespace
}  // namespace tw::bgp::test
