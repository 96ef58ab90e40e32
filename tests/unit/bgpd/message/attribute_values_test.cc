// What the values of path attributes may be, and what a bad one costs.
#include "bgpd/message/attributes.h"
#include "tests/unit/bgpd/message/update_message.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

using Type = AttributeType;

UpdateMessage with_path(std::string_view path) {
  return external_update().without(Type::kAsPath).with(kWellKnown, Type::kAsPath, path);
}
UpdateMessage with_next_hop(std::string_view next_hop) {
  return external_update().without(Type::kNextHop).with(kWellKnown, Type::kNextHop, next_hop);
}
std::string mp_reach(std::string_view next_hop_with_length) {
  return "000201" + std::string(next_hop_with_length) + "00 30 20010db80129";
}
UpdateMessage with_mp_next_hop(std::string_view next_hop_with_length) {
  return external_v6_update()
      .without(Type::kMpReachNlri)
      .with(kOptional, Type::kMpReachNlri, mp_reach(next_hop_with_length));
}
OnError action_of(const UpdateMessage& message, const UpdateContext& context) {
  return Decoded(message, context).action();
}
UpdateContext trusting_session() {
  UpdateContext context = external_session();
  context.enforce_first_as = false;
  return context;
}

// --- ORIGIN
// -----------------------------------------------------------------------------------------------------------

TEST(Origin, HasThreeValues) {
  for (int value = 0; value < 256; ++value) {
    UpdateMessage message = external_update().without(Type::kOrigin);
    message.attributes.push_back(attribute(kWellKnown, Type::kOrigin, {static_cast<std::uint8_t>(value)}));
    const Decoded decoded(message, external_session());
    EXPECT_EQ(decoded.action(), value <= 2 ? OnError::kNone : OnError::kTreatAsWithdraw) << value;
    if (value <= 2) {
      EXPECT_EQ(static_cast<int>(decoded->key.origin), value);
    }
  }
}

// --- AS_PATH (RFC 7606 §7.2)
// ------------------------------------------------------------------------------------------

TEST(AsPath, DamagedSegmentsWithdraw) {
  for (const std::string_view path : {
           "0201",                              // no number
           "02 02 0000fde9",                    // overrun
           "02 01 0000fde9 02",                 // one octet left over
           "02 01 0000fde9 02 00",              // an empty segment
           "0200",                              // only that
           "00 01 0000fde9", "05 01 0000fde9",  // segment types that are not
           "ff 01 0000fde9",
           "02 03 fde9fbf5fbf6",  // two-octet numbers on a four-octet session
       }) {
    EXPECT_EQ(action_of(with_path(path), trusting_session()), OnError::kTreatAsWithdraw) << path;
  }
}

TEST(AsPath, As0AnywhereWithdraws) {
  for (const std::string_view path :
       {"02 01 00000000", "02 02 0000fde9 00000000", "02 01 0000fde9 01 02 0000fbf4 00000000"}) {
    EXPECT_EQ(action_of(with_path(path), trusting_session()), OnError::kTreatAsWithdraw) << path;
  }
}

TEST(AsPath, WellFormedPathsAreTakenWhateverTheirSegments) {
  for (const std::string_view path :
       {"", "01 02 0000fde9 0000fbf4", "02 01 0000fde9 02 01 0000fbf4", "02 01 00005ba0"}) {
    EXPECT_EQ(action_of(with_path(path), trusting_session()), OnError::kNone) << path;
  }
}

TEST(AsPath, MustBeginWithTheNeighboursAsWhereThatIsEnforced) {
  for (const std::string_view path : {"", "02 01 0000fbf4", "02 02 0000fbf4 0000fde9"}) {
    const Decoded decoded(with_path(path), external_session());
    EXPECT_EQ(decoded.action(), OnError::kTreatAsWithdraw) << path;
    EXPECT_STREQ(decoded->faults[0].what, "the leftmost AS is not the neighbour's");
    EXPECT_EQ(action_of(with_path(path), trusting_session()), OnError::kNone) << path;
  }
  EXPECT_EQ(action_of(with_path("02 02 0000fde9 0000fbf4"), external_session()), OnError::kNone);
  EXPECT_EQ(action_of(internal_update(), internal_session()), OnError::kNone) << "only of external neighbours";
}

TEST(AsPath, ConfederationSegmentsFromOutsideWithdraw) {
  for (const std::string_view path : {"03 01 0000fbf4 02 01 0000fde9", "02 01 0000fde9 04 01 0000fbf4"}) {
    EXPECT_EQ(action_of(with_path(path), trusting_session()), OnError::kTreatAsWithdraw) << path;
    const UpdateMessage internal = internal_update().without(Type::kAsPath).with(kWellKnown, Type::kAsPath, path);
    EXPECT_EQ(action_of(internal, internal_session()), OnError::kNone) << path;
  }
}

struct PathKey {
  std::string_view path;
  std::uint16_t length;
  std::uint32_t neighbor;
};
TEST(AsPath, LengthAndNeighbourAreWhatTheDecisionProcessCounts) {
  const PathKey cases[] = {
      {"", 0, 0},
      {"02 02 0000fde9 0000fbf4", 2, 65001},
      {"02 01 0000fde9 01 03 00000001 00000002 00000003", 2, 65001},  // RFC 4271 9.1.2.2 a: a set counts one
      {"01 02 0000fde9 0000fbf4", 1, 0},                              // a set first: no neighbour
      {"03 02 00000001 00000002 02 01 0000fde9", 1, 65001},           // RFC 5065 5.3: confederations count none
      {"04 01 00000001 03 01 00000002", 0, 0},
      {"02 01 0000fde9 02 01 0000fbf4", 2, 65001},
  };
  for (const PathKey& expected : cases) {
    const UpdateMessage message =
        internal_update().without(Type::kAsPath).with(kWellKnown, Type::kAsPath, expected.path);
    const Decoded decoded(message, internal_session());
    ASSERT_EQ(decoded.action(), OnError::kNone) << expected.path;
    EXPECT_EQ(decoded->key.as_path_length, expected.length) << expected.path;
    EXPECT_EQ(decoded->key.neighbor_as.value, expected.neighbor) << expected.path;
  }
}

// --- NEXT_HOP
// ---------------------------------------------------------------------------------------------------------

TEST(NextHop, ThatIsNoHostsAddressWithdraws) {
  for (const std::string_view address :
       {"00000000", "00000001", "7f000001", "e0000001", "effffffa", "f0000001", "ffffffff"}) {
    EXPECT_EQ(action_of(with_next_hop(address), external_session()), OnError::kTreatAsWithdraw) << address;
  }
  for (const std::string_view address : {"01000001", "0a000001", "7e000001", "80000001", "a9fe0001", "dfffffff"}) {
    EXPECT_EQ(action_of(with_next_hop(address), external_session()), OnError::kNone) << address;
  }
}

TEST(NextHop, BesideMultiprotocolRoutesAloneIsIgnored) {
  for (const std::string_view next_hop : {"00000000", "0a0000", "0a000002"}) {
    const Decoded decoded(external_v6_update().with(kWellKnown, Type::kNextHop, next_hop), external_session());
    EXPECT_FALSE(decoded->treat_as_withdraw) << next_hop;
    EXPECT_EQ(decoded.mp_attributes(), Decoded(external_v6_update(), external_session()).mp_attributes());
  }
  const UpdateMessage withdraws =
      UpdateMessage().with(kWellKnown, Type::kNextHop, "00000000").with(kOptional, Type::kMpUnreachNlri, kMpUnreachV6);
  EXPECT_NE(action_of(withdraws, external_session()), OnError::kResetSession);
}

// --- MP_REACH_NLRI
// ----------------------------------------------------------------------------------------------------

TEST(MpReachNlri, ANextHopOfTheWrongLengthCostsTheSession) {
  for (const int length : {0, 4, 8, 12, 15, 17, 24, 31, 33, 48}) {
    std::string next_hop;
    for (int i = 0; i <= length; ++i) {
      constexpr char kDigits[] = "0123456789abcdef";
      const int octet = i == 0 ? length : 0x20;
      next_hop += {kDigits[octet >> 4], kDigits[octet & 15]};
    }
    const Decoded decoded(with_mp_next_hop(next_hop), external_session());
    ASSERT_EQ(decoded.action(), OnError::kResetSession) << length;
    EXPECT_EQ(decoded.error().subcode, update_error::kOptionalAttribute);
  }
}

TEST(MpReachNlri, ANextHopThatIsNoHostsAddressWithdraws) {
  for (const std::string_view next_hop : {
           "10 00000000000000000000000000000000",                                   // ::
           "10 00000000000000000000000000000001",                                   // ::1
           "10 ff020000000000000000000000000001",                                   // multicast
           "20 00000000000000000000000000000000 00000000000000000000000000000000",  // nothing twice
           "20 ff020000000000000000000000000001 fe800000000000000000000000000001",
       }) {
    const Decoded decoded(with_mp_next_hop(next_hop), external_session());
    EXPECT_EQ(decoded.action(), OnError::kTreatAsWithdraw) << next_hop;
    EXPECT_EQ(decoded->mp_announced.size(), 7U);
  }
}

TEST(MpReachNlri, NextHopsThatMeanTheSameHaveOneCanonicalForm) {
  constexpr std::string_view kGlobal = "20010db8000000000000000000000001",
                             kLinkLocal = "fe800000000000000000000000000001",
                             kZero = "00000000000000000000000000000000";
  struct {
    std::string_view first, second, canonical;
  } const cases[] = {
      {kGlobal, "", kGlobal},          {kLinkLocal, "", kLinkLocal},
      {kZero, kLinkLocal, kLinkLocal}, {kLinkLocal, kLinkLocal, kLinkLocal},
      {kGlobal, kZero, kGlobal},       {kGlobal, kGlobal, kGlobal},
  };
  for (const auto& row : cases) {
    const std::string length = row.second.empty() ? "10" : "20";
    const Decoded decoded(with_mp_next_hop(length + std::string(row.first) + std::string(row.second)),
                          external_session());
    ASSERT_FALSE(decoded->mp_attributes.empty());
    const auto next_hop = find_attribute(decoded->mp_attributes, Type::kNextHop);
    EXPECT_EQ(hex({next_hop->value.begin(), next_hop->value.end()}), row.canonical);
  }
  const std::string both = std::string(kGlobal) + std::string(kLinkLocal);
  const Decoded decoded(with_mp_next_hop("20" + both), external_session());
  const auto next_hop = find_attribute(decoded->mp_attributes, Type::kNextHop);
  EXPECT_EQ(hex({next_hop->value.begin(), next_hop->value.end()}), both);
}

TEST(MpReachNlri, TheReservedOctetIsIgnored) {
  const UpdateMessage message =
      external_v6_update()
          .without(Type::kMpReachNlri)
          .with(kOptional, Type::kMpReachNlri, "000201 10 20010db8000000000000000000000001 ff 30 20010db80129");
  const Decoded decoded(message, external_session());
  EXPECT_EQ(decoded.action(), OnError::kNone);
  EXPECT_EQ(decoded.mp_attributes(), Decoded(external_v6_update(), external_session()).mp_attributes());
}

TEST(MpReachNlri, CarriesIpv4RoutesWithAnIpv4NextHopOnly) {
  const UpdateMessage message = external_v6_update().without(Type::kMpReachNlri);
  const Decoded decoded(UpdateMessage(message).with(kOptional, Type::kMpReachNlri, "000101 04 c0000201 00 18c63364"),
                        external_session());
  EXPECT_EQ(decoded.action(), OnError::kNone);
  EXPECT_EQ(decoded->mp_reach_family, rib::Family::kIpv4Unicast);
  EXPECT_EQ(decoded.mp_attributes(), Decoded(external_update(), external_session()).attributes());
  // RFC 8950 was not negotiated.
  EXPECT_EQ(action_of(UpdateMessage(message).with(kOptional, Type::kMpReachNlri,
                                                  "000101 10 20010db8000000000000000000000001 00 18c63364"),
                      external_session()),
            OnError::kResetSession);
}

TEST(MpReachNlri, OfAFamilyThatWasNotNegotiatedIsSkippedAndNoted) {
  UpdateContext context = external_session();
  context.families = {};
  context.families.add(rib::Family::kIpv4Unicast);
  for (const std::string_view value : {kMpReachV6, std::string_view("000102 04 c0000201 00 18c63364"),
                                       std::string_view("004004 00 00 0102"), std::string_view("000000 00 00")}) {
    const Decoded decoded(external_update().with(kOptional, Type::kMpReachNlri, value), context);
    EXPECT_EQ(decoded.action(), OnError::kDiscardAttribute) << value;
    EXPECT_EQ(decoded->mp_reach_family, std::nullopt);
    EXPECT_TRUE(decoded->mp_announced.empty());
    EXPECT_EQ(decoded.attributes(), Decoded(external_update(), external_session()).attributes());
  }
  EXPECT_EQ(action_of(UpdateMessage().with(kOptional, Type::kMpUnreachNlri, kMpUnreachV6), context),
            OnError::kDiscardAttribute);
}

// --- the rest
// ---------------------------------------------------------------------------------------------------------

TEST(Aggregator, As0IsDiscarded) {
  EXPECT_EQ(action_of(external_update().with(0xC0, Type::kAggregator, "00000000c0000201"), external_session()),
            OnError::kDiscardAttribute);
  EXPECT_EQ(action_of(two_octet_update().with(0xC0, Type::kAggregator, "0000c0000201"), two_octet_session()),
            OnError::kDiscardAttribute);
}

TEST(Aigp, DamagedTlvsAreDiscarded) {
  for (const std::string_view value : {
           "01 0002",                     // shorter than its own header
           "01 000b 00000000000000",      // overrun
           "01 000a 00000000000000",      // a metric of seven octets
           "01 000c 000000000000000500",  // … of nine
           "01 000b ffffffffffffffff",    // the maximum
           "02 0003 01",                  // cut off
       }) {
    EXPECT_EQ(action_of(internal_update().with(0x80, Type::kAigp, value), internal_session()),
              OnError::kDiscardAttribute)
        << value;
  }
}

TEST(Aigp, UnknownAndRepeatedTlvsAreKept) {
  for (const std::string_view value :
       {"02 0003", "01 000b 0000000000000005 01 000b ffffffffffffffff", "07 0005 dead"}) {
    const Decoded decoded(internal_update().with(0x80, Type::kAigp, value), internal_session());
    EXPECT_EQ(decoded.action(), OnError::kNone) << value;
    EXPECT_TRUE(find_attribute(decoded->attributes, Type::kAigp)) << value;
  }
}

TEST(LargeCommunities, DuplicatesAreRemovedSilentlyAndReservedNumbersKept) {
  constexpr std::string_view kA = "000000000000000000000000", kB = "ffffffff0000000100000002";
  const std::string value = std::string(kB) + std::string(kA) + std::string(kB) + std::string(kB);
  const Decoded decoded(external_update().with(0xC0, Type::kLargeCommunities, value), external_session());
  EXPECT_EQ(decoded.action(), OnError::kNone);
  const auto kept = find_attribute(decoded->attributes, Type::kLargeCommunities);
  EXPECT_EQ(hex({kept->value.begin(), kept->value.end()}), std::string(kB) + std::string(kA));
}

TEST(LargeCommunities, DuplicatesAmongManyAreFoundToo) {
  Bytes value;
  for (std::uint32_t i = 0; i < 300; ++i) {
    for (const std::uint32_t part : {64496U, i % 100, 7U}) append_u32(value, part);
  }
  UpdateMessage message = external_update();
  message.attributes.push_back(attribute(0xC0, Type::kLargeCommunities, value));
  const Decoded decoded(message, external_session());
  const auto kept = find_attribute(decoded->attributes, Type::kLargeCommunities);
  EXPECT_EQ(Bytes(kept->value.begin(), kept->value.end()), Bytes(value.begin(), value.begin() + 1200));
}

TEST(Communities, DuplicatesAndUnknownExtendedTypesAreNoErrors) {
  EXPECT_EQ(action_of(external_update().with(0xC0, Type::kCommunities, "fde90001fde90001"), external_session()),
            OnError::kNone);
  EXPECT_EQ(action_of(external_update().with(0xC0, Type::kExtendedCommunities, "ffff000000000000"), external_session()),
            OnError::kNone);
}

}  // namespace
}  // namespace tw::bgp::test
