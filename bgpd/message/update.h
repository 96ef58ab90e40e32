// UPDATE: decoding with the error handling of RFC 7606, and the NLRI reader.
//
// Pure. Decoding allocates nothing per prefix: prefixes stay in the message and are read one by one; the canonical
// attributes (see rib/attribute_store.h) are built in the decoder's own scratch, reused from message to message.
// An UpdateDecoder is not thread-safe; make one per thread or session.
#pragma once

#include "bgpd/message/error.h"
#include "bgpd/message/message.h"
#include "bgpd/message/nlri.h"
#include "rib/attribute_store.h"
#include "rib/ids.h"
#include "rib/prefix.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tw::bgp {

// RFC 4271 §5 and successors; the numbers are IANA's.
enum class AttributeType : std::uint8_t {
  kOrigin = 1,
  kAsPath = 2,
  kNextHop = 3,
  kMultiExitDisc = 4,
  kLocalPref = 5,
  kAtomicAggregate = 6,
  kAggregator = 7,
  kCommunities = 8,
  kOriginatorId = 9,
  kClusterList = 10,
  kMpReachNlri = 14,
  kMpUnreachNlri = 15,
  kExtendedCommunities = 16,
  kAs4Path = 17,
  kAs4Aggregator = 18,
  kIpv6ExtendedCommunities = 25,
  kAigp = 26,
  kLargeCommunities = 32,
  kOnlyToCustomer = 35,
};
namespace attribute_flag {
inline constexpr std::uint8_t kOptional = 0x80, kTransitive = 0x40, kPartial = 0x20, kExtendedLength = 0x10;
}
// "AS_PATH"; a number that has no name here: "attribute 99".
std::string name(AttributeType type);

// What of the session decides how an UPDATE reads.
struct UpdateContext {
  bool internal = false;                           // iBGP
  bool four_octet_as = true;                       // both sides have RFC 6793
  rib::FamilySet families;                         // negotiated
  bool add_path[rib::kFamilies] = {false, false};  // the peer sends path identifiers
  rib::AsNumber peer_as{};
  bool enforce_first_as =
      true;  // RFC 4271 §6.3: the leftmost AS of an eBGP peer's path must be its own (false for route servers)
  std::optional<Role> local_role;  // RFC 9234: OTC is added and checked
};

// RFC 7606 §2, weakest first: of several errors the strongest action is taken.
enum class OnError : std::uint8_t { kNone, kDiscardAttribute, kTreatAsWithdraw, kResetSession };
std::string_view name(OnError action);

// One thing found wrong that did not cost the session.
struct UpdateFault {
  AttributeType attribute{};  // may hold any number; 0: not about one attribute
  OnError action = OnError::kNone;
  const char* what = "";  // static text
};

// The result of decoding; the views point into the message and the decoder and live until the next decode().
struct Update {
  ByteView withdrawn;                          // IPv4, body of Withdrawn Routes
  ByteView announced;                          // IPv4, body of NLRI
  std::optional<rib::Family> mp_reach_family;  // a family that was negotiated; others are skipped
  ByteView mp_announced;
  std::optional<rib::Family> mp_unreach_family;
  ByteView mp_withdrawn;
  // Canonical attributes for `announced` and for `mp_announced`: they differ in their next hop. Empty when there is no
  // such NLRI, and when it is to be treated as withdrawn.
  ByteView attributes;
  ByteView mp_attributes;
  rib::AttributeKey key;                  // of both
  std::optional<rib::Family> end_of_rib;  // RFC 4724 §2
  bool treat_as_withdraw = false;         // everything announced is to be treated as withdrawn
  bool leaked = false;                    // RFC 9234 §5: a route leak; the announced routes are ineligible
  std::span<const UpdateFault> faults;
};

class UpdateDecoder {
 public:
  // `body`: without the header. An error is one that RFC 7606 lets cost the session, with the NOTIFICATION to send.
  // All NLRI have been checked when this returns: reading them cannot fail.
  Result<Update> decode(ByteView body, const UpdateContext& context);

 private:
  // Grown, never shrunk; `rebuilt_` holds attribute values that are not taken over as they stand in the message.
  std::vector<std::uint8_t> canonical_, mp_canonical_, rebuilt_;
  std::vector<UpdateFault> faults_;
};

}  // namespace tw::bgp
