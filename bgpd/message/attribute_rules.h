// What an UPDATE's path attributes must look like and what happens when they do not: RFC 7606 §3 and §7 and the RFCs of
// each attribute, as one table. The decoder walks it and knows no attribute by name.
//
// Pure data; thread-safe.
#pragma once

#include "bgpd/message/update.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace tw::bgp {

// What the value readers fill in while one UPDATE is walked.
struct UpdateReading {
  const UpdateContext& context;
  Update& update;
  ByteView mp_next_hop;       // of MP_REACH_NLRI, as it goes into canonical form
  bool mp_announces = false;  // MP_REACH_NLRI holds NLRI, of whatever family
  bool has_martians = false;  // prefixes that the NLRI reader leaves out
};

// What a reader thinks of a value.
enum class Judgement : std::uint8_t {
  kGood,
  kMalformed,     // the octets make no sense
  kUnacceptable,  // they do, but say something that must not be said
  kNotForUs,      // nothing is wrong: the attribute is skipped
};
struct Finding {
  Judgement judgement = Judgement::kGood;
  const char* what = "";  // static text
};
// REQUIRES: the value has a length that the attribute's row allows.
using ReadValue = Finding (*)(ByteView value, UpdateReading& reading);

struct LengthRule {
  std::uint16_t least, most;    // octets, inclusive
  std::uint16_t multiple;       // 1: any length between
  std::uint8_t two_octet_less;  // so many fewer when AS numbers have two octets

  static constexpr LengthRule any() { return {0, 65535, 1, 0}; }
  static constexpr LengthRule exactly(std::uint16_t n) { return {n, n, 1, 0}; }
  static constexpr LengthRule at_least(std::uint16_t n) { return {n, 65535, 1, 0}; }
  static constexpr LengthRule multiple_of(std::uint16_t n) { return {n, 65535, n, 0}; }  // and not zero
  // An AS number and so many octets.
  static constexpr LengthRule as_number_and(std::uint16_t n) {
    return {static_cast<std::uint16_t>(4 + n), static_cast<std::uint16_t>(4 + n), 1, 2};
  }
  constexpr bool allows(std::size_t length, bool four_octet_as) const {
    const std::size_t given = length + (four_octet_as ? 0 : two_octet_less);
    return given >= least && given <= most && (multiple == 1 || given % multiple == 0);
  }
};

// From whom the attribute is taken; from others it is discarded unread.
enum class TakenFrom : std::uint8_t { kAnyone, kInternal, kTwoOctetSpeaker };

// When its absence is an error.
enum class Mandatory : std::uint8_t {
  kNever,
  kWithNlri,      // any routes are announced
  kWithIpv4Nlri,  // routes are announced in the NLRI field; beside multiprotocol attributes alone it is ignored (RFC
                  // 4760 §3)
  kWithNlriInternal,  // … by an internal neighbour
};

// What to do, and the UPDATE Message Error subcode if the session is lost over it.
struct Reaction {
  OnError action;
  std::uint8_t subcode;
};

struct AttributeRule {
  AttributeType type;
  const char* name;
  std::uint8_t flags;  // Optional and Transitive as they have to be
  LengthRule length;
  TakenFrom taken_from;
  Mandatory mandatory;
  ReadValue read;  // may be null: any value is good
  // Each kind of error, with its reaction.
  struct {
    Reaction flags, length, malformed, unacceptable, repeated;
  } on;
  const char* clause;

  // Only what holds NLRI costs the session when it cannot be read (RFC 7606 §3 j); it is no part of an attribute set.
  constexpr bool holds_nlri() const { return on.malformed.action == OnError::kResetSession; }
};

std::span<const AttributeRule> attribute_rules();
// Null: not recognized.
const AttributeRule* find_rule(std::uint8_t type);
// The attributes that are mandatory in this way, as a set of bits (they all have numbers below 64).
std::uint64_t mandatory_bits(Mandatory when);

// Reactions to errors that are not one attribute's own.
inline constexpr Reaction kAttributeListBroken{OnError::kTreatAsWithdraw,
                                               update_error::kMalformedAttributeList};  // RFC 7606 §4
inline constexpr Reaction kAttributeMissing{OnError::kTreatAsWithdraw,
                                            update_error::kMissingWellKnown};  // RFC 7606 §3 d
inline constexpr Reaction kAttributeRepeated{OnError::kDiscardAttribute,
                                             update_error::kMalformedAttributeList};  // RFC 7606 §3 g
inline constexpr Reaction kWellKnownUnrecognized{OnError::kResetSession,
                                                 update_error::kUnrecognizedWellKnown};  // RFC 4271 §6.3
inline constexpr Reaction kNlriMalformed{OnError::kResetSession,
                                         update_error::kInvalidNetworkField};  // RFC 7606 §3 i, j; §5.3
inline constexpr Reaction kLengthsInconsistent{OnError::kResetSession,
                                               update_error::kMalformedAttributeList};  // RFC 7606 §3 b

}  // namespace tw::bgp
