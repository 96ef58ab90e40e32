// NOTIFICATION codes and the error value that every decoder returns (RFC 4271 §4.5, §6; RFC 4486, 5492, 7313,
// 8203/9003, 8538, 9234, 9687).
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tw::bgp {

enum class ErrorCode : std::uint8_t {
  kMessageHeader = 1,
  kOpen = 2,
  kUpdate = 3,
  kHoldTimerExpired = 4,
  kFiniteStateMachine = 5,
  kCease = 6,
  kRouteRefresh = 7,
  kSendHoldTimerExpired = 8,
};
namespace header_error {
inline constexpr std::uint8_t kNotSynchronized = 1, kBadLength = 2, kBadType = 3;
}
namespace open_error {
inline constexpr std::uint8_t kUnspecific = 0, kUnsupportedVersion = 1, kBadPeerAs = 2, kBadIdentifier = 3,
                              kUnsupportedParameter = 4, kUnacceptableHoldTime = 6, kUnsupportedCapability = 7,
                              kRoleMismatch = 11;
}
namespace update_error {
inline constexpr std::uint8_t kMalformedAttributeList = 1, kUnrecognizedWellKnown = 2, kMissingWellKnown = 3,
                              kAttributeFlags = 4, kAttributeLength = 5, kInvalidOrigin = 6, kInvalidNextHop = 8,
                              kOptionalAttribute = 9, kInvalidNetworkField = 10, kMalformedAsPath = 11;
}
namespace fsm_error {
inline constexpr std::uint8_t kUnspecified = 0, kInOpenSent = 1, kInOpenConfirm = 2, kInEstablished = 3;
}  // namespace fsm_error
namespace cease {
inline constexpr std::uint8_t kMaxPrefixes = 1, kAdministrativeShutdown = 2, kPeerDeconfigured = 3,
                              kAdministrativeReset = 4, kConnectionRejected = 5, kOtherConfigurationChange = 6,
                              kCollisionResolution = 7, kOutOfResources = 8, kHardReset = 9;
}
namespace refresh_error {
inline constexpr std::uint8_t kInvalidLength = 1;
}

// What is wrong with a message whose error costs the session, in the form in which it is sent to the peer.
struct MessageError {
  ErrorCode code = ErrorCode::kCease;
  std::uint8_t subcode = 0;
  std::vector<std::uint8_t> data;
  std::string what;  // for the log: what was wrong and where; never sent
};
// "Cease/Administrative Shutdown", "OPEN Message Error/Bad Peer AS"; unknown numbers are printed as such.
std::string describe(ErrorCode code, std::uint8_t subcode);

[[noreturn]] void throw_exception_from_error(const MessageError& error, const boost::source_location& where);
template <class T>
using Result = boost::system::result<T, MessageError>;

}  // namespace tw::bgp
