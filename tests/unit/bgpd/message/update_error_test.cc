// RFC 7606, attribute by attribute: wrong flags, wrong lengths, repetition, absence, and senders that must not send it.
// The expectations are read from the RFCs, not from our table.
#include "bgpd/message/attributes.h"
#include "tests/unit/bgpd/message/update_message.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

using Type = AttributeType;
constexpr OnError kDiscard = OnError::kDiscardAttribute, kWithdraw = OnError::kTreatAsWithdraw,
                  kReset = OnError::kResetSession, kFine = OnError::kNone;

enum class Session { kExternal, kInternal, kTwoOctet };

UpdateContext context_of(Session session) {
  switch (session) {
    case Session::kExternal: return external_session();
    case Session::kInternal: return internal_session();
    case Session::kTwoOctet: return two_octet_session();
  }
  return {};
}
UpdateMessage update_of(Session session) {
  switch (session) {
    case Session::kExternal: return external_update();
    case Session::kInternal: return internal_update();
    case Session::kTwoOctet: return two_octet_update();
  }
  return {};
}

// One attribute on one kind of session.
struct Row {
  Type type;
  Session session;
  std::uint8_t flags;
  std::string_view value;  // a good one
  OnError valid;           // what happens to it though nothing is wrong with it
  OnError wrong_flags;
  std::vector<int> wrong_lengths;
  OnError wrong_length;
  std::string_view clause;
};

std::vector<Row> rows() {
  using enum Session;
  return {
      {Type::kOrigin, kExternal, 0x40, "01", kFine, kWithdraw, {0, 2, 300}, kWithdraw, "7606 7.1"},
      {Type::kOrigin, kInternal, 0x40, "02", kFine, kWithdraw, {0, 2, 300}, kWithdraw, "7606 7.1"},
      {Type::kAsPath, kExternal, 0x40, kPathOfPeer, kFine, kWithdraw, {1, 5, 7}, kWithdraw, "7606 7.2"},
      {Type::kAsPath, kInternal, 0x40, "", kFine, kWithdraw, {1, 5, 7}, kWithdraw, "7606 7.2"},
      {Type::kAsPath, kTwoOctet, 0x40, "0201fde9", kFine, kWithdraw, {1, 3, 5}, kWithdraw, "7606 7.2"},
      {Type::kNextHop, kExternal, 0x40, "c0000201", kFine, kWithdraw, {0, 3, 5, 16}, kWithdraw, "7606 7.3"},
      {Type::kNextHop, kInternal, 0x40, "c0000201", kFine, kWithdraw, {0, 3, 5, 16}, kWithdraw, "7606 7.3"},
      {Type::kMultiExitDisc, kExternal, 0x80, "00000005", kFine, kWithdraw, {0, 3, 5}, kWithdraw, "7606 7.4"},
      {Type::kMultiExitDisc, kInternal, 0x80, "00000005", kFine, kWithdraw, {0, 3, 5}, kWithdraw, "7606 7.4"},
      {Type::kLocalPref, kExternal, 0x40, "00000064", kDiscard, kDiscard, {0, 3, 5}, kDiscard, "7606 7.5"},
      {Type::kLocalPref, kInternal, 0x40, "00000064", kFine, kWithdraw, {0, 3, 5}, kWithdraw, "7606 7.5"},
      {Type::kAtomicAggregate, kExternal, 0x40, "", kFine, kDiscard, {1, 4, 300}, kDiscard, "7606 7.6, 3 f"},
      {Type::kAtomicAggregate, kInternal, 0x40, "", kFine, kDiscard, {1, 4}, kDiscard, "7606 7.6, 3 f"},
      {Type::kAggregator, kExternal, 0xC0, "0000fde9c0000201", kFine, kDiscard, {0, 6, 7, 9}, kDiscard, "7606 7.7"},
      {Type::kAggregator, kInternal, 0xC0, "0000fde9c0000201", kFine, kDiscard, {0, 6, 7, 9}, kDiscard, "7606 7.7"},
      {Type::kAggregator, kTwoOctet, 0xC0, "fde9c0000201", kFine, kDiscard, {0, 5, 7, 8}, kDiscard, "7606 7.7"},
      {Type::kCommunities, kExternal, 0xC0, "fde90001", kFine, kWithdraw, {0, 3, 5, 7, 257}, kWithdraw, "7606 7.8"},
      {Type::kCommunities, kInternal, 0xC0, "fde90001", kFine, kWithdraw, {0, 3, 5, 7}, kWithdraw, "7606 7.8"},
      {Type::kOriginatorId, kExternal, 0x80, "0a000001", kDiscard, kDiscard, {0, 3, 5}, kDiscard, "7606 7.9"},
      {Type::kOriginatorId, kInternal, 0x80, "0a000001", kFine, kWithdraw, {0, 3, 5}, kWithdraw, "7606 7.9"},
      {Type::kClusterList, kExternal, 0x80, "0a000001", kDiscard, kDiscard, {0, 3, 5}, kDiscard, "7606 7.10"},
      {Type::kClusterList, kInternal, 0x80, "0a000001", kFine, kWithdraw, {0, 3, 5, 7}, kWithdraw, "7606 7.10"},
      {Type::kMpReachNlri, kExternal, 0x80, kMpReachV6, kFine, kReset, {0, 1, 2, 3, 4, 20}, kReset, "7606 5.3"},
      {Type::kMpReachNlri, kInternal, 0x80, kMpReachV6, kFine, kReset, {0, 1, 2, 3, 4, 20}, kReset, "7606 5.3"},
      {Type::kMpUnreachNlri, kExternal, 0x80, kMpUnreachV6, kFine, kReset, {0, 1, 2, 4}, kReset, "7606 5.3"},
      {Type::kMpUnreachNlri, kInternal, 0x80, kMpUnreachV6, kFine, kReset, {0, 1, 2, 4}, kReset, "7606 5.3"},
      {Type::kExtendedCommunities,
       kExternal,
       0xC0,
       "0002fde900000001",
       kFine,
       kWithdraw,
       {0, 4, 7, 9, 12},
       kWithdraw,
       "7606 7.14"},
      {Type::kExtendedCommunities,
       kInternal,
       0xC0,
       "0002fde900000001",
       kFine,
       kWithdraw,
       {0, 7, 9},
       kWithdraw,
       "7606 7.14"},
      // Between speakers of four-octet numbers it is discarded, whatever it is like.
      {Type::kAs4Path, kExternal, 0xC0, "02010000fde9", kDiscard, kDiscard, {0, 1, 5, 7}, kDiscard, "6793 6"},
      {Type::kAs4Path, kTwoOctet, 0xC0, "02010000fde9", kFine, kWithdraw, {0, 1, 2, 5, 7}, kDiscard, "6793 6"},
      {Type::kAs4Aggregator, kExternal, 0xC0, "0000fde9c0000201", kDiscard, kDiscard, {0, 6, 9}, kDiscard, "6793 6"},
      {Type::kAs4Aggregator, kTwoOctet, 0xC0, "0000fde9c0000201", kFine, kWithdraw, {0, 6, 7, 9}, kDiscard, "6793 6"},
      {Type::kIpv6ExtendedCommunities,
       kExternal,
       0xC0,
       "000220010db80000000000000000000000010001",
       kFine,
       kWithdraw,
       {0, 8, 19, 21},
       kWithdraw,
       "7606 7.15"},
      {Type::kIpv6ExtendedCommunities,
       kInternal,
       0xC0,
       "000220010db80000000000000000000000010001",
       kFine,
       kWithdraw,
       {0, 8, 19, 21},
       kWithdraw,
       "7606 7.15"},
      {Type::kAigp, kExternal, 0x80, "01000b0000000000000005", kDiscard, kDiscard, {0, 2, 10}, kDiscard, "7311 3.3"},
      {Type::kAigp, kInternal, 0x80, "01000b0000000000000005", kFine, kDiscard, {0, 2, 10, 12}, kDiscard, "7311 3.2"},
      {Type::kLargeCommunities,
       kExternal,
       0xC0,
       "0000fde90000000100000002",
       kFine,
       kWithdraw,
       {0, 4, 11, 13},
       kWithdraw,
       "8092 6"},
      {Type::kLargeCommunities,
       kInternal,
       0xC0,
       "0000fde90000000100000002",
       kFine,
       kWithdraw,
       {0, 8, 11, 13},
       kWithdraw,
       "8092 6"},
      {Type::kOnlyToCustomer, kExternal, 0xC0, "0000fde9", kFine, kWithdraw, {0, 3, 5}, kWithdraw, "9234 5"},
      {Type::kOnlyToCustomer, kInternal, 0xC0, "0000fde9", kFine, kWithdraw, {0, 3, 5}, kWithdraw, "9234 5"},
  };
}

// The session's usual UPDATE with this attribute in place of its own, if it had one.
UpdateMessage update_with(const Row& row, const Bytes& raw) {
  UpdateMessage message = update_of(row.session).without(row.type);
  message.attributes.push_back(raw);
  return message;
}
// The good value, cut or repeated to another length.
Bytes resized(std::string_view value, int length) {
  const Bytes good = octets(value);
  Bytes out;
  for (int i = 0; i < length; ++i) {
    out.push_back(good.empty() ? std::uint8_t{1} : good[static_cast<std::size_t>(i) % good.size()]);
  }
  return out;
}
bool kept(const Decoded& decoded, Type type) { return find_attribute(decoded->attributes, type).has_value(); }

void expect_action(const Decoded& decoded, OnError action, Type type) {
  ASSERT_EQ(decoded.action(), action);
  if (action == kReset) {
    EXPECT_EQ(decoded.error().code, ErrorCode::kUpdate);
    EXPECT_EQ(decoded.error().subcode, update_error::kOptionalAttribute);  // RFC 4760 §7
    return;
  }
  EXPECT_EQ(decoded->treat_as_withdraw, action == kWithdraw);
  EXPECT_FALSE(decoded->announced.empty()) << "the NLRI stay readable";
  if (action == kWithdraw) {
    EXPECT_TRUE(decoded->attributes.empty());
  }
  if (action == kDiscard) {
    EXPECT_FALSE(kept(decoded, type));
  }
}

TEST(UpdateErrors, AValidAttributeIsTakenFromThoseWhoMaySendIt) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(name(row.type) + ", session " + std::to_string(static_cast<int>(row.session)));
    const Decoded decoded(update_with(row, attribute(row.flags, row.type, octets(row.value))), context_of(row.session));
    expect_action(decoded, row.valid, row.type);
  }
}

TEST(UpdateErrors, WrongOptionalOrTransitiveBitsMakeAnAttributeMalformed) {
  for (const Row& row : rows()) {
    for (const int bits : {0x00, 0x40, 0x80, 0xC0}) {
      if (bits == row.flags) continue;
      SCOPED_TRACE(name(row.type) + ", flags " + std::to_string(bits) + ", RFC " + std::string(row.clause));
      const auto flags = static_cast<std::uint8_t>(bits);
      const Decoded decoded(update_with(row, attribute(flags, row.type, octets(row.value))), context_of(row.session));
      expect_action(decoded, row.wrong_flags, row.type);
    }
  }
}

TEST(UpdateErrors, ThePartialBitAndTheUnusedBitsOfTheFlagsAreNoErrors) {
  for (const Row& row : rows()) {
    for (const int bits : {0x20, 0x01, 0x0F}) {
      SCOPED_TRACE(name(row.type) + ", bits " + std::to_string(bits));
      const auto flags = static_cast<std::uint8_t>(row.flags | bits);
      const Decoded decoded(update_with(row, attribute(flags, row.type, octets(row.value))), context_of(row.session));
      expect_action(decoded, row.valid, row.type);
    }
  }
}

TEST(UpdateErrors, AWrongLengthMakesAnAttributeMalformed) {
  for (const Row& row : rows()) {
    for (const int length : row.wrong_lengths) {
      SCOPED_TRACE(name(row.type) + ", length " + std::to_string(length) + ", RFC " + std::string(row.clause));
      const Bytes value = resized(row.value, length);
      const Decoded decoded(update_with(row, attribute(row.flags, row.type, value)), context_of(row.session));
      expect_action(decoded, row.wrong_length, row.type);
    }
  }
}

TEST(UpdateErrors, OfARepeatedAttributeTheFirstCounts) {
  for (const Row& row : rows()) {
    if (row.type == Type::kMpReachNlri || row.type == Type::kMpUnreachNlri) continue;
    SCOPED_TRACE(name(row.type));
    UpdateMessage message = update_with(row, attribute(row.flags, row.type, octets(row.value)));
    message.attributes.push_back(attribute(0x00, row.type, Bytes(9, 0xFF)));  // its errors do not count
    const Decoded decoded(message, context_of(row.session));
    EXPECT_EQ(decoded.action(), kDiscard);
    EXPECT_FALSE(decoded->treat_as_withdraw);
    const Decoded once(update_with(row, attribute(row.flags, row.type, octets(row.value))), context_of(row.session));
    EXPECT_EQ(decoded.attributes(), once.attributes());
  }
}

TEST(UpdateErrors, ARepeatedMultiprotocolAttributeCostsTheSession) {
  for (const auto& [type, value] : {std::pair(Type::kMpReachNlri, kMpReachV6), {Type::kMpUnreachNlri, kMpUnreachV6}}) {
    const Decoded decoded(external_update().with(kOptional, type, value).with(kOptional, type, value),
                          external_session());
    ASSERT_EQ(decoded.action(), kReset);
    EXPECT_EQ(decoded.error().subcode, update_error::kMalformedAttributeList);
  }
}

TEST(UpdateErrors, ARepeatedUnrecognizedAttributeIsKeptOnce) {
  const auto type = Type{99};
  const Decoded decoded(external_update().with(0xC0, type, "aa").with(0xC0, type, "bb"), external_session());
  EXPECT_EQ(decoded.action(), kDiscard);
  ASSERT_TRUE(kept(decoded, type));
  EXPECT_EQ(find_attribute(decoded->attributes, type)->value[0], 0xAA);
}

TEST(UpdateErrors, AMissingWellKnownMandatoryAttributeWithdraws) {
  for (const Type type : {Type::kOrigin, Type::kAsPath, Type::kNextHop}) {
    const Decoded decoded(external_update().without(type), external_session());
    EXPECT_EQ(decoded.action(), kWithdraw) << name(type);
    ASSERT_EQ(decoded->faults.size(), 1U);
    EXPECT_EQ(decoded->faults[0].attribute, type);
  }
  for (const Type type : {Type::kOrigin, Type::kAsPath}) {
    EXPECT_EQ(Decoded(external_v6_update().without(type), external_session()).action(), kWithdraw) << name(type);
  }
  EXPECT_EQ(Decoded(internal_update().without(Type::kLocalPref), internal_session()).action(), kWithdraw);
}

TEST(UpdateErrors, NothingIsMissingWhereNothingIsAnnounced) {
  EXPECT_EQ(Decoded(UpdateMessage().withdrawing(kNlri), internal_session()).action(), kFine);
  EXPECT_EQ(Decoded(UpdateMessage().with(kOptional, Type::kMpUnreachNlri, kMpUnreachV6), internal_session()).action(),
            kFine);
  EXPECT_EQ(Decoded(UpdateMessage().with(kWellKnown, Type::kOrigin, "00"), external_session()).action(), kFine);
}

TEST(UpdateErrors, AnUnrecognizedWellKnownAttributeCostsTheSession) {
  for (const std::uint8_t flags : {0x40, 0x00, 0x60}) {
    const Decoded decoded(external_update().with(flags, Type{99}, "dead"), external_session());
    ASSERT_EQ(decoded.action(), kReset);
    EXPECT_EQ(decoded.error().subcode, update_error::kUnrecognizedWellKnown);
    EXPECT_EQ(decoded.error().data, attribute(flags, Type{99}, octets("dead")));
  }
}

// --- the attribute list (RFC 7606 §4)
// ---------------------------------------------------------------------------------

TEST(UpdateErrors, AnAttributeLongerThanTheListWithdraws) {
  for (const std::string_view last : {"c00808ffff0001", "d0080100ffff0001", "c0 63 05 dead"}) {
    const Decoded decoded(external_update().with_octets(last), external_session());
    EXPECT_EQ(decoded.action(), kWithdraw) << last;
    EXPECT_TRUE(decoded->treat_as_withdraw);
    EXPECT_EQ(decoded->announced.size(), 4U);
  }
}

TEST(UpdateErrors, OctetsTooFewForAnotherAttributeWithdraw) {
  for (const std::string_view last : {"40", "4001", "d00801", "10"}) {
    EXPECT_EQ(Decoded(external_update().with_octets(last), external_session()).action(), kWithdraw) << last;
  }
}

TEST(UpdateErrors, ABrokenListWithdrawsTheMultiprotocolRoutesThatCameBeforeTheBreak) {
  const Decoded decoded(external_v6_update().with_octets("c00808ffff0001"), external_session());
  ASSERT_TRUE(decoded.result());
  EXPECT_TRUE(decoded->treat_as_withdraw);
  EXPECT_EQ(decoded->mp_reach_family, rib::Family::kIpv6Unicast);
  EXPECT_EQ(decoded->mp_announced.size(), 7U);
}

TEST(UpdateErrors, ABrokenListWithdrawsAlsoWhereItBreaksInANextHopThatIsNotUsed) {
  const Decoded decoded(external_v6_update().with_octets("400304c000"), external_session());
  EXPECT_TRUE(decoded->treat_as_withdraw);
}

TEST(UpdateErrors, ABrokenListWithoutReachableNlriCostsTheSession) {
  UpdateMessage message = external_update().with_octets("c00808ffff0001").announcing("");
  const Decoded decoded(message, external_session());
  ASSERT_EQ(decoded.action(), kReset);
  EXPECT_EQ(decoded.error().subcode, update_error::kMalformedAttributeList);
  EXPECT_EQ(Decoded(UpdateMessage().with_octets("40"), external_session()).action(), kReset);
}

TEST(UpdateErrors, AMultiprotocolAttributeLongerThanTheListCostsTheSession) {
  for (const std::string_view last : {"800e40 000201", "800f40 000201"}) {
    const Decoded decoded(external_update().with_octets(last), external_session());
    ASSERT_EQ(decoded.action(), kReset) << last;
    EXPECT_EQ(decoded.error().subcode, update_error::kOptionalAttribute);
  }
}

TEST(UpdateErrors, LengthsWithinTheMessageThatExceedItCostTheSession) {
  for (const std::string_view body :
       {"0001", "ffff0000", "00010000", "0000 0001", "0000ffff", "0004 18c63364 00", ""}) {
    const Decoded decoded(octets(body), external_session());
    ASSERT_EQ(decoded.action(), kReset) << body;
    EXPECT_EQ(decoded.error().subcode, update_error::kMalformedAttributeList);
    EXPECT_TRUE(decoded.error().data.empty());
  }
}

// --- NLRI (RFC 7606 §5.3)
// ---------------------------------------------------------------------------------------------

TEST(UpdateErrors, NlriThatCannotBeReadCostTheSession) {
  for (const std::string_view nlri : {"21c6336400", "18c633", "18", "18c6336420c00002", "ff"}) {
    for (const bool withdrawn : {false, true}) {
      UpdateMessage message = external_update();
      if (withdrawn) {
        message.withdrawing(nlri);
      } else {
        message.announcing(nlri);
      }
      const Decoded decoded(message, external_session());
      ASSERT_EQ(decoded.action(), kReset) << nlri;
      EXPECT_EQ(decoded.error().subcode, update_error::kInvalidNetworkField);
    }
  }
}

TEST(UpdateErrors, MultiprotocolNlriThatCannotBeReadCostTheSession) {
  for (const std::string_view nlri : {"81 20010db800000000000000000000000000", "40 20010db8", "30"}) {
    const std::string reach = "000201 10 20010db8000000000000000000000001 00" + std::string(nlri);
    const std::string unreach = "000201" + std::string(nlri);
    const UpdateMessage announces =
        external_v6_update().without(Type::kMpReachNlri).with(kOptional, Type::kMpReachNlri, reach);
    EXPECT_EQ(Decoded(announces, external_session()).action(), kReset) << nlri;
    const UpdateMessage withdraws = UpdateMessage().with(kOptional, Type::kMpUnreachNlri, unreach);
    EXPECT_EQ(Decoded(withdraws, external_session()).action(), kReset) << nlri;
  }
}

TEST(UpdateErrors, NlriWithoutTheNegotiatedPathIdentifierCostTheSession) {
  UpdateContext context = external_session();
  context.add_path[0] = true;
  EXPECT_EQ(Decoded(external_update(), context).action(), kReset);
  EXPECT_EQ(Decoded(external_update().announcing("00000007 18c63364"), context).action(), kFine);
}

// --- nothing to withdraw (RFC 7606 §5.2)
// ------------------------------------------------------------------------------

TEST(UpdateErrors, AnErrorThatWithdrawsCostsTheSessionWhereNothingIsAnnounced) {
  struct {
    UpdateMessage message;
    std::uint8_t subcode;
  } const cases[] = {
      {UpdateMessage().with(kWellKnown, Type::kOrigin, "07"), update_error::kInvalidOrigin},
      {UpdateMessage().with(0xC0, Type::kOrigin, "00"), update_error::kAttributeFlags},
      {UpdateMessage().with(kWellKnown, Type::kOrigin, "0000").withdrawing(kNlri), update_error::kAttributeLength},
      {UpdateMessage().with(kWellKnown, Type::kAsPath, "0200"), update_error::kMalformedAsPath},
      {UpdateMessage().with(kWellKnown, Type::kNextHop, "00000000"), update_error::kInvalidNextHop},
      {UpdateMessage().with(0xC0, Type::kCommunities, "00"), update_error::kAttributeLength},
      {UpdateMessage().with(kOptional, Type::kMpUnreachNlri, kMpUnreachV6).with(kWellKnown, Type::kOrigin, "07"),
       update_error::kInvalidOrigin},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const Decoded decoded(cases[i].message, external_session());
    ASSERT_EQ(decoded.action(), kReset) << i;
    EXPECT_EQ(decoded.error().code, ErrorCode::kUpdate);
    EXPECT_EQ(decoded.error().subcode, cases[i].subcode) << i;
    EXPECT_FALSE(decoded.error().data.empty()) << "RFC 4271 6.3: the data are the attribute";
  }
}

TEST(UpdateErrors, AnErrorThatDiscardsNeverCostsTheSession) {
  const Decoded decoded(UpdateMessage().with(kWellKnown, Type::kAtomicAggregate, "01"), external_session());
  EXPECT_EQ(decoded.action(), kDiscard);
}

// --- several errors (RFC 7606 §3 h)
// -----------------------------------------------------------------------------------

TEST(UpdateErrors, TheStrongestActionOfSeveralIsTakenAndAllAreListed) {
  const Decoded decoded(external_update()
                            .without(Type::kOrigin)
                            .with(kWellKnown, Type::kOrigin, "03")
                            .with(kWellKnown, Type::kAtomicAggregate, "01")
                            .with(kOptional, Type::kMultiExitDisc, "00"),
                        external_session());
  EXPECT_TRUE(decoded->treat_as_withdraw);
  ASSERT_EQ(decoded->faults.size(), 3U);
  EXPECT_EQ(decoded->faults[0].attribute, Type::kOrigin);
  EXPECT_EQ(decoded->faults[1].action, kDiscard);
  EXPECT_EQ(decoded->faults[2].attribute, Type::kMultiExitDisc);

  const Decoded reset(
      external_update().with(kWellKnown, Type::kAtomicAggregate, "01").with(kOptional, Type::kMpUnreachNlri, "00"),
      external_session());
  EXPECT_EQ(reset.action(), kReset);
}

TEST(UpdateErrors, TwoDiscardsLeaveTheRoute) {
  const Decoded decoded(
      external_update().with(kWellKnown, Type::kAtomicAggregate, "01").with(0xC0, Type::kAggregator, "00"),
      external_session());
  EXPECT_EQ(decoded.action(), kDiscard);
  EXPECT_EQ(decoded->faults.size(), 2U);
  EXPECT_EQ(decoded.attributes(), Decoded(external_update(), external_session()).attributes());
}

// --- the NOTIFICATION
// -------------------------------------------------------------------------------------------------

TEST(UpdateErrors, TheErroneousAttributeInANotificationIsCutToWhatAMessageHolds) {
  UpdateMessage message;
  message.attributes.push_back(attribute(0x40, Type{99}, Bytes(5000, 0xAB)));
  const Decoded decoded(message, external_session());
  ASSERT_EQ(decoded.action(), kReset);
  Notification notification{decoded.error().code, decoded.error().subcode, decoded.error().data};
  EXPECT_EQ(encode_notification(notification).size(), kMaxMessage);
}

}  // namespace
}  // namespace tw::bgp::test
