// Path attributes as people write them, there and back.
#include "bgpd/message/attributes.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

TEST(AsPathText, ShowsEachKindOfSegment) {
  EXPECT_EQ(as_path_text({}), "");
  EXPECT_EQ(as_path_text({{SegmentType::kSequence, {{64496}, {4200000000}}}, {SegmentType::kSet, {{1}, {2}}}}),
            "64496 4200000000 {1 2}");
  EXPECT_EQ(as_path_text({{SegmentType::kConfedSequence, {{1}, {2}}}, {SegmentType::kConfedSet, {{3}}}}), "(1 2) [3]");
}

TEST(CommunityText, ReadsBack) {
  for (const std::uint32_t community : {0U, 0xFDE80064U, 0xFFFFFFFFU, kNoExport, kNoAdvertise, kNoExportSubconfed,
                                        kNoPeer, kGracefulShutdown, kBlackhole}) {
    EXPECT_EQ(parse_community(community_text(community)), community);
  }
  EXPECT_EQ(community_text(0xFDE80064), "65000:100");
  EXPECT_EQ(community_text(kNoExport), "no-export");
  EXPECT_EQ(parse_community("65535:65281"), kNoExport);
}

TEST(CommunityText, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "1", "1:", ":1", "65536:1", "1:65536", "1:2:3", "01:2", "1:-2", " 1:2", "1:2 ", "no-exports", "0x1:2"}) {
    EXPECT_EQ(parse_community(text), std::nullopt) << text;
  }
}

TEST(LargeCommunityText, IsThatOfRfc8092) {
  EXPECT_EQ(large_community_text({64496, 4294967295, 2}), "64496:4294967295:2");
  EXPECT_EQ(parse_large_community("64496:4294967295:2"), (LargeCommunity{64496, 4294967295, 2}));
  EXPECT_EQ(parse_large_community("64496:0:0"), (LargeCommunity{64496, 0, 0}));
  for (const std::string_view text : {"", "1:2", "1:2:3:4", "1:2:", "00:1:2", "4294967296:1:2", "a:b:c"}) {
    EXPECT_EQ(parse_large_community(text), std::nullopt) << text;
  }
}

using Octets = std::array<std::uint8_t, 8>;

TEST(ExtendedCommunityText, ReadsBack) {
  const std::pair<Octets, std::string_view> cases[] = {
      {{0, 2, 0xFB, 0xF0, 0, 0, 0, 100}, "rt:64496:100"},
      {{0, 3, 0xFB, 0xF0, 0, 1, 0, 0}, "soo:64496:65536"},
      {{1, 2, 192, 0, 2, 1, 0, 100}, "rt:192.0.2.1:100"},
      {{2, 2, 0, 3, 0x0D, 0x40, 0, 100}, "rt:200000:100"},
      {{2, 2, 0, 0, 0xFB, 0xF0, 0, 100}, "rt:64496L:100"},
      {{0x40, 4, 0xFB, 0xF0, 0x44, 0x9C, 0x40, 0}, "0x4004fbf0449c4000"},
  };
  for (const auto& [octets, text] : cases) {
    EXPECT_EQ(extended_community_text(octets), text);
    EXPECT_EQ(parse_extended_community(text), octets);
  }
}

TEST(ExtendedCommunityText, RefusesWhatDoesNotFit) {
  for (const std::string_view text :
       {"", "rt", "rt:1", "rt:1:2:3", "xx:1:2", "rt:200000:65536", "rt:192.0.2.1:65536", "rt:1L:65536", "rt:L:1",
        "rt:4294967296:1", "0x00", "0x000000000000000g", "0x00000000000000000", "rt:2001:1x"}) {
    EXPECT_EQ(parse_extended_community(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tw::bgp::test
