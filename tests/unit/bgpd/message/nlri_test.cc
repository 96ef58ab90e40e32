// Prefixes in messages: their syntax, and reading them.
#include "bgpd/message/nlri.h"
#include "tests/unit/bgpd/message/octets_of_hex.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

using rib::Family;

std::vector<std::string> read(std::string_view nlri, Family family, bool add_path = false) {
  const auto field = octets(nlri);
  std::vector<std::string> out;
  for (NlriReader reader(field, family, add_path); reader.next();) {
    out.push_back(to_string(reader.prefix()) + (add_path ? "#" + std::to_string(reader.path_id()) : ""));
    // The invariant of rib::Prefix: nothing beyond the length, whatever was read before.
    const rib::Prefix again = make_prefix(reader.prefix().address(), reader.prefix().length);
    EXPECT_EQ(reader.prefix(), again);
  }
  return out;
}
using Prefixes = std::vector<std::string>;

TEST(Nlri, Ipv4PrefixesOfEveryLengthAreRead) {
  EXPECT_EQ(read("00 08 0a 10 ac10 18 c63364 20 c0000201", Family::kIpv4Unicast),
            (Prefixes{"0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/16", "198.51.100.0/24", "192.0.2.1/32"}));
  for (int length = 0; length <= 32; ++length) {
    std::string nlri = hex({static_cast<std::uint8_t>(length)});
    for (int i = 0; i < (length + 7) / 8; ++i) nlri += "55";
    const auto got = read(nlri + nlri, Family::kIpv4Unicast);
    ASSERT_EQ(got.size(), 2U) << length;
    EXPECT_EQ(got[0], got[1]) << "the last prefix reads as the first, at the end of the field";
    EXPECT_EQ(got[0], to_string(make_prefix(rib::IpAddress::v4(0x55555555), length)));
  }
}

TEST(Nlri, Ipv6PrefixesOfEveryLengthAreRead) {
  rib::IpAddress address;
  address.v6 = true;
  address.octets.fill(0x55);
  for (int length = 0; length <= 128; ++length) {
    std::string nlri = hex({static_cast<std::uint8_t>(length)});
    for (int i = 0; i < (length + 7) / 8; ++i) nlri += "55";
    const auto got = read(nlri + nlri, Family::kIpv6Unicast);
    ASSERT_EQ(got.size(), 2U) << length;
    EXPECT_EQ(got[0], got[1]);
    EXPECT_EQ(got[0], to_string(make_prefix(address, length)));
  }
}

TEST(Nlri, BitsBeyondThePrefixLengthAreCleared) {
  EXPECT_EQ(read("0c 0fff 19 c63364ff", Family::kIpv4Unicast), (Prefixes{"15.240.0.0/12", "198.51.100.128/25"}));
  EXPECT_EQ(read("21 20010db8ff", Family::kIpv6Unicast), Prefixes{"2001:db8:8000::/33"});
}

TEST(Nlri, AShortPrefixDoesNotKeepOctetsOfALongOneBeforeIt) {
  EXPECT_EQ(read("20 c0000201 08 0a", Family::kIpv4Unicast), (Prefixes{"192.0.2.1/32", "10.0.0.0/8"}));
  EXPECT_EQ(read("80 20010db8000000000000000000000001 10 2002", Family::kIpv6Unicast),
            (Prefixes{"2001:db8::1/128", "2002::/16"}));
}

TEST(Nlri, PathIdentifiersStandBeforeTheLength) {
  EXPECT_EQ(read("00000007 18 c63364 ffffffff 00", Family::kIpv4Unicast, true),
            (Prefixes{"198.51.100.0/24#7", "0.0.0.0/0#4294967295"}));
  EXPECT_EQ(read("00000001 20 20010db8", Family::kIpv6Unicast, true), Prefixes{"2001:db8::/32#1"});
}

TEST(Nlri, PrefixesThatCanBeNoDestinationsAreLeftOut) {
  EXPECT_EQ(read("20 e0000001 08 00 08 7f 20 7f000001 04 f0 03 e0 18 c63364 08 e1", Family::kIpv4Unicast),
            Prefixes{"198.51.100.0/24"});
  EXPECT_EQ(read("01 80 02 c0 07 7e 00", Family::kIpv4Unicast),
            (Prefixes{"128.0.0.0/1", "192.0.0.0/2", "126.0.0.0/7", "0.0.0.0/0"}));
  const std::string zeros(30, '0');
  EXPECT_EQ(read("08 ff 10 ff02 0a fe80 40 fe80000000000000 80" + zeros + "00 80" + zeros + "01", Family::kIpv6Unicast),
            Prefixes{});
  EXPECT_EQ(read("09 fe00 0a fec0 07 fe 80" + zeros + "02 00", Family::kIpv6Unicast),
            (Prefixes{"fe00::/9", "fec0::/10", "fe00::/7", "::2/128", "::/0"}));
}

struct Syntax {
  std::string_view nlri;
  Family family;
  bool add_path;
  NlriSyntax syntax;
};
TEST(Nlri, SyntaxIsJudgedForTheWholeField) {
  const Syntax cases[] = {
      {"", Family::kIpv4Unicast, false, NlriSyntax::kCorrect},
      {"00", Family::kIpv4Unicast, false, NlriSyntax::kCorrect},
      {"20 c0000201", Family::kIpv4Unicast, false, NlriSyntax::kCorrect},
      {"21 c000020100", Family::kIpv4Unicast, false, NlriSyntax::kLengthTooLarge},
      {"18 c633", Family::kIpv4Unicast, false, NlriSyntax::kCutOff},
      {"18 c63364 18", Family::kIpv4Unicast, false, NlriSyntax::kCutOff},
      {"21 20010db800", Family::kIpv6Unicast, false, NlriSyntax::kCorrect},
      {"81 0000000000000000000000000000000000", Family::kIpv6Unicast, false, NlriSyntax::kLengthTooLarge},
      {"00000001 18 c63364", Family::kIpv4Unicast, true, NlriSyntax::kCorrect},
      {"00000001", Family::kIpv4Unicast, true, NlriSyntax::kCutOff},
      {"000000", Family::kIpv4Unicast, true, NlriSyntax::kCutOff},
      {"08 7f", Family::kIpv4Unicast, false, NlriSyntax::kWithMartians},
      {"08 7f 21", Family::kIpv4Unicast, false, NlriSyntax::kLengthTooLarge},
      {"10 ff02", Family::kIpv6Unicast, false, NlriSyntax::kWithMartians},
  };
  for (const Syntax& row : cases) {
    EXPECT_EQ(check_nlri(octets(row.nlri), row.family, row.add_path), row.syntax) << row.nlri;
  }
}

}  // namespace
}  // namespace tw::bgp::test
