// The OPEN checks, as a table of rules tried in order.
#include "bgpd/session/open_check.h"

#include "bgpd/message/family_code.h"
#include "bgpd/session/negotiate.h"

#include <algorithm>
#include <string>

namespace tw::bgp {
namespace {

struct Subject {
  const SessionConfig& config;
  const Open& ours;
  const Open& received;
  bool internal() const { return ours.as == received.as; }
};
using Verdict = std::optional<MessageError>;

Verdict wrong(std::uint8_t subcode, std::string what, std::vector<std::uint8_t> data = {}) {
  return MessageError{ErrorCode::kOpen, subcode, std::move(data), std::move(what)};
}

// RFC 4271 §6.2, Bad Peer AS; RFC 7607: AS 0 is no AS.
Verdict check_as(const Subject& s) {
  const rib::AsNumber as = s.received.as;
  const auto& allowed = s.config.allowed_as;
  const bool any_of_range = s.config.peer_as.value == 0;
  const bool expected =
      any_of_range ? std::find(allowed.begin(), allowed.end(), as) != allowed.end() : as == s.config.peer_as;
  if (expected && as.value != 0) return std::nullopt;

  std::string what = "peer's AS is " + std::to_string(as.value);
  if (as.value == kAsTrans && !s.received.capabilities.four_octet_as) {
    what += " (AS_TRANS, without the four-octet AS capability)";
  }
  if (!any_of_range) {
    what += ", configured is " + std::to_string(s.config.peer_as.value);
  } else {
    what += allowed.empty() ? ", allowed is none" : ", allowed are";
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      what += (i == 0 ? " " : ", ") + std::to_string(allowed[i].value);
    }
  }
  return wrong(open_error::kBadPeerAs, std::move(what));
}

// RFC 6286 §2.2: equal identifiers are an error between internal peers only.
Verdict check_identifier(const Subject& s) {
  if (!s.internal() || s.received.identifier != s.ours.identifier) return std::nullopt;
  return wrong(open_error::kBadIdentifier,
               "peer's BGP identifier is ours (" + rib::to_string(rib::IpAddress::v4(s.ours.identifier)) +
                   "): two routers of one AS have the same router-id, or we speak to ourselves");
}

// RFC 9234 §4.2, external peers only.
Verdict check_role(const Subject& s) {
  if (s.internal()) return std::nullopt;
  const auto& local = s.ours.capabilities.role;
  const auto& remote = s.received.capabilities.role;
  if (s.received.capabilities.role_conflict) return wrong(open_error::kRoleMismatch, "peer sent several roles");
  if (!local) return std::nullopt;
  if (!remote) {
    if (!s.config.strict_role) return std::nullopt;
    return wrong(open_error::kRoleMismatch,
                 "peer sent no role, and strict-role is configured; ours is " + std::string(name(*local)));
  }
  if (roles_correspond(*local, *remote)) return std::nullopt;
  return wrong(open_error::kRoleMismatch, "peer's role is " + std::string(name(*remote)) +
                                              ", which does not go with ours, " + std::string(name(*local)));
}

// RFC 5492 §3 and §5: the capabilities that we cannot do without are the data.
Verdict check_families(const Subject& s) {
  const rib::FamilySet ours = implied_families(s.ours.capabilities);
  const rib::FamilySet theirs = implied_families(s.received.capabilities);
  if (!(ours & theirs).empty()) return std::nullopt;

  constexpr std::uint8_t kMultiprotocol = 1, kLength = 4, kReserved = 0;  // RFC 4760 §8
  std::vector<std::uint8_t> data;
  std::string what = "no address family in common: ours";
  for (const rib::Family family : rib::kAllFamilies) {
    if (!ours.has(family)) continue;
    data.insert(data.end(),
                {kMultiprotocol, kLength, 0, static_cast<std::uint8_t>(afi_of(family)), kReserved, kSafiUnicast});
    what += ' ' + std::string(name(family));
  }
  what += ", peer's";
  for (const rib::Family family : rib::kAllFamilies) {
    if (theirs.has(family)) what += ' ' + std::string(name(family));
  }
  if (theirs.empty()) what += " none that we know";
  return wrong(open_error::kUnsupportedCapability, std::move(what), std::move(data));
}

constexpr Verdict (*kChecks[])(const Subject&) = {check_as, check_identifier, check_role, check_families};

}  // namespace

bool roles_correspond(Role local, Role remote) {
  switch (local) {
    case Role::kProvider: return remote == Role::kCustomer;
    case Role::kCustomer: return remote == Role::kProvider;
    case Role::kRouteServer: return remote == Role::kRouteServerClient;
    case Role::kRouteServerClient: return remote == Role::kRouteServer;
    case Role::kPeer: return remote == Role::kPeer;
  }
  return false;  // a number that is no role (yet)
}

std::optional<MessageError> check_open(const SessionConfig& config, const Open& ours, const Open& received) {
  const Subject subject{config, ours, received};
  for (const auto check : kChecks) {
    if (auto error = check(subject)) return error;
  }
  return std::nullopt;
}

}  // namespace tw::bgp
