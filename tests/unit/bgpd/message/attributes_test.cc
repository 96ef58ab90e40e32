// Attribute sets taken apart, put together and searched.
#include "bgpd/message/attributes.h"
#include "rib/prefix.h"
#include "tests/unit/bgpd/message/update_message.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

using Type = AttributeType;

PathAttributes everything() {
  PathAttributes set;
  set.origin = rib::Origin::kEgp;
  set.as_path = {{SegmentType::kSequence, {{65001}, {200000}}}, {SegmentType::kSet, {{1}, {2}}}};
  set.next_hop = rib::parse_address("2001:db8::1");
  set.link_local_next_hop = rib::parse_address("fe80::1");
  set.med = 7;
  set.local_pref = 0;
  set.atomic_aggregate = true;
  set.aggregator = {rib::AsNumber{200000}, *rib::parse_address("192.0.2.1")};
  set.communities = {kNoExport, 0xFDE90001};
  set.extended_communities = {{0, 2, 0xFD, 0xE9, 0, 0, 0, 1}};
  set.large_communities = {{64496, 1, 2}, {0, 0, 0}};
  set.originator_id = 0x0A000001;
  set.cluster_list = {0x0A000002, 0x0A000003};
  set.only_to_customer = rib::AsNumber{65001};
  set.others = {{0x80, 26, octets("01000b0000000000000005")}, {0xE0, 99, octets("dead")}};
  set.partial = std::uint64_t{1} << static_cast<int>(Type::kCommunities);
  return set;
}

TEST(PathAttributes, SurviveBeingWrittenAndTakenApart) {
  const PathAttributes set = everything();
  EXPECT_EQ(parse_attributes(canonical_bytes(set)), set);
  EXPECT_EQ(parse_attributes(canonical_bytes(PathAttributes())), PathAttributes());
}

TEST(PathAttributes, AreWrittenInCanonicalForm) {
  const Bytes set = canonical_bytes(everything());
  int last = -1;
  for (AttributeReader reader(set); reader.next();) {
    EXPECT_GT(static_cast<int>(reader.view().type), last);
    last = static_cast<int>(reader.view().type);
    EXPECT_EQ((reader.view().flags & attribute_flag::kExtendedLength) != 0, reader.view().value.size() > 255);
  }
  EXPECT_EQ(last, 99);
}

TEST(PathAttributes, WhatTheDecoderMakesIsWrittenBackTheSame) {
  const UpdateMessage message = internal_update()
                                    .with(0xE0, Type::kCommunities, "fde90001")
                                    .with(kOptional, Type::kMultiExitDisc, "00000005")
                                    .with(kOptional, Type::kAigp, "01000b0000000000000005")
                                    .with(0xE0, Type::kAggregator, "0000fde9c0000201")
                                    .with(0xC0, Type{200}, "beef");
  const Decoded decoded(message, internal_session());
  ASSERT_EQ(decoded.action(), OnError::kNone);
  EXPECT_EQ(canonical_bytes(parse_attributes(decoded->attributes)), decoded.attributes());
}

TEST(PathAttributes, ASegmentOfMoreThan255IsDivided) {
  PathAttributes set;
  set.as_path.push_back({SegmentType::kSequence, std::vector<rib::AsNumber>(600, rib::AsNumber{112})});
  const PathAttributes got = parse_attributes(canonical_bytes(set));
  ASSERT_EQ(got.as_path.size(), 3U);
  EXPECT_EQ(got.as_path[0].numbers.size(), 90U) << "the short one in front, where prepending goes";
  EXPECT_EQ(key_of(canonical_bytes(set)).as_path_length, 600);
}

TEST(PathAttributes, OneAttributeIsFoundWithoutTheRest) {
  const Bytes set = canonical_bytes(everything());
  ASSERT_TRUE(find_attribute(set, Type::kLocalPref));
  EXPECT_EQ(find_attribute(set, Type::kLocalPref)->value.size(), 4U);
  EXPECT_TRUE(find_attribute(set, Type{99}));
  EXPECT_FALSE(find_attribute(set, Type{98}));
  EXPECT_FALSE(find_attribute(set, Type{255}));
  EXPECT_FALSE(find_attribute({}, Type::kOrigin));
}

TEST(PathAttributes, KeyHasTheDefaultsOfWhatIsAbsent) {
  PathAttributes set;
  set.next_hop = rib::parse_address("192.0.2.1");
  const rib::AttributeKey key = key_of(canonical_bytes(set));
  EXPECT_EQ(key.local_pref, 100U);
  EXPECT_EQ(key.med, 0U);
  EXPECT_EQ(key.originator_id, 0U);
  EXPECT_EQ(key.origin, rib::Origin::kIgp);
  set.local_pref = 0;
  EXPECT_EQ(key_of(canonical_bytes(set)).local_pref, 0U);
}

}  // namespace
}  // namespace tw::bgp::test
