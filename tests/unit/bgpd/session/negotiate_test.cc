// What we offer, and what two OPENs agree on.
#include "bgpd/session/negotiate.h"

#include "tests/unit/bgpd/session/rig.h"

namespace tw::bgp {
namespace {

using rib::Family;
constexpr int kV4 = rib::index_of(Family::kIpv4Unicast), kV6 = rib::index_of(Family::kIpv6Unicast);

Open ours(const SessionConfig& config = neighbor_config()) { return make_open(config, false); }

// --- our OPEN

TEST(MakeOpen, SaysWhatIsConfigured) {
  const Open open = ours();
  EXPECT_EQ(open.version, 4);
  EXPECT_EQ(open.as.value, kOurAs);
  EXPECT_EQ(open.as_field, kOurAs);
  EXPECT_EQ(open.hold_time, 90);
  EXPECT_EQ(open.identifier, kOurId);
  EXPECT_EQ(open.capabilities.four_octet_as, rib::AsNumber{kOurAs});
  EXPECT_EQ(open.capabilities.families, both_families());
}
TEST(MakeOpen, PutsAsTransIntoTheTwoOctetFieldOfABigAs) {
  SessionConfig config = neighbor_config();
  config.local_as = {4'200'000'000};
  EXPECT_EQ(ours(config).as_field, kAsTrans);
  EXPECT_EQ(ours(config).capabilities.four_octet_as, rib::AsNumber{4'200'000'000});
}
TEST(MakeOpen, PlainIsWithoutCapabilities) {
  const Open open = make_open(neighbor_config(), true);
  EXPECT_EQ(open.capabilities, Capabilities{});
  EXPECT_EQ(open.as.value, kOurAs);
}
TEST(MakeOpen, OffersARoleToExternalPeersOnly) {
  SessionConfig config = neighbor_config();
  config.capabilities.role = Role::kProvider;
  EXPECT_EQ(ours(config).capabilities.role, Role::kProvider);
  config.peer_as = config.local_as;
  EXPECT_EQ(ours(config).capabilities.role, std::nullopt);
  config.peer_as = {0};
  config.allowed_as = {config.local_as};
  EXPECT_EQ(ours(config).capabilities.role, std::nullopt);
  config.allowed_as.push_back({kTheirAs});
  EXPECT_EQ(ours(config).capabilities.role, Role::kProvider);
}
TEST(MakeOpen, HoldTimeIsNeverOneOrTwoAndFitsTheField) {
  SessionConfig config = neighbor_config();
  const std::pair<Millis, int> rows[] = {{Millis(0), 0},           {Millis(1), 3},     {seconds(2), 3},
                                         {seconds(3), 3},          {Millis(9'999), 9}, {seconds(65'535), 65'535},
                                         {seconds(70'000), 65'535}};
  for (const auto& [configured, said] : rows) {
    config.timers.hold = configured;
    EXPECT_EQ(ours(config).hold_time, said) << configured.count() << " ms";
  }
}

// --- families

TEST(Negotiate, FamiliesAreThoseOfBoth) {
  const rib::FamilySet none, v4 = only(Family::kIpv4Unicast), v6 = only(Family::kIpv6Unicast), both = both_families();
  struct {
    rib::FamilySet we;
    bool we_have;
    rib::FamilySet they;
    bool they_have;
    rib::FamilySet agreed;
  } rows[] = {
      {both, true, both, true, both}, {both, true, v4, true, v4},    {both, true, v6, true, v6},
      {v4, true, v6, true, none},     {v6, true, v6, true, v6},      {both, true, none, false, v4},
      {v4, true, none, false, v4},    {v6, true, none, false, none}, {both, true, none, true, none},
      {none, false, none, false, v4}, {none, false, both, true, v4}, {none, false, v6, true, none},
  };
  for (const auto& row : rows) {
    Open a = ours(), b = their_open();
    a.capabilities.families = row.we;
    a.capabilities.has_multiprotocol = row.we_have;
    b.capabilities.families = row.they;
    b.capabilities.has_multiprotocol = row.they_have;
    EXPECT_EQ(negotiate(a, b).families, row.agreed) << int{row.we.bits} << ' ' << int{row.they.bits};
  }
}

// --- what both must have

TEST(Negotiate, ACapabilityIsInForceOnlyIfBothHaveIt) {
  for (const bool we : {false, true}) {
    for (const bool they : {false, true}) {
      Open a = ours(), b = their_open();
      a.capabilities.route_refresh = a.capabilities.enhanced_route_refresh = a.capabilities.extended_message = we;
      b.capabilities.route_refresh = b.capabilities.enhanced_route_refresh = b.capabilities.extended_message = they;
      if (!we) a.capabilities.four_octet_as.reset();
      if (!they) b.capabilities.four_octet_as.reset();
      const Negotiated agreed = negotiate(a, b);
      EXPECT_EQ(agreed.route_refresh, we && they);
      EXPECT_EQ(agreed.enhanced_route_refresh, we && they);
      EXPECT_EQ(agreed.extended_message, we && they);
      EXPECT_EQ(agreed.four_octet_as, we && they);
    }
  }
}

// --- add-path (RFC 7911 §4)

TEST(Negotiate, AddPathIsUsedInADirectionThatOneSendsAndTheOtherReceives) {
  const auto bits = [](AddPathDirection d) { return static_cast<unsigned>(d); };
  const AddPathDirection all[] = {AddPathDirection::kNone, AddPathDirection::kReceive, AddPathDirection::kSend,
                                  AddPathDirection::kBoth};
  for (const AddPathDirection we : all) {
    for (const AddPathDirection they : all) {
      Open a = ours(), b = their_open();
      a.capabilities.add_path[kV6] = we;
      b.capabilities.add_path[kV6] = they;
      const Negotiated agreed = negotiate(a, b);
      EXPECT_EQ(agreed.receive_add_path[kV6], (bits(we) & 1) && (bits(they) & 2)) << bits(we) << ' ' << bits(they);
      EXPECT_EQ(agreed.send_add_path[kV6], (bits(we) & 2) && (bits(they) & 1)) << bits(we) << ' ' << bits(they);
      EXPECT_FALSE(agreed.receive_add_path[kV4]);
      EXPECT_FALSE(agreed.send_add_path[kV4]);
    }
  }
}
TEST(Negotiate, NoAddPathForAFamilyThatIsNotExchanged) {
  Open a = ours(), b = their_open();
  a.capabilities.add_path[kV6] = b.capabilities.add_path[kV6] = AddPathDirection::kBoth;
  b.capabilities.families = only(Family::kIpv4Unicast);
  EXPECT_FALSE(negotiate(a, b).receive_add_path[kV6]);
  EXPECT_FALSE(negotiate(a, b).send_add_path[kV6]);
}

// --- times

TEST(Negotiate, HoldTimeIsTheSmallerAndKeepaliveAThirdOfIt) {
  struct {
    std::uint16_t we, they;
    Millis hold, keepalive;
  } rows[] = {{90, 90, seconds(90), seconds(30)}, {90, 9, seconds(9), seconds(3)}, {3, 240, seconds(3), seconds(1)},
              {90, 0, Millis(0), Millis(0)},      {0, 90, Millis(0), Millis(0)},   {0, 0, Millis(0), Millis(0)}};
  for (const auto& row : rows) {
    Open a = ours(), b = their_open();
    a.hold_time = row.we;
    b.hold_time = row.they;
    EXPECT_EQ(negotiate(a, b).hold, row.hold);
    EXPECT_EQ(negotiate(a, b).keepalive, row.keepalive);
  }
}

// --- roles (RFC 9234)

TEST(Negotiate, OurRoleIsInForceTowardsAnExternalPeerEvenIfItHasNone) {
  Open a = ours(), b = their_open();
  a.capabilities.role = Role::kProvider;
  EXPECT_EQ(negotiate(a, b).local_role, Role::kProvider);
  b.as = a.as;
  EXPECT_EQ(negotiate(a, b).local_role, std::nullopt);
}
TEST(Negotiate, ThePeersRoleAloneMeansNothing) {
  Open b = their_open();
  b.capabilities.role = Role::kCustomer;
  EXPECT_EQ(negotiate(ours(), b).local_role, std::nullopt);
}

TEST(Negotiate, KeepsWhatThePeerSaidForPeopleToSee) {
  Open b = their_open();
  b.capabilities.unknown_codes = {71, 128};
  EXPECT_EQ(negotiate(ours(), b).received.capabilities.unknown_codes, (std::vector<std::uint8_t>{71, 128}));
  EXPECT_EQ(negotiate(ours(), b).received.identifier, kLowerId);
}

}  // namespace
}  // namespace tw::bgp
