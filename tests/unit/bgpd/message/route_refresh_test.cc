// ROUTE-REFRESH with and without RFC 7313.
#include "bgpd/message/message.h"
#include "bgpd/message/octets.h"
#include "tests/unit/bgpd/message/octets_of_hex.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tw::bgp::test {
namespace {

Bytes refresh(std::string_view body) {
  const Bytes content = octets(body);
  Bytes message(19 + content.size(), 0xFF);
  store_u16(message.data() + 16, static_cast<std::uint16_t>(message.size()));
  message[18] = 5;
  std::copy(content.begin(), content.end(), message.begin() + 19);
  return message;
}
Result<std::optional<RouteRefresh>> decode(const Bytes& message, bool enhanced) {
  return decode_route_refresh(**next_frame(message, false), enhanced);
}

TEST(RouteRefresh, WhatIsSentReadsBack) {
  for (const rib::Family family : rib::kAllFamilies) {
    for (const RefreshSubtype subtype : {RefreshSubtype::kRequest, RefreshSubtype::kBegin, RefreshSubtype::kEnd}) {
      const auto got = decode(encode_route_refresh({family, subtype}), true);
      ASSERT_TRUE(got.has_value() && got->has_value());
      EXPECT_EQ((*got)->family, family);
      EXPECT_EQ((*got)->subtype, subtype);
    }
  }
}

TEST(RouteRefresh, WithoutRfc7313TheSubtypeIsReservedAndIgnored) {
  const auto got = decode(refresh("0001 02 01"), false);
  ASSERT_TRUE(got.has_value() && got->has_value());
  EXPECT_EQ((*got)->subtype, RefreshSubtype::kRequest);
}

TEST(RouteRefresh, UnknownSubtypesAndFamiliesAreIgnored) {
  for (const std::string_view body : {"0001 03 01", "0001 ff 01", "0001 00 02", "0003 00 01", "0000 00 00"}) {
    const auto got = decode(refresh(body), true);
    ASSERT_TRUE(got.has_value()) << body;
    EXPECT_FALSE(got->has_value()) << body;
  }
}

TEST(RouteRefresh, AWrongLengthIsAnErrorOfItsOwnWithRfc7313) {
  for (const std::string_view body : {"", "0001", "0001 01", "0001 01 01 00", "0001 02 01 0000"}) {
    const Bytes message = refresh(body);
    const auto got = decode(message, true);
    ASSERT_TRUE(got.has_error()) << body;
    EXPECT_EQ(got.error().code, ErrorCode::kRouteRefresh);
    EXPECT_EQ(got.error().subcode, refresh_error::kInvalidLength);
    EXPECT_EQ(got.error().data, message) << "the complete message";
  }
}

TEST(RouteRefresh, ATooShortOneIsABadMessageLengthWithout) {
  const auto got = decode(refresh("0001 00"), false);
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, ErrorCode::kMessageHeader);
  EXPECT_EQ(got.error().subcode, header_error::kBadLength);
  EXPECT_EQ(got.error().data, (Bytes{0, 22}));
}

TEST(RouteRefresh, RouteFiltersAfterARequestAreNotRead) {
  const auto got = decode(refresh("0001 00 01 01 40 0000"), true);
  ASSERT_TRUE(got.has_value() && got->has_value());
}

}  // namespace
}  // namespace tw::bgp::test
