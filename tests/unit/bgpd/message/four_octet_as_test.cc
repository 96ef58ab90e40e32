// UPDATEs from speakers of two-octet AS numbers: RFC 6793 §4.2.3 and §6.
#include "bgpd/message/attributes.h"
#include "tests/unit/bgpd/message/update_message.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

using Type = AttributeType;

// Both paths as they stand in the message, and the path that they make.
struct Merge {
  std::string_view as_path, as4_path, merged;
};

UpdateMessage message_with(const Merge& merge) {
  UpdateMessage message = two_octet_update().without(Type::kAsPath).with(kWellKnown, Type::kAsPath, merge.as_path);
  if (!merge.as4_path.empty()) message.with(kOptionalTransitive, Type::kAs4Path, merge.as4_path);
  return message;
}
std::string merged_path(const Merge& merge, const UpdateContext& context) {
  const Decoded decoded(message_with(merge), context);
  EXPECT_FALSE(decoded->treat_as_withdraw);
  EXPECT_EQ(decoded->key, key_of(decoded->attributes));
  EXPECT_FALSE(find_attribute(decoded->attributes, Type::kAs4Path));
  return as_path_text(parse_attributes(decoded->attributes).as_path);
}

TEST(FourOctetAs, TheTwoPathsBecomeOne) {
  const Merge cases[] = {
      {"0201fde9", "", "65001"},
      {"0203fde9fbf45ba0", "", "65001 64500 23456"},
      // AS4_PATH covers the end, the rest comes from the front of AS_PATH.
      {"0203fde95ba05ba0", "0202 00030d40 00030d41", "65001 200000 200001"},
      {"0202fde95ba0", "0202 0000fde9 00030d40", "65001 200000"},
      // A longer AS4_PATH is out of date.
      {"0202fde95ba0", "0203 00000001 00030d40 00030d41", "65001 23456"},
      // A set counts one, and is taken whole.
      {"0201fde9 0102 0001 0002 02015ba0", "0201 00030d40", "65001 {1 2} 200000"},
      {"0201fde9 0102 5ba0 0002", "0102 00030d40 00000002", "65001 {200000 2}"},
      // A segment is divided where the AS4_PATH takes over.
      {"0204fde9 0001 5ba0 5ba0", "0202 00030d40 00030d41", "65001 1 200000 200001"},
      {"0202fde9 0001 0202 0002 5ba0", "0201 00030d40", "65001 1 2 200000"},
  };
  for (const Merge& merge : cases) EXPECT_EQ(merged_path(merge, two_octet_session()), merge.merged) << merge.as_path;
}

TEST(FourOctetAs, ConfederationSegmentsOfTheAsPathComeAlong) {
  UpdateContext context = two_octet_session();
  context.internal = true;
  const auto merged = [&](const Merge& merge) {
    const Decoded decoded(message_with(merge).with(kWellKnown, Type::kLocalPref, "00000064"), context);
    return as_path_text(parse_attributes(decoded->attributes).as_path);
  };
  EXPECT_EQ(merged({"0301fbf4 02015ba0", "0201 00030d40", ""}), "(64500) 200000") << "leading";
  EXPECT_EQ(merged({"0201fde9 0301fbf4 02015ba0", "0201 00030d40", ""}), "65001 (64500) 200000") << "adjacent";
}

TEST(FourOctetAs, SequencesThatMeetAreJoinedOnlyWhereOneSegmentHoldsThem) {
  Bytes as_path = {2, 255}, as4_path = {2, 254};
  for (int i = 0; i < 255; ++i) append_u16(as_path, 23456);
  for (int i = 0; i < 254; ++i) append_u32(as4_path, 200000);
  UpdateContext context = two_octet_session();
  context.enforce_first_as = false;
  const auto segments = [&](const Bytes& as2, const Bytes& as4) {
    UpdateMessage message = two_octet_update().without(Type::kAsPath);
    message.attributes.push_back(attribute(kWellKnown, Type::kAsPath, as2));
    message.attributes.push_back(attribute(kOptionalTransitive, Type::kAs4Path, as4));
    return parse_attributes(Decoded(message, context)->attributes).as_path;
  };
  EXPECT_EQ(segments(as_path, as4_path).size(), 1U) << "1 + 254";
  append(as_path, octets("0201fde9"));
  as4_path[1] = 255;
  append_u32(as4_path, 200000);
  const auto path = segments(as_path, as4_path);
  ASSERT_EQ(path.size(), 2U) << "1 + 255";
  EXPECT_EQ(path[0].numbers.size(), 1U);
}

TEST(FourOctetAs, DamagedAs4PathsAreDiscarded) {
  for (const std::string_view as4_path : {"", "0201", "0201000000", "0202 00030d40", "0200", "0201 00030d40 0200",
                                          "0501 00030d40", "0201 00000000", "0201 00030d40 02"}) {
    const Decoded decoded(two_octet_update().with(kOptionalTransitive, Type::kAs4Path, as4_path), two_octet_session());
    EXPECT_EQ(decoded.action(), OnError::kDiscardAttribute) << as4_path;
    EXPECT_EQ(decoded.attributes(), external_update().attribute_octets());
  }
}

TEST(FourOctetAs, ConfederationSegmentsOfAnAs4PathAreLeftOut) {
  const Decoded decoded(message_with({"0202fde95ba0", "0301 0000fbf4 0201 00030d40", ""}), two_octet_session());
  EXPECT_EQ(decoded.action(), OnError::kDiscardAttribute);
  EXPECT_EQ(as_path_text(parse_attributes(decoded->attributes).as_path), "65001 200000");
  const Decoded only(message_with({"0202fde95ba0", "0301 0000fbf4", ""}), two_octet_session());
  EXPECT_EQ(as_path_text(parse_attributes(only->attributes).as_path), "65001 23456");
}

TEST(FourOctetAs, AggregatorsBecomeOne) {
  struct {
    std::string_view aggregator, as4_aggregator;
    std::uint32_t as;
  } const cases[] = {
      {"fde9c0000201", "", 65001},
      {"5ba0c0000201", "", kAsTrans},
      {"5ba0c0000201", "00030d40c0000201", 200000},
      {"fde9c0000201", "00030d40c0000202", 65001},
  };
  for (const auto& row : cases) {
    UpdateMessage message = two_octet_update().with(kOptionalTransitive, Type::kAggregator, row.aggregator);
    if (!row.as4_aggregator.empty()) message.with(kOptionalTransitive, Type::kAs4Aggregator, row.as4_aggregator);
    const Decoded decoded(message, two_octet_session());
    EXPECT_EQ(decoded.action(), OnError::kNone);
    const PathAttributes set = parse_attributes(decoded->attributes);
    ASSERT_TRUE(set.aggregator);
    EXPECT_EQ(set.aggregator->as.value, row.as);
    EXPECT_EQ(to_string(set.aggregator->address), "192.0.2.1");
    EXPECT_FALSE(find_attribute(decoded->attributes, Type::kAs4Aggregator));
  }
}

TEST(FourOctetAs, AnAggregatorThatIsNotAsTransMakesTheAs4PathOutOfDate) {
  const UpdateMessage message = message_with({"0202fde95ba0", "0201 00030d40", ""})
                                    .with(kOptionalTransitive, Type::kAggregator, "fde9c0000201")
                                    .with(kOptionalTransitive, Type::kAs4Aggregator, "00030d40c0000202");
  const Decoded decoded(message, two_octet_session());
  EXPECT_EQ(as_path_text(parse_attributes(decoded->attributes).as_path), "65001 23456");
}

TEST(FourOctetAs, AnAs4AggregatorAloneSaysNothing) {
  const Decoded decoded(two_octet_update().with(kOptionalTransitive, Type::kAs4Aggregator, "00030d40c0000201"),
                        two_octet_session());
  EXPECT_EQ(decoded.attributes(), external_update().attribute_octets());
}

TEST(FourOctetAs, ANeighbourWithALongNumberIsAsTransInItsTwoOctetPath) {
  UpdateContext context = two_octet_session();
  context.peer_as = {200000};
  EXPECT_EQ(Decoded(message_with({"02015ba0", "", ""}), context).action(), OnError::kNone);
  EXPECT_EQ(Decoded(message_with({"0201fde9", "", ""}), context).action(), OnError::kTreatAsWithdraw);
}

}  // namespace
}  // namespace tw::bgp::test
