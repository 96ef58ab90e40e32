// Names of NOTIFICATION codes and subcodes, from IANA's "BGP Error (Notification) Codes" and "BGP Error Subcodes".
#include "bgpd/message/error.h"

#include <stdexcept>

namespace tw::bgp {
namespace {

struct Named {
  ErrorCode code;
  int subcode;  // -1: the code itself
  std::string_view name;
};

constexpr Named kNames[] = {
    {ErrorCode::kMessageHeader, -1, "Message Header Error"},
    {ErrorCode::kMessageHeader, header_error::kNotSynchronized, "Connection Not Synchronized"},
    {ErrorCode::kMessageHeader, header_error::kBadLength, "Bad Message Length"},
    {ErrorCode::kMessageHeader, header_error::kBadType, "Bad Message Type"},
    {ErrorCode::kOpen, -1, "OPEN Message Error"},
    {ErrorCode::kOpen, open_error::kUnspecific, "Unspecific"},
    {ErrorCode::kOpen, open_error::kUnsupportedVersion, "Unsupported Version Number"},
    {ErrorCode::kOpen, open_error::kBadPeerAs, "Bad Peer AS"},
    {ErrorCode::kOpen, open_error::kBadIdentifier, "Bad BGP Identifier"},
    {ErrorCode::kOpen, open_error::kUnsupportedParameter, "Unsupported Optional Parameter"},
    {ErrorCode::kOpen, 5, "Authentication Failure"},  // deprecated by RFC 4271
    {ErrorCode::kOpen, open_error::kUnacceptableHoldTime, "Unacceptable Hold Time"},
    {ErrorCode::kOpen, open_error::kUnsupportedCapability, "Unsupported Capability"},
    {ErrorCode::kOpen, open_error::kRoleMismatch, "Role Mismatch"},
    {ErrorCode::kUpdate, -1, "UPDATE Message Error"},
    {ErrorCode::kUpdate, update_error::kMalformedAttributeList, "Malformed Attribute List"},
    {ErrorCode::kUpdate, update_error::kUnrecognizedWellKnown, "Unrecognized Well-known Attribute"},
    {ErrorCode::kUpdate, update_error::kMissingWellKnown, "Missing Well-known Attribute"},
    {ErrorCode::kUpdate, update_error::kAttributeFlags, "Attribute Flags Error"},
    {ErrorCode::kUpdate, update_error::kAttributeLength, "Attribute Length Error"},
    {ErrorCode::kUpdate, update_error::kInvalidOrigin, "Invalid ORIGIN Attribute"},
    {ErrorCode::kUpdate, 7, "AS Routing Loop"},  // deprecated by RFC 4271
    {ErrorCode::kUpdate, update_error::kInvalidNextHop, "Invalid NEXT_HOP Attribute"},
    {ErrorCode::kUpdate, update_error::kOptionalAttribute, "Optional Attribute Error"},
    {ErrorCode::kUpdate, update_error::kInvalidNetworkField, "Invalid Network Field"},
    {ErrorCode::kUpdate, update_error::kMalformedAsPath, "Malformed AS_PATH"},
    {ErrorCode::kHoldTimerExpired, -1, "Hold Timer Expired"},
    {ErrorCode::kFiniteStateMachine, -1, "Finite State Machine Error"},
    {ErrorCode::kFiniteStateMachine, fsm_error::kUnspecified, "Unspecified Error"},
    {ErrorCode::kFiniteStateMachine, fsm_error::kInOpenSent, "Receive Unexpected Message in OpenSent State"},
    {ErrorCode::kFiniteStateMachine, fsm_error::kInOpenConfirm, "Receive Unexpected Message in OpenConfirm State"},
    {ErrorCode::kFiniteStateMachine, fsm_error::kInEstablished, "Receive Unexpected Message in Established State"},
    {ErrorCode::kCease, -1, "Cease"},
    {ErrorCode::kCease, cease::kMaxPrefixes, "Maximum Number of Prefixes Reached"},
    {ErrorCode::kCease, cease::kAdministrativeShutdown, "Administrative Shutdown"},
    {ErrorCode::kCease, cease::kPeerDeconfigured, "Peer De-configured"},
    {ErrorCode::kCease, cease::kAdministrativeReset, "Administrative Reset"},
    {ErrorCode::kCease, cease::kConnectionRejected, "Connection Rejected"},
    {ErrorCode::kCease, cease::kOtherConfigurationChange, "Other Configuration Change"},
    {ErrorCode::kCease, cease::kCollisionResolution, "Connection Collision Resolution"},
    {ErrorCode::kCease, cease::kOutOfResources, "Out of Resources"},
    {ErrorCode::kCease, cease::kHardReset, "Hard Reset"},
    {ErrorCode::kCease, 10, "BFD Down"},
    {ErrorCode::kRouteRefresh, -1, "ROUTE-REFRESH Message Error"},
    {ErrorCode::kRouteRefresh, refresh_error::kInvalidLength, "Invalid Message Length"},
    {ErrorCode::kSendHoldTimerExpired, -1, "Send Hold Timer Expired"},
};

std::string_view find_name(ErrorCode code, int subcode) {
  for (const Named& row : kNames) {
    if (row.code == code && row.subcode == subcode) return row.name;
  }
  return {};
}

}  // namespace

std::string describe(ErrorCode code, std::uint8_t subcode) {
  const std::string_view code_name = find_name(code, -1);
  std::string text =
      code_name.empty() ? "Error Code " + std::to_string(static_cast<int>(code)) : std::string(code_name);
  const std::string_view subcode_name = find_name(code, subcode);
  if (!subcode_name.empty()) {
    text.append("/").append(subcode_name);
  } else if (subcode != 0) {
    text.append("/Subcode ").append(std::to_string(subcode));
  }
  return text;
}

void throw_exception_from_error(const MessageError& error, const boost::source_location&) {
  throw std::runtime_error(describe(error.code, error.subcode) + ": " + error.what);
}

}  // namespace tw::bgp
