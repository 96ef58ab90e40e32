// The kernel's counters and its list of sockets.
#include "tcpmd5/kernel_counters.h"

#include "tests/unit/tcpmd5/loopback.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::make_address;

std::optional<SignatureCounters> counters_of(const std::string& text) {
  const std::string path = testing::TempDir() + "netstat-" + std::to_string(::getpid());
  std::ofstream(path) << text;
  const auto counters = read_signature_counters(path);
  std::remove(path.c_str());
  return counters;
}

TEST(SignatureCounters, AreFoundByNameWhereverTheyStand) {
  const auto counters = counters_of(
      "TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected Other TCPMD5Failure\n"
      "TcpExt: 1 2 3 4 18446744073709551615\n"
      "IpExt: InNoRoutes\nIpExt: 9\n");
  ASSERT_TRUE(counters);
  EXPECT_EQ(counters->not_found, 2u);
  EXPECT_EQ(counters->unexpected, 3u);
  EXPECT_EQ(counters->failure, 18446744073709551615u);
}

TEST(SignatureCounters, AreUnknownWhereTheKernelDoesNotTellThem) {
  EXPECT_FALSE(counters_of(""));
  EXPECT_FALSE(counters_of("TcpExt: SyncookiesSent\nTcpExt: 1\n"));
  EXPECT_FALSE(counters_of("TcpExt: TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure\nTcpExt: 1 2\n"));
  EXPECT_FALSE(read_signature_counters("/nonexistent"));
}

TEST(SignatureCounters, AreToldByThisKernel) { EXPECT_TRUE(read_signature_counters()); }

class SocketsTowards : public testing::TestWithParam<std::pair<int, const char*>> {};

TEST_P(SocketsTowards, CountsBothEndsOfAConnectionAndItsTimeWaitButNotTheListener) {
  const auto [family, own] = GetParam();
  const auto peer = make_address(own);
  Socket listener(family);
  listener.listen();
  const std::uint16_t port = listener.port();
  EXPECT_EQ(sockets_towards(peer, port), 0);

  Socket client(family);
  client.connect(port);
  ASSERT_TRUE(client.ready(POLLOUT, 2000));
  ASSERT_TRUE(listener.ready(POLLIN, 2000));
  auto server = Socket::adopt(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(sockets_towards(peer, port), 2) << "on the loopback, both ends are here";
  EXPECT_EQ(sockets_towards(peer, static_cast<std::uint16_t>(port ^ 1)), 0);
  EXPECT_EQ(sockets_towards(make_address("192.0.2.1"), port), 0);
  EXPECT_EQ(sockets_towards(PeerSpec{peer, peer.is_v4() ? 8 : 64}, port), 2) << "and both are in the prefix";
  EXPECT_EQ(sockets_towards(PeerSpec{make_address("192.0.2.0"), 24}, port), 0);

  client.close();
  ASSERT_TRUE(server.ready(POLLIN, 2000));
  server.close();
  EXPECT_EQ(sockets_towards(peer, port), 1) << "who closed first waits";
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, SocketsTowards,
                         testing::Values(std::pair{AF_INET, "127.0.0.1"}, std::pair{AF_INET6, "::1"}));

}  // namespace
}  // namespace tw::tcpmd5
