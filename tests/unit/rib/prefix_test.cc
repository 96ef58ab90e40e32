// Text and arithmetic of addresses and prefixes.
#include "rib/prefix.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <random>

namespace tw::rib {
namespace {

std::string round_trip(std::string_view text) {
  const auto address = parse_address(text);
  return address ? to_string(*address) : "refused";
}

TEST(Address, WritesIpv6AsRfc5952Recommends) {
  EXPECT_EQ(round_trip("2001:0DB8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(round_trip("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(round_trip("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(round_trip("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
  EXPECT_EQ(round_trip("0:0:0:0:0:0:0:0"), "::");
  EXPECT_EQ(round_trip("::1"), "::1");
  EXPECT_EQ(round_trip("1::"), "1::");
  EXPECT_EQ(round_trip("::ffff:192.0.2.1"), "::ffff:192.0.2.1");
  EXPECT_EQ(round_trip("fe80::192.0.2.1"), "fe80::c000:201");
}

TEST(Address, RefusesWhatIsNotAnAddress) {
  for (const char* text : {"",
                           ".",
                           "1",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "01.2.3.4",
                           "1.2.3.4 ",
                           " 1.2.3.4",
                           "1.2.3.",
                           "1..2.3",
                           "+1.2.3.4",
                           "1.2.3.-4",
                           "0x1.2.3.4",
                           ":",
                           ":::",
                           "1:",
                           ":1",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1::2::3",
                           "12345::",
                           "g::",
                           "fe80::1%eth0",
                           "1:2:3:4:5:6:7::8",
                           "::1.2.3",
                           "1.2.3.4::",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::-1",
                           "::+1",
                           "2001:db8::/32"}) {
    EXPECT_EQ(parse_address(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(Address, AgreesWithTheSystemOnRandomAddresses) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    IpAddress address{.octets = {}, .v6 = true};
    // Few distinct octets, so that runs of zeros of every length turn up.
    for (auto& octet : address.octets) octet = random() % 3 == 0 ? static_cast<std::uint8_t>(random()) : 0;
    char expected[INET6_ADDRSTRLEN];
    ASSERT_NE(inet_ntop(AF_INET6, address.octets.data(), expected, sizeof expected), nullptr);
    const std::string text = to_string(address);
    // The C library also writes IPv4-compatible addresses (::/96) with a quad, which RFC 5952 §5 does not ask for.
    const bool compatible = std::all_of(address.octets.begin(), address.octets.begin() + 12, [](auto o) { return !o; });
    if (!compatible) {
      EXPECT_EQ(text, expected);
    }
    EXPECT_EQ(parse_address(text), address) << text;
    EXPECT_EQ(parse_address(expected), address) << expected;
  }
}

TEST(Address, ConvertsIpv4ToAndFromHostOrder) {
  const IpAddress address = IpAddress::v4(0xC0000201);
  EXPECT_EQ(to_string(address), "192.0.2.1");
  EXPECT_EQ(address.v4_value(), 0xC0000201U);
  EXPECT_EQ(parse_address("192.0.2.1"), address);
}

TEST(Address, KnowsLinkLocalAndUnspecified) {
  EXPECT_TRUE(parse_address("fe80::1")->is_link_local());
  EXPECT_TRUE(parse_address("febf::1")->is_link_local());
  EXPECT_FALSE(parse_address("fec0::1")->is_link_local());
  EXPECT_TRUE(parse_address("169.254.1.2")->is_link_local());
  EXPECT_FALSE(parse_address("169.253.1.2")->is_link_local());
  EXPECT_TRUE(parse_address("::")->is_unspecified());
  EXPECT_TRUE(parse_address("0.0.0.0")->is_unspecified());
  EXPECT_FALSE(parse_address("::1")->is_unspecified());
}

TEST(PrefixText, ReadsAndWritesBothFamilies) {
  for (const char* text : {"0.0.0.0/0", "192.175.48.0/24", "192.0.2.1/32", "::/0", "2620:4f:8000::/48", "::1/128"}) {
    const auto prefix = parse_prefix(text);
    ASSERT_TRUE(prefix) << text;
    EXPECT_EQ(to_string(*prefix), text);
  }
}

TEST(PrefixText, RefusesHostBitsOnlyWhenStrict) {
  EXPECT_EQ(parse_prefix("192.0.2.1/24"), std::nullopt);
  EXPECT_EQ(to_string(*parse_prefix("192.0.2.1/24", false)), "192.0.2.0/24");
  EXPECT_EQ(to_string(*parse_prefix("255.255.255.255/13", false)), "255.248.0.0/13");
  EXPECT_EQ(to_string(*parse_prefix("2001:db8::1/33", false)), "2001:db8::/33");
}

TEST(PrefixText, RefusesBadLengths) {
  for (const char* text : {"192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/024", "192.0.2.0/-1", "192.0.2.0/+8",
                           "::/129", "::/1000", "/8", "192.0.2.0/24/8", "192.0.2.0/24 "}) {
    EXPECT_EQ(parse_prefix(text, false), std::nullopt) << text;
  }
}

TEST(Prefix, ContainsAddressesAndLongerPrefixesOfItsFamily) {
  const Prefix prefix = *parse_prefix("10.32.0.0/11");
  EXPECT_TRUE(prefix.contains(*parse_address("10.63.255.255")));
  EXPECT_FALSE(prefix.contains(*parse_address("10.64.0.0")));
  EXPECT_FALSE(prefix.contains(*parse_address("a20::")));
  EXPECT_TRUE(prefix.contains(prefix));
  EXPECT_TRUE(prefix.contains(*parse_prefix("10.48.0.0/12")));
  EXPECT_FALSE(prefix.contains(*parse_prefix("10.0.0.0/10")));
  EXPECT_TRUE(parse_prefix("::/0")->contains(*parse_address("::1")));
  EXPECT_FALSE(parse_prefix("0.0.0.0/0")->contains(*parse_prefix("::/0")));
}

TEST(Family, NamesGoBothWays) {
  for (const Family family : kAllFamilies) EXPECT_EQ(family_named(name(family)), family);
  EXPECT_EQ(family_named("ipv4"), std::nullopt);
}

}  // namespace
}  // namespace tw::rib
