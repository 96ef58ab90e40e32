// OPEN, its optional parameters in both forms, and capabilities.
#include "bgpd/message/message.h"
#include "bgpd/message/octets.h"
#include "bgpd/message/optional_parameters.h"
#include "tests/unit/bgpd/message/octets_of_hex.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

constexpr std::string_view kFixed = "04 fde9 005a 0a000002";  // version 4, AS 65001, 90 s, 10.0.0.2

// An OPEN's body with these optional parameters, their length included.
Result<Open> open_with(std::string_view parameters) {
  return decode_open(octets(std::string(kFixed) + std::string(parameters)));
}
// … with these capabilities.
Result<Open> open_offering(std::string_view capabilities) {
  const std::size_t size = octets(capabilities).size();
  const Bytes lengths = {static_cast<std::uint8_t>(size + 2), 2, static_cast<std::uint8_t>(size)};
  return open_with(hex(lengths) + std::string(capabilities));
}
void expect_error(const Result<Open>& open, std::uint8_t subcode, const Bytes& data = {}) {
  ASSERT_TRUE(open.has_error());
  EXPECT_EQ(open.error().code, ErrorCode::kOpen);
  EXPECT_EQ(open.error().subcode, subcode) << open.error().what;
  EXPECT_EQ(open.error().data, data);
}

TEST(Open, FieldsAreRead) {
  const auto open = open_with("00");
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->as.value, 65001U);
  EXPECT_EQ(open->as_field, 65001);
  EXPECT_EQ(open->hold_time, 90);
  EXPECT_EQ(open->identifier, 0x0A000002U);
  EXPECT_EQ(open->capabilities, Capabilities());
}

TEST(Open, FixedFieldsThatNobodyMaySendAreErrors) {
  expect_error(decode_open(octets("03 fde9 005a 0a000002 00")), open_error::kUnsupportedVersion, {0, 4});
  expect_error(decode_open(octets("05 fde9 005a 0a000002 00")), open_error::kUnsupportedVersion, {0, 4});
  expect_error(decode_open(octets("04 0000 005a 0a000002 00")), open_error::kBadPeerAs);
  expect_error(decode_open(octets("04 fde9 0001 0a000002 00")), open_error::kUnacceptableHoldTime);
  expect_error(decode_open(octets("04 fde9 0002 0a000002 00")), open_error::kUnacceptableHoldTime);
  expect_error(decode_open(octets("04 fde9 005a 00000000 00")), open_error::kBadIdentifier);
  EXPECT_TRUE(decode_open(octets("04 fde9 0000 0a000002 00")).has_value()) << "hold time 0";
  EXPECT_TRUE(decode_open(octets("04 fde9 0003 ffffffff 00")).has_value()) << "RFC 6286: any identifier but 0";
}

TEST(Open, DamagedParametersAreUnspecificErrors) {
  for (const std::string_view parameters : {
           "01 02",              // the field is longer than it says, or a header is cut off
           "02 02",              // shorter than it says
           "00 0202",            // something follows
           "04 02 06 0102",      // a parameter beyond the field
           "02 02 01",           // and cut off
           "03 02 01 01",        // a capability without its length
           "05 02 03 01 04 00",  // a capability beyond its parameter
       }) {
    expect_error(open_with(parameters), open_error::kUnspecific);
  }
  expect_error(decode_open(octets("04 fde9 005a 0a000002")), open_error::kUnspecific);
}

TEST(Open, UnknownParametersAreUnsupported) {
  for (const std::string_view parameters : {"02 00 00", "02 01 00", "04 4d 02 0000", "06 02 00 02 00 ff 00"}) {
    expect_error(open_with(parameters), open_error::kUnsupportedParameter);
  }
}

TEST(Open, TheExtendedFormIsRecognizedByItsType) {
  for (const std::string_view length : {"ff", "01", "0b"}) {  // RFC 9072 §2: not read
    const auto open = open_with(std::string(length) + "ff 0009 02 0006 0104 0001 0001");
    ASSERT_TRUE(open.has_value()) << length << open.error().what;
    EXPECT_TRUE(open->capabilities.families.has(rib::Family::kIpv4Unicast));
  }
  EXPECT_TRUE(open_with("ff ff 0000").has_value()) << "no parameters";
  expect_error(open_with("ff ff 000a 02 0006 0104 0001 0001"), open_error::kUnspecific);
  expect_error(open_with("ff ff 0008 02 0006 0104 0001 0001"), open_error::kUnspecific);
  expect_error(open_with("ff ff 0009 02 0007 0104 0001 0001"), open_error::kUnspecific);
  expect_error(open_with("ff ff 00"), open_error::kUnspecific);
  expect_error(open_with("ff ff 0003 ff 0000"), open_error::kUnsupportedParameter);
}

TEST(Open, LongParametersAreSentInTheExtendedForm) {
  for (const std::size_t size : {0, 1, 253, 254, 255, 256, 3000}) {
    const Bytes capabilities(size, 0x77);
    Bytes field;
    append_optional_parameters(field, capabilities);
    EXPECT_EQ(field.size() > 1 && field[1] == 255, size > 253) << size;
    Bytes read_back;
    const auto error = read_optional_parameters(field, read_back);
    EXPECT_FALSE(error.has_value()) << size;
    EXPECT_EQ(read_back, capabilities);
  }
}

TEST(Capabilities, AllThatWeKnowAreRead) {
  const auto open = open_offering(
      "0104 0001 0001"
      "0104 0002 ff01"
      "0200"
      "0600"
      "0901 03"
      "4104 00030d40"
      "4508 0001 01 01 0002 01 03"
      "4600");
  ASSERT_TRUE(open.has_value());
  const Capabilities& got = open->capabilities;
  EXPECT_TRUE(got.families.has(rib::Family::kIpv4Unicast) && got.families.has(rib::Family::kIpv6Unicast));
  EXPECT_TRUE(got.has_multiprotocol && got.route_refresh && got.extended_message && got.enhanced_route_refresh);
  EXPECT_EQ(got.role, Role::kCustomer);
  EXPECT_EQ(open->as.value, 200000U);
  EXPECT_EQ(open->as_field, 65001);
  EXPECT_EQ(got.add_path[0], AddPathDirection::kReceive);
  EXPECT_EQ(got.add_path[1], AddPathDirection::kBoth);
  EXPECT_TRUE(got.unknown_codes.empty());
}

TEST(Capabilities, MayBeSpreadOverSeveralParameters) {
  const auto open = open_with("0e 02 06 0104 0001 0001 02 04 0200 4600");
  ASSERT_TRUE(open.has_value());
  EXPECT_TRUE(open->capabilities.has_multiprotocol && open->capabilities.enhanced_route_refresh);
}

TEST(Capabilities, UnknownOnesAndUnknownFamiliesAreIgnored) {
  const auto open = open_offering(
      "4002 0078"
      "0104 4004 0047"
      "ff00");
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->capabilities.unknown_codes, (Bytes{64, 255}));
  EXPECT_TRUE(open->capabilities.families.empty());
  EXPECT_TRUE(open->capabilities.has_multiprotocol);
}

TEST(Capabilities, OfAWrongLengthMakeTheirParameterMalformed) {
  for (const std::string_view capability : {"0103 000100", "0105 0001000100", "0201 00", "0601 00", "0900", "0902 0303",
                                            "4102 fde9", "4103 00fde9", "4503 000101", "4601 00"}) {
    expect_error(open_offering(capability), open_error::kUnspecific);
  }
}

TEST(Capabilities, RepeatedAlikeTheyAreOne) {
  const auto open = open_offering("0200 0200 0901 04 0901 04 0104 0001 0001 0104 0001 0001");
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->capabilities.role, Role::kPeer);
  EXPECT_FALSE(open->capabilities.role_conflict);
}

TEST(Capabilities, DifferentRolesAreAConflict) {
  EXPECT_TRUE(open_offering("0901 04 0901 03")->capabilities.role_conflict);
}

TEST(Capabilities, ARoleWithoutANameIsKeptSoThatItMatchesNone) {
  EXPECT_EQ(static_cast<int>(*open_offering("0901 05")->capabilities.role), 5);
}

TEST(Capabilities, AddPathWithAnUnknownDirectionIsIgnoredAsAWhole) {
  for (const std::string_view direction : {"00", "04", "ff"}) {
    const auto open = open_offering("4508 0001 01 03 0002 01" + std::string(direction));
    ASSERT_TRUE(open.has_value());
    EXPECT_EQ(open->capabilities.add_path[0], AddPathDirection::kNone) << direction;
  }
}

TEST(Capabilities, As0InTheFourOctetCapabilityIsABadPeerAs) {
  expect_error(open_offering("4104 00000000"), open_error::kBadPeerAs);
}

TEST(Open, WhatIsSentReadsBack) {
  Open open;
  open.as = {200000};
  open.hold_time = 180;
  open.identifier = 0xCB007101;
  open.capabilities.has_multiprotocol = true;
  for (const rib::Family family : rib::kAllFamilies) open.capabilities.families.add(family);
  open.capabilities.route_refresh = open.capabilities.enhanced_route_refresh = open.capabilities.extended_message =
      true;
  open.capabilities.four_octet_as = open.as;
  open.capabilities.role = Role::kRouteServer;
  open.capabilities.add_path[1] = AddPathDirection::kSend;

  const Bytes message = encode_open(open);
  const auto frame = next_frame(message, false);
  ASSERT_TRUE(frame.has_value() && frame->has_value());
  const auto got = decode_open((*frame)->body);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->as, open.as);
  EXPECT_EQ(got->as_field, kAsTrans);
  EXPECT_EQ(got->hold_time, open.hold_time);
  EXPECT_EQ(got->identifier, open.identifier);
  EXPECT_EQ(got->capabilities, open.capabilities);
}

TEST(Open, WithoutCapabilitiesHasNoParameters) {
  Open open;
  open.as = {112};
  open.identifier = 1;
  EXPECT_EQ(hex(encode_open(open)), std::string(32, 'f') +
                                        "001d01"
                                        "04"
                                        "0070"
                                        "005a"
                                        "00000001"
                                        "00");
}

TEST(Roles, HaveNames) {
  for (const Role role :
       {Role::kProvider, Role::kRouteServer, Role::kRouteServerClient, Role::kCustomer, Role::kPeer}) {
    EXPECT_EQ(role_named(name(role)), role);
  }
  EXPECT_EQ(role_named("friend"), std::nullopt);
  EXPECT_EQ(name(Role{9}), "unknown");
}

}  // namespace
}  // namespace tw::bgp::test
