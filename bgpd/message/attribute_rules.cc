// The table: one row per path attribute that we know.
#include "bgpd/message/attribute_rules.h"

#include "bgpd/message/attribute_values.h"

#include <array>

namespace tw::bgp {
namespace {

using enum TakenFrom;
using enum Mandatory;
using Type = AttributeType;
using Length = LengthRule;

constexpr std::uint8_t kWellKnown = attribute_flag::kTransitive;
constexpr std::uint8_t kOptionalTransitive = attribute_flag::kOptional | attribute_flag::kTransitive;
constexpr std::uint8_t kOptionalNonTransitive = attribute_flag::kOptional;

using Reactions = decltype(AttributeRule::on);

// The same action for every kind of error; `value` is the subcode for a bad value. Repeats lose all but the first.
constexpr Reactions always(OnError action, std::uint8_t value) {
  return {{action, update_error::kAttributeFlags},
          {action, update_error::kAttributeLength},
          {action, value},
          {action, value},
          kAttributeRepeated};
}
constexpr Reactions withdraw(std::uint8_t value = update_error::kOptionalAttribute) {
  return always(OnError::kTreatAsWithdraw, value);
}
constexpr Reactions discard() { return always(OnError::kDiscardAttribute, update_error::kOptionalAttribute); }
// RFC 7606 §3 c speaks of flags where the attribute's own RFC does not.
constexpr Reactions discard_but_for_flags() {
  Reactions reactions = discard();
  reactions.flags.action = OnError::kTreatAsWithdraw;
  return reactions;
}
// MP_REACH_NLRI and MP_UNREACH_NLRI: when they cannot be read, neither can the NLRI in them (RFC 7606 §3 j, RFC 4760
// §7).
constexpr Reactions reset() {
  constexpr Reaction kReset{OnError::kResetSession, update_error::kOptionalAttribute};
  return {kReset,
          kReset,
          kReset,
          {OnError::kTreatAsWithdraw, update_error::kOptionalAttribute},
          {OnError::kResetSession, update_error::kMalformedAttributeList}};
}

// clang-format off
constexpr AttributeRule kRules[] = {
    {Type::kOrigin, "ORIGIN", kWellKnown, Length::exactly(1), kAnyone, kWithNlri, read_origin,
     withdraw(update_error::kInvalidOrigin), "RFC 7606 7.1"},
    {Type::kAsPath, "AS_PATH", kWellKnown, Length::any(), kAnyone, kWithNlri, read_as_path,
     withdraw(update_error::kMalformedAsPath), "RFC 7606 7.2, RFC 7607 2, RFC 5065 5"},
    {Type::kNextHop, "NEXT_HOP", kWellKnown, Length::exactly(4), kAnyone, kWithIpv4Nlri, read_next_hop,
     withdraw(update_error::kInvalidNextHop), "RFC 7606 7.3, RFC 4271 6.3"},
    {Type::kMultiExitDisc, "MULTI_EXIT_DISC", kOptionalNonTransitive, Length::exactly(4), kAnyone, kNever, read_med,
     withdraw(), "RFC 7606 7.4"},
    {Type::kLocalPref, "LOCAL_PREF", kWellKnown, Length::exactly(4), kInternal, kWithNlriInternal, read_local_pref,
     withdraw(), "RFC 7606 7.5, RFC 4271 5.1.5"},
    {Type::kAtomicAggregate, "ATOMIC_AGGREGATE", kWellKnown, Length::exactly(0), kAnyone, kNever, nullptr,
     discard(), "RFC 7606 7.6, 3 f"},
    {Type::kAggregator, "AGGREGATOR", kOptionalTransitive, Length::as_number_and(4), kAnyone, kNever, read_aggregator,
     discard(), "RFC 7606 7.7, 3 f, RFC 7607 2"},
    {Type::kCommunities, "COMMUNITIES", kOptionalTransitive, Length::multiple_of(4), kAnyone, kNever, nullptr,
     withdraw(), "RFC 7606 7.8"},
    {Type::kOriginatorId, "ORIGINATOR_ID", kOptionalNonTransitive, Length::exactly(4), kInternal, kNever,
     read_originator_id, withdraw(), "RFC 7606 7.9"},
    {Type::kClusterList, "CLUSTER_LIST", kOptionalNonTransitive, Length::multiple_of(4), kInternal, kNever,
     read_cluster_list, withdraw(), "RFC 7606 7.10"},
    {Type::kMpReachNlri, "MP_REACH_NLRI", kOptionalNonTransitive, Length::at_least(5), kAnyone, kNever,
     read_mp_reach_nlri, reset(), "RFC 7606 7.11, 5.3"},
    {Type::kMpUnreachNlri, "MP_UNREACH_NLRI", kOptionalNonTransitive, Length::at_least(3), kAnyone, kNever,
     read_mp_unreach_nlri, reset(), "RFC 7606 7.12, 5.3"},
    {Type::kExtendedCommunities, "EXTENDED_COMMUNITIES", kOptionalTransitive, Length::multiple_of(8), kAnyone, kNever,
     nullptr, withdraw(), "RFC 7606 7.14"},
    {Type::kAs4Path, "AS4_PATH", kOptionalTransitive, Length::at_least(6), kTwoOctetSpeaker, kNever, read_as4_path,
     discard_but_for_flags(), "RFC 6793 6, RFC 7607 2"},
    {Type::kAs4Aggregator, "AS4_AGGREGATOR", kOptionalTransitive, Length::exactly(8), kTwoOctetSpeaker, kNever,
     read_as4_aggregator, discard_but_for_flags(), "RFC 6793 6, RFC 7607 2"},
    {Type::kIpv6ExtendedCommunities, "IPV6_EXTENDED_COMMUNITIES", kOptionalTransitive, Length::multiple_of(20), kAnyone,
     kNever, nullptr, withdraw(), "RFC 7606 7.15"},
    {Type::kAigp, "AIGP", kOptionalNonTransitive, Length::at_least(3), kInternal, kNever, read_aigp,
     discard(), "RFC 7311 3.2, 3.3"},
    {Type::kLargeCommunities, "LARGE_COMMUNITY", kOptionalTransitive, Length::multiple_of(12), kAnyone, kNever, nullptr,
     withdraw(), "RFC 8092 6"},
    {Type::kOnlyToCustomer, "ONLY_TO_CUSTOMER", kOptionalTransitive, Length::exactly(4), kAnyone, kNever, nullptr,
     withdraw(), "RFC 9234 5"},
};
// clang-format on

constexpr std::array<std::int8_t, 256> kRowOfType = [] {
  std::array<std::int8_t, 256> rows{};
  rows.fill(-1);
  for (std::size_t row = 0; row < std::size(kRules); ++row) {
    rows[static_cast<std::uint8_t>(kRules[row].type)] = static_cast<std::int8_t>(row);
  }
  return rows;
}();

}  // namespace

std::span<const AttributeRule> attribute_rules() { return kRules; }

const AttributeRule* find_rule(std::uint8_t type) {
  const std::int8_t row = kRowOfType[type];
  return row < 0 ? nullptr : &kRules[row];
}

std::uint64_t mandatory_bits(Mandatory when) {
  static constexpr auto kBits = [] {
    std::array<std::uint64_t, 4> bits{};
    for (const AttributeRule& rule : kRules) {
      if (rule.mandatory == kNever) continue;
      bits[static_cast<std::size_t>(rule.mandatory)] |= std::uint64_t{1} << static_cast<unsigned>(rule.type);
    }
    return bits;
  }();
  return kBits[static_cast<std::size_t>(when)];
}

std::string name(AttributeType type) {
  const auto number = static_cast<std::uint8_t>(type);
  const AttributeRule* rule = find_rule(number);
  return rule ? rule->name : "attribute " + std::to_string(number);
}

}  // namespace tw::bgp
