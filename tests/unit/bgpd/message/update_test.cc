// What an UPDATE without errors becomes: where its routes are, and the canonical form of its attributes.
#include "bgpd/message/attributes.h"
#include "rib/prefix.h"
#include "tests/unit/bgpd/message/update_message.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

using Type = AttributeType;
using rib::Family;

std::vector<std::string> prefixes(ByteView nlri, Family family, bool add_path = false) {
  std::vector<std::string> out;
  for (NlriReader reader(nlri, family, add_path); reader.next();) out.push_back(to_string(reader.prefix()));
  return out;
}
using Prefixes = std::vector<std::string>;

TEST(Update, AnnouncesAndWithdrawsInOneMessageInAllFourPlaces) {
  UpdateMessage message = external_update();
  message.withdrawing("10cb00 18cb0071");
  message.attributes.insert(message.attributes.begin(),
                            attribute(kOptional, Type::kMpUnreachNlri, octets(kMpUnreachV6)));
  message.attributes.insert(message.attributes.begin(), attribute(kOptional, Type::kMpReachNlri, octets(kMpReachV6)));
  const Decoded decoded(message, external_session());
  ASSERT_EQ(decoded.action(), OnError::kNone);
  EXPECT_EQ(prefixes(decoded->withdrawn, Family::kIpv4Unicast), (Prefixes{"203.0.0.0/16", "203.0.113.0/24"}));
  EXPECT_EQ(prefixes(decoded->announced, Family::kIpv4Unicast), Prefixes{"198.51.100.0/24"});
  EXPECT_EQ(prefixes(decoded->mp_announced, *decoded->mp_reach_family), Prefixes{"2001:db8:129::/48"});
  EXPECT_EQ(prefixes(decoded->mp_withdrawn, *decoded->mp_unreach_family), Prefixes{"2001:db8:130::/48"});
  EXPECT_EQ(decoded->end_of_rib, std::nullopt);

  const PathAttributes v4 = parse_attributes(decoded->attributes), v6 = parse_attributes(decoded->mp_attributes);
  EXPECT_EQ(to_string(*v4.next_hop), "192.0.2.1");
  EXPECT_EQ(to_string(*v6.next_hop), "2001:db8::1");
  EXPECT_EQ(v4.as_path, v6.as_path);
}

TEST(Update, OfNothingIsTheEndOfTheIpv4Rib) {
  EXPECT_EQ(Decoded(octets("00000000"), external_session())->end_of_rib, Family::kIpv4Unicast);
}

TEST(Update, OfAnEmptyMpUnreachAloneIsTheEndOfThatRib) {
  const auto end_of = [](const UpdateMessage& message) { return Decoded(message, external_session())->end_of_rib; };
  EXPECT_EQ(end_of(UpdateMessage().with(kOptional, Type::kMpUnreachNlri, "000201")), Family::kIpv6Unicast);
  EXPECT_EQ(end_of(UpdateMessage().with(kOptional, Type::kMpUnreachNlri, "000101")), Family::kIpv4Unicast);
  EXPECT_EQ(end_of(UpdateMessage().with(kOptional, Type::kMpUnreachNlri, "000202")), std::nullopt);
  EXPECT_EQ(end_of(UpdateMessage().with(kOptional, Type::kMpUnreachNlri, kMpUnreachV6)), std::nullopt);
  EXPECT_EQ(end_of(UpdateMessage().with(kOptional, Type::kMpUnreachNlri, "000201").withdrawing(kNlri)), std::nullopt);
  EXPECT_EQ(end_of(external_update().with(kOptional, Type::kMpUnreachNlri, "000201")), std::nullopt);
}

TEST(Update, OfIpv4WhereOnlyIpv6WasNegotiatedAnnouncesNothing) {
  UpdateContext context = external_session();
  context.families = {};
  context.families.add(Family::kIpv6Unicast);
  const Decoded decoded(external_update().withdrawing("10cb00"), context);
  ASSERT_TRUE(decoded.result());
  EXPECT_TRUE(decoded->announced.empty());
  EXPECT_TRUE(decoded->withdrawn.empty());
  EXPECT_TRUE(decoded->attributes.empty());
  EXPECT_EQ(decoded->faults.size(), 1U);
  EXPECT_EQ(Decoded(octets("00000000"), context)->end_of_rib, std::nullopt);
}

// --- canonical form
// ---------------------------------------------------------------------------------------------------

TEST(Canonical, AttributesInOrderAreTakenOverAsTheyAre) {
  const UpdateMessage message = external_update()
                                    .with(kOptional, Type::kMultiExitDisc, "00000005")
                                    .with(kOptionalTransitive, Type::kCommunities, "fde90001fde90002");
  EXPECT_EQ(Decoded(message, external_session()).attributes(), message.attribute_octets());
}

TEST(Canonical, TheOrderOfAttributesDoesNotMatter) {
  const UpdateMessage message = external_update()
                                    .with(kOptional, Type::kMultiExitDisc, "00000005")
                                    .with(kOptionalTransitive, Type::kCommunities, "fde90001")
                                    .with(kOptionalTransitive, Type::kOnlyToCustomer, "0000fde9");
  const Bytes expected = Decoded(message, external_session()).attributes();
  UpdateMessage permuted = message;
  std::sort(permuted.attributes.begin(), permuted.attributes.end());
  int tried = 0;
  do {
    ASSERT_EQ(Decoded(permuted, external_session()).attributes(), expected);
  } while (std::next_permutation(permuted.attributes.begin(), permuted.attributes.end()) && ++tried < 720);
  EXPECT_EQ(tried, 719);
}

TEST(Canonical, LengthsHaveTheirShortestForm) {
  UpdateMessage message = external_update();
  const Bytes expected = Decoded(message, external_session()).attributes();
  for (Bytes& raw : message.attributes) {
    raw = attribute(raw[0] | attribute_flag::kExtendedLength, Type{raw[1]}, Bytes(raw.begin() + 3, raw.end()));
  }
  EXPECT_EQ(Decoded(message, external_session()).attributes(), expected);
}

TEST(Canonical, LongValuesKeepTheExtendedLength) {
  UpdateMessage message = external_update();
  message.attributes.push_back(attribute(kOptionalTransitive, Type::kCommunities, Bytes(256, 0x11)));
  EXPECT_EQ(Decoded(message, external_session()).attributes(), message.attribute_octets());
}

TEST(Canonical, BitsOfTheFlagsThatMeanNothingAreCleared) {
  UpdateMessage message = external_update().with(kOptional, Type::kMultiExitDisc, "00000005");
  const Bytes expected = Decoded(message, external_session()).attributes();
  for (Bytes& raw : message.attributes) raw[0] |= 0x2F;  // Partial, on what is not optional transitive, and the unused
  EXPECT_EQ(Decoded(message, external_session()).attributes(), expected);
}

TEST(Canonical, PartialStaysOnRecognizedTransitiveAttributes) {
  const Decoded decoded(external_update().with(0xE0, Type::kCommunities, "fde90001"), external_session());
  EXPECT_EQ(find_attribute(decoded->attributes, Type::kCommunities)->flags, 0xE0);
}

TEST(Canonical, UnrecognizedTransitiveAttributesAreKeptAndMarkedPartial) {
  for (const std::uint8_t flags : {0xC0, 0xE0, 0xCF}) {
    const Decoded decoded(external_update().with(flags, Type{99}, "dead"), external_session());
    EXPECT_EQ(decoded.action(), OnError::kNone);
    const auto kept = find_attribute(decoded->attributes, Type{99});
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->flags, 0xE0);
    EXPECT_EQ(Bytes(kept->value.begin(), kept->value.end()), octets("dead"));
  }
}

TEST(Canonical, UnrecognizedTransitiveAttributesMayBeEmptyOrLong) {
  for (const std::size_t size : {0, 255, 256, 4000}) {
    UpdateMessage message = external_update();
    message.attributes.push_back(attribute(0xC0, Type{99}, Bytes(size, 0x77)));
    const Decoded decoded(message, external_session());
    EXPECT_EQ(find_attribute(decoded->attributes, Type{99})->value.size(), size);
  }
}

TEST(Canonical, UnrecognizedNonTransitiveAttributesAreQuietlyDropped) {
  const Decoded decoded(external_update().with(0x80, Type{99}, "dead"), external_session());
  EXPECT_EQ(decoded.action(), OnError::kNone);
  EXPECT_TRUE(decoded->faults.empty());
  EXPECT_FALSE(find_attribute(decoded->attributes, Type{99}));
}

TEST(Canonical, FormsOfOneMessageDoNotLeakIntoTheNext) {
  UpdateDecoder decoder;
  const UpdateContext context = external_session();
  UpdateMessage big = external_update();
  big.attributes.push_back(attribute(0xC0, Type{99}, Bytes(3000, 0x77)));
  const Bytes first = big.body(), second = external_update().body(), third = octets("00000000");
  ASSERT_TRUE(decoder.decode(first, context));
  const auto small = decoder.decode(second, context);
  EXPECT_EQ(Bytes(small->attributes.begin(), small->attributes.end()), external_update().attribute_octets());
  const auto nothing = decoder.decode(third, context);
  EXPECT_TRUE(nothing->attributes.empty());
  EXPECT_TRUE(nothing->faults.empty());
}

TEST(Canonical, TheKeyIsThatOfTheSet) {
  const Decoded decoded(internal_update()
                            .with(kOptional, Type::kMultiExitDisc, "00000005")
                            .with(kOptional, Type::kOriginatorId, "0a000001")
                            .with(kOptional, Type::kClusterList, "0a0000020a000003"),
                        internal_session());
  EXPECT_EQ(decoded->key, key_of(decoded->attributes));
  EXPECT_EQ(decoded->key.med, 5U);
  EXPECT_EQ(decoded->key.local_pref, 100U);
  EXPECT_EQ(decoded->key.originator_id, 0x0A000001U);
  EXPECT_EQ(decoded->key.cluster_list_length, 2);
}

// --- roles (RFC 9234 §5)
// ----------------------------------------------------------------------------------------------

struct OtcCase {
  Role ours;
  std::string_view received;  // empty: absent
  bool leaked;
  std::optional<std::uint32_t> canonical;
};

TEST(OnlyToCustomer, IngressFollowsTheRoles) {
  constexpr std::string_view kPeers = "0000fde9", kAnothers = "0000fbf4";
  constexpr std::uint32_t kAnother = 64500;
  const OtcCase cases[] = {
      {Role::kProvider, "", false, std::nullopt},
      {Role::kProvider, kPeers, true, kPeerAs},
      {Role::kProvider, kAnothers, true, kAnother},
      {Role::kRouteServer, "", false, std::nullopt},
      {Role::kRouteServer, kPeers, true, kPeerAs},
      {Role::kRouteServer, kAnothers, true, kAnother},
      {Role::kPeer, "", false, kPeerAs},
      {Role::kPeer, kPeers, false, kPeerAs},
      {Role::kPeer, kAnothers, true, kAnother},
      {Role::kCustomer, "", false, kPeerAs},
      {Role::kCustomer, kPeers, false, kPeerAs},
      {Role::kCustomer, kAnothers, false, kAnother},
      {Role::kRouteServerClient, "", false, kPeerAs},
      {Role::kRouteServerClient, kPeers, false, kPeerAs},
      {Role::kRouteServerClient, kAnothers, false, kAnother},
  };
  for (const OtcCase& row : cases) {
    SCOPED_TRACE(std::string(name(row.ours)) + " receives " + std::string(row.received));
    UpdateContext context = external_session();
    context.local_role = row.ours;
    for (const bool v6 : {false, true}) {
      UpdateMessage message = v6 ? external_v6_update() : external_update();
      if (!row.received.empty()) message.with(kOptionalTransitive, Type::kOnlyToCustomer, row.received);
      const Decoded decoded(message, context);
      EXPECT_EQ(decoded.action(), OnError::kNone);
      EXPECT_EQ(decoded->leaked, row.leaked);
      const PathAttributes set = parse_attributes(v6 ? decoded->mp_attributes : decoded->attributes);
      EXPECT_EQ(set.only_to_customer ? std::optional(set.only_to_customer->value) : std::nullopt, row.canonical);
    }
  }
}

TEST(OnlyToCustomer, WithoutRolesAndInsideTheAsIsLeftAlone) {
  EXPECT_FALSE(find_attribute(Decoded(external_update(), external_session())->attributes, Type::kOnlyToCustomer));
  UpdateContext internal = internal_session();
  internal.local_role = Role::kPeer;
  EXPECT_FALSE(find_attribute(Decoded(internal_update(), internal)->attributes, Type::kOnlyToCustomer));
}

TEST(OnlyToCustomer, IsAddedInItsPlaceAmongTheOthers) {
  UpdateContext context = external_session();
  context.local_role = Role::kCustomer;
  const Decoded decoded(external_update().with(0xC0, Type{99}, "dead"), context);
  std::vector<Type> types;
  for (AttributeReader reader(decoded->attributes); reader.next();) types.push_back(reader.view().type);
  EXPECT_EQ(types, (std::vector{Type::kOrigin, Type::kAsPath, Type::kNextHop, Type::kOnlyToCustomer, Type{99}}));
  EXPECT_EQ(find_attribute(decoded->attributes, Type::kOnlyToCustomer)->flags, 0xE0)
      << "not attached by the originator";
}

}  // namespace
}  // namespace tw::bgp::test
