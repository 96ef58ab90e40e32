// Keys on real sockets, over the loopback interface, and the kernel's refusals in words.
#include "tcpmd5/keyed_socket.h"

#include "tests/unit/tcpmd5/loopback.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::make_address;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A handshake that the kernel drops shows by not happening; the loopback needs microseconds.
constexpr int kSoon = 2000, kNotSoon = 200;

struct Family {
  int domain;
  const char* own;    // the loopback address
  const char* range;  // a prefix around it
  int range_length;
};
std::ostream& operator<<(std::ostream& out, const Family& family) { return out << family.own; }

class KeyedSocket : public testing::TestWithParam<Family> {
 protected:
  PeerSpec single() const { return {make_address(GetParam().own), GetParam().domain == AF_INET ? 32 : 128}; }
  PeerSpec range() const { return {make_address(GetParam().range), GetParam().range_length}; }

  // Whether a client with that key (empty: none) gets through to the listener.
  bool connects(const Socket& listener, const Key& key, int milliseconds) {
    Socket client(GetParam().domain);
    if (!key.empty()) {
      EXPECT_EQ(set_key(client.fd(), single(), key), std::nullopt);
    }
    client.connect(listener.port());
    if (!client.ready(POLLOUT, milliseconds)) return false;
    Socket::adopt(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    return true;
  }
};

TEST_P(KeyedSocket, OnlyTheRightKeyConnects) {
  Socket listener(GetParam().domain);
  ASSERT_EQ(set_key(listener.fd(), single(), Key("right")), std::nullopt);
  listener.listen();
  EXPECT_FALSE(connects(listener, Key("wrong"), kNotSoon));
  EXPECT_FALSE(connects(listener, Key(), kNotSoon));
  EXPECT_TRUE(connects(listener, Key("right"), kSoon));
}

TEST_P(KeyedSocket, APrefixKeysEveryAddressInIt) {
  Socket listener(GetParam().domain);
  ASSERT_EQ(set_key(listener.fd(), range(), Key("right")), std::nullopt);
  listener.listen();
  EXPECT_FALSE(connects(listener, Key(), kNotSoon));
  EXPECT_TRUE(connects(listener, Key("right"), kSoon));
}

TEST_P(KeyedSocket, TheLongestPrefixWinsAndItsRemovalUncoversTheRange) {
  Socket listener(GetParam().domain);
  ASSERT_EQ(set_key(listener.fd(), range(), Key("range")), std::nullopt);
  ASSERT_EQ(set_key(listener.fd(), single(), Key("single")), std::nullopt);
  listener.listen();
  EXPECT_FALSE(connects(listener, Key("range"), kNotSoon));
  EXPECT_TRUE(connects(listener, Key("single"), kSoon));
  ASSERT_EQ(remove_key(listener.fd(), single()), std::nullopt);
  EXPECT_TRUE(connects(listener, Key("range"), kSoon));
}

TEST_P(KeyedSocket, AKeyIsReplacedInPlaceAndRemoved) {
  Socket listener(GetParam().domain);
  ASSERT_EQ(set_key(listener.fd(), single(), Key("old")), std::nullopt);
  ASSERT_EQ(set_key(listener.fd(), single(), Key("new")), std::nullopt);
  listener.listen();
  EXPECT_TRUE(connects(listener, Key("new"), kSoon));
  ASSERT_EQ(remove_key(listener.fd(), single()), std::nullopt);
  EXPECT_TRUE(connects(listener, Key(), kSoon));
}

TEST_P(KeyedSocket, RemovingWhatIsNotThereIsNoError) {
  Socket socket(GetParam().domain);
  EXPECT_EQ(remove_key(socket.fd(), single()), std::nullopt);
  EXPECT_EQ(remove_key(socket.fd(), range()), std::nullopt);
}

TEST_P(KeyedSocket, APrefixIsFoundAgainWithItsHostBitsSet) {
  Socket listener(GetParam().domain);
  ASSERT_EQ(set_key(listener.fd(), {make_address(GetParam().own), GetParam().range_length}, Key("right")),
            std::nullopt);
  ASSERT_EQ(remove_key(listener.fd(), range()), std::nullopt);
  listener.listen();
  EXPECT_TRUE(connects(listener, Key(), kSoon));
}

TEST_P(KeyedSocket, TheLongestKeyIsTakenWhole) {
  Socket listener(GetParam().domain);
  ASSERT_EQ(set_key(listener.fd(), single(), Key(std::string(80, 'k'))), std::nullopt);
  listener.listen();
  EXPECT_FALSE(connects(listener, Key(std::string(79, 'k')), kNotSoon));
  EXPECT_TRUE(connects(listener, Key(std::string(80, 'k')), kSoon));
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, KeyedSocket,
                         testing::Values(Family{AF_INET, "127.0.0.1", "127.0.0.0", 8},
                                         Family{AF_INET6, "::1", "::", 64}));

TEST(KeyedSocketErrors, AddressesOfTheOtherFamilyAreRefusedInWords) {
  Socket v4(AF_INET);
  Socket v6(AF_INET6);
  EXPECT_THAT(set_key(v4.fd(), {make_address("2001:db8::1"), 128}, Key("secret")).value_or(""),
              AllOf(HasSubstr("2001:db8::1"), HasSubstr("needs an IPv6 socket"), Not(HasSubstr("secret"))));
  EXPECT_THAT(set_key(v6.fd(), {make_address("192.0.2.1"), 32}, Key("secret")).value_or(""),
              HasSubstr("needs an IPv4 socket"));
}

TEST(KeyedSocketErrors, AnEmptyKeyIsNoRemoval) {
  Socket socket(AF_INET);
  EXPECT_THAT(set_key(socket.fd(), {make_address("192.0.2.1"), 32}, Key()).value_or(""), HasSubstr("empty"));
}

TEST(KeyedSocketErrors, WhatIsNoSocketIsRefused) {
  EXPECT_THAT(set_key(-1, {make_address("192.0.2.1"), 32}, Key("secret")).value_or(""), HasSubstr("Bad file"));
}

TEST(KeyedSocketErrors, APrefixLengthOutOfRangeIsRefused) {
  Socket socket(AF_INET);
  EXPECT_THAT(set_key(socket.fd(), {make_address("192.0.2.1"), 33}, Key("secret")).value_or(""),
              HasSubstr("prefix length 33"));
}

// 262 is IPPROTO_MPTCP.
TEST(KeyedSocketErrors, AMultipathSocketSaysWhyItCannotBeKeyed) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 262);
  if (fd < 0) return;  // a kernel without MPTCP cannot get into this trouble
  const Socket socket = Socket::adopt(fd);
  EXPECT_THAT(set_key(socket.fd(), {make_address("192.0.2.1"), 32}, Key("secret")).value_or(""), HasSubstr("MPTCP"));
}

TEST(KeyedSocketErrors, ExhaustedOptionMemoryNamesTheSysctlTheNumberOfKeysAndTheRemedy) {
  Socket socket(AF_INET);
  const Key key("secret");
  std::optional<std::string> error;
  std::size_t keys = 0;
  for (; !error && keys < 60'000; keys += error ? 0 : 1)
    error = set_key(socket.fd(), {boost::asio::ip::address_v4(0x0a000000U + static_cast<std::uint32_t>(keys)), 32}, key,
                    keys);
  ASSERT_TRUE(error) << "no limit at " << keys << " keys";
  EXPECT_THAT(*error, AllOf(HasSubstr("net.core.optmem_max"), HasSubstr(std::to_string(keys) + " keys"),
                            HasSubstr("raise it to "), HasSubstr("use a range"), Not(HasSubstr("secret"))));
}

TEST(PeerSpec, PrintsPrefixesWithTheirLengthAndAddressesWithout) {
  EXPECT_EQ(to_string(PeerSpec{make_address("192.0.2.1"), 32}), "192.0.2.1");
  EXPECT_EQ(to_string(PeerSpec{make_address("192.0.2.0"), 24}), "192.0.2.0/24");
  EXPECT_EQ(to_string(PeerSpec{make_address("2001:db8::1"), 128}), "2001:db8::1");
  EXPECT_EQ(to_string(PeerSpec{make_address("2001:db8::"), 32}), "2001:db8::/32");
}

TEST(PeerSpec, CanonicalClearsHostBitsAndScope) {
  EXPECT_EQ(canonical({make_address("192.0.2.129"), 25}), (PeerSpec{make_address("192.0.2.128"), 25}));
  EXPECT_EQ(canonical({make_address("192.0.2.129"), 0}), (PeerSpec{make_address("0.0.0.0"), 0}));
  EXPECT_EQ(canonical({make_address("fe80::1%7"), 128}), (PeerSpec{make_address("fe80::1"), 128}));
}

TEST(PeerSpec, ContainsLooksAtThePrefixOnly) {
  const PeerSpec range{make_address("192.0.2.0"), 23};
  EXPECT_TRUE(contains(range, make_address("192.0.3.255")));
  EXPECT_FALSE(contains(range, make_address("192.0.4.0")));
  EXPECT_FALSE(contains(range, make_address("2001:db8::1")));
  EXPECT_TRUE(contains({make_address("fe80::"), 10}, make_address("fe80::1%3")));
}

}  // namespace
}  // namespace tw::tcpmd5
