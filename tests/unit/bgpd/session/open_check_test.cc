// What is wrong with a peer's OPEN.
#include "bgpd/session/open_check.h"

#include "bgpd/session/negotiate.h"
#include "tests/unit/bgpd/session/rig.h"

namespace tw::bgp {
namespace {

using rib::Family;
using testing::HasSubstr;

std::optional<MessageError> check(const SessionConfig& config, const Open& received) {
  return check_open(config, make_open(config, false), received);
}

TEST(OpenCheck, TheConfiguredPeerIsAcceptable) { EXPECT_EQ(check(neighbor_config(), their_open()), std::nullopt); }

// --- AS (RFC 4271 §6.2)

TEST(OpenCheck, AnotherAsIsABadPeerAsAndTheReasonNamesBoth) {
  Open open = their_open();
  open.as = {64498};
  const auto error = check(neighbor_config(), open);
  ASSERT_THAT(error, Says(ErrorCode::kOpen, open_error::kBadPeerAs));
  EXPECT_EQ(error->what, "peer's AS is 64498, configured is 64497");
}
TEST(OpenCheck, ARangeTakesAnyOfItsNumbersAndNoOther) {
  SessionConfig config = neighbor_config();
  config.peer_as = {0};
  config.allowed_as = {{64500}, {64501}};
  Open open = their_open();
  for (const std::uint32_t as : {64500U, 64501U}) {
    open.as = {as};
    EXPECT_EQ(check(config, open), std::nullopt);
  }
  open.as = {64502};
  const auto error = check(config, open);
  ASSERT_THAT(error, Says(ErrorCode::kOpen, open_error::kBadPeerAs));
  EXPECT_EQ(error->what, "peer's AS is 64502, allowed are 64500, 64501");
}
TEST(OpenCheck, ARangeWithoutNumbersTakesNobody) {
  SessionConfig config = neighbor_config();
  config.peer_as = {0};
  EXPECT_THAT(check(config, their_open()), Says(ErrorCode::kOpen, open_error::kBadPeerAs));
}
TEST(OpenCheck, AsZeroIsNeverAcceptable) {
  SessionConfig config = neighbor_config();
  config.peer_as = {0};
  config.allowed_as = {{0}, {kTheirAs}};
  Open open = their_open();
  open.as = {0};
  EXPECT_THAT(check(config, open), Says(ErrorCode::kOpen, open_error::kBadPeerAs));
}
TEST(OpenCheck, APeerWithoutFourOctetNumbersIsKnownByItsTwoOctetOne) {
  Open open = their_open();
  open.capabilities.four_octet_as.reset();
  EXPECT_EQ(check(neighbor_config(), open), std::nullopt);
}
TEST(OpenCheck, AsTransWithoutTheCapabilityIsExplained) {
  SessionConfig config = neighbor_config();
  config.peer_as = {4'200'000'000};
  Open open = their_open();
  open.as = {kAsTrans};
  open.capabilities.four_octet_as.reset();
  const auto error = check(config, open);
  ASSERT_THAT(error, Says(ErrorCode::kOpen, open_error::kBadPeerAs));
  EXPECT_EQ(error->what,
            "peer's AS is 23456 (AS_TRANS, without the four-octet AS capability), configured is 4200000000");
}

// --- BGP identifier (RFC 6286)

TEST(OpenCheck, OurOwnIdentifierIsBadBetweenInternalPeers) {
  SessionConfig config = neighbor_config();
  config.peer_as = config.local_as;
  Open open = their_open(kOurId);
  open.as = config.local_as;
  const auto error = check(config, open);
  ASSERT_THAT(error, Says(ErrorCode::kOpen, open_error::kBadIdentifier));
  EXPECT_THAT(error->what, HasSubstr("192.0.2.2"));
}
TEST(OpenCheck, OurOwnIdentifierIsFineFromAnExternalPeer) {
  EXPECT_EQ(check(neighbor_config(), their_open(kOurId)), std::nullopt);
}

// --- families (RFC 5492)

TEST(OpenCheck, NoCommonFamilyNamesTheCapabilitiesThatAreMissing) {
  SessionConfig config = neighbor_config();
  config.capabilities.families = only(Family::kIpv6Unicast);
  Open open = their_open();
  open.capabilities.families = only(Family::kIpv4Unicast);
  const auto error = check(config, open);
  ASSERT_THAT(error, Says(ErrorCode::kOpen, open_error::kUnsupportedCapability));
  EXPECT_EQ(error->data, (std::vector<std::uint8_t>{1, 4, 0, 2, 0, 1}));
  EXPECT_EQ(error->what, "no address family in common: ours ipv6-unicast, peer's ipv4-unicast");
}
TEST(OpenCheck, APeerWithoutMultiprotocolSpeaksIpv4Unicast) {
  Open open = their_open();
  open.capabilities.families = {};
  open.capabilities.has_multiprotocol = false;
  EXPECT_EQ(check(neighbor_config(), open), std::nullopt);
  SessionConfig config = neighbor_config();
  config.capabilities.families = only(Family::kIpv6Unicast);
  EXPECT_THAT(check(config, open), Says(ErrorCode::kOpen, open_error::kUnsupportedCapability));
}
TEST(OpenCheck, APeerWithOnlyFamiliesThatWeDoNotKnowIsRefused) {
  Open open = their_open();
  open.capabilities.families = {};
  open.capabilities.has_multiprotocol = true;
  const auto error = check(neighbor_config(), open);
  ASSERT_THAT(error, Says(ErrorCode::kOpen, open_error::kUnsupportedCapability));
  EXPECT_EQ(error->data, (std::vector<std::uint8_t>{1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1}));
}

// --- roles (RFC 9234 §4.2)

constexpr Role kRoles[] = {Role::kProvider, Role::kRouteServer, Role::kRouteServerClient, Role::kCustomer, Role::kPeer};

TEST(OpenCheck, OnlyTheFivePairsOfRolesGoTogether) {
  const std::pair<Role, Role> allowed[] = {{Role::kProvider, Role::kCustomer},
                                           {Role::kCustomer, Role::kProvider},
                                           {Role::kRouteServer, Role::kRouteServerClient},
                                           {Role::kRouteServerClient, Role::kRouteServer},
                                           {Role::kPeer, Role::kPeer}};
  for (const Role local : kRoles) {
    for (const Role remote : kRoles) {
      const bool good =
          std::find(std::begin(allowed), std::end(allowed), std::pair(local, remote)) != std::end(allowed);
      SessionConfig config = neighbor_config();
      config.capabilities.role = local;
      Open open = their_open();
      open.capabilities.role = remote;
      const auto error = check(config, open);
      EXPECT_EQ(!error.has_value(), good) << name(local) << ' ' << name(remote);
      if (error) {
        EXPECT_THAT(error, Says(ErrorCode::kOpen, open_error::kRoleMismatch));
        EXPECT_THAT(error->what, HasSubstr(std::string(name(remote))));
      }
    }
  }
}
TEST(OpenCheck, AnUnassignedRoleGoesWithNone) {
  for (const Role local : kRoles) EXPECT_FALSE(roles_correspond(local, static_cast<Role>(5)));
  EXPECT_FALSE(roles_correspond(static_cast<Role>(5), static_cast<Role>(5)));
}
TEST(OpenCheck, AMissingRoleIsRefusedInStrictModeOnly) {
  SessionConfig config = neighbor_config();
  config.capabilities.role = Role::kCustomer;
  EXPECT_EQ(check(config, their_open()), std::nullopt);
  config.strict_role = true;
  EXPECT_THAT(check(config, their_open()), Says(ErrorCode::kOpen, open_error::kRoleMismatch));
}
TEST(OpenCheck, StrictModeWithoutARoleOfOursDemandsNothing) {
  SessionConfig config = neighbor_config();
  config.strict_role = true;
  EXPECT_EQ(check(config, their_open()), std::nullopt);
}
TEST(OpenCheck, APeersRoleIsIgnoredWhenWeHaveNone) {
  Open open = their_open();
  open.capabilities.role = Role::kCustomer;
  EXPECT_EQ(check(neighbor_config(), open), std::nullopt);
}
TEST(OpenCheck, SeveralDifferentRolesAreRefusedWhateverOursIs) {
  Open open = their_open();
  open.capabilities.role_conflict = true;
  EXPECT_THAT(check(neighbor_config(), open), Says(ErrorCode::kOpen, open_error::kRoleMismatch));
  SessionConfig config = neighbor_config();
  config.capabilities.role = Role::kPeer;
  EXPECT_THAT(check(config, open), Says(ErrorCode::kOpen, open_error::kRoleMismatch));
}
TEST(OpenCheck, RolesMeanNothingBetweenInternalPeers) {
  SessionConfig config = neighbor_config();
  config.peer_as = config.local_as;
  config.capabilities.role = Role::kPeer;
  config.strict_role = true;
  Open open = their_open();
  open.as = config.local_as;
  open.capabilities.role = Role::kProvider;
  open.capabilities.role_conflict = true;
  EXPECT_EQ(check(config, open), std::nullopt);
}

// --- order

TEST(OpenCheck, TheAsIsTheFirstThingComplainedAbout) {
  SessionConfig config = neighbor_config();
  config.capabilities.role = Role::kPeer;
  Open open = their_open();
  open.as = {1};
  open.capabilities.role = Role::kProvider;
  open.capabilities.families = {};
  EXPECT_THAT(check(config, open), Says(ErrorCode::kOpen, open_error::kBadPeerAs));
}

}  // namespace
}  // namespace tw::bgp
