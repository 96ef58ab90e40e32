// What the kernel tells of its sockets: recorded, then live on a loopback of the test's own.
#include "tcpmd5/socket_samples.h"

#include "tests/unit/tcpmd5/frames.h"
#include "tests/unit/tcpmd5/loopback.h"
#include "tests/unit/tcpmd5/offload/private_network.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <memory>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::make_address;

// Linux 6.18 about a connection over loopback on which 5000 octets were sent and acknowledged.
const char* const kRecorded =
    "980100001400020001000000ae1a0bcb02010000886ee9af7f0000010000000000000000000000007f000001000000000000"
    "000000000000000000008f10000000000000000000000000000000000000000000004d8c1e00050008000000000008000f00"
    "000000000c001500010000000000000006001600520000001c010200010000000007aa01e01c03000000000000d200001802"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000ffff0000d7ff00000e000000"
    "08000000ffffff7f0b000000cbff00000300000000000000d7ff0000000000003abdb69d0d000000ffffffffffffffff8913"
    "00000000000000000000000000000300000002000000000000000500000000000000010000000080de800200000000000000"
    "0000000000000000000000000000000000000000020000000000000088130000000000000000000000000000000000000000"
    "00000000000000a4010000000100000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000";
constexpr std::size_t kCountersAt = 128;  // in the message; what comes before is its attribute's header

// The same, edited, and from a kernel whose counters end after that many octets.
class Recorded {
 public:
  Recorded() : octets_(from_hex(kRecorded)) {}
  Recorded& put(std::size_t at, std::uint8_t octet) {
    octets_.at(at) = octet;
    return *this;
  }
  Recorded& counters_end_after(std::size_t octets) {
    put(kCountersAt - 4, static_cast<std::uint8_t>(4 + octets)).put(kCountersAt - 3, 0);
    return message_ends_at(kCountersAt + octets);
  }
  Recorded& message_ends_at(std::size_t octets) {
    octets_.resize(octets);
    return put(0, static_cast<std::uint8_t>(octets)).put(1, static_cast<std::uint8_t>(octets >> 8));
  }
  std::optional<SocketSample> read() const {
    return read_socket_sample(*reinterpret_cast<const nlmsghdr*>(octets_.data()));
  }

 private:
  Frame octets_;
};

TEST(ReadSocketSample, ReadsWhatTheKernelSaid) {
  const auto sample = Recorded().read();
  ASSERT_TRUE(sample && sample->counters);
  EXPECT_EQ(sample->local, make_address("127.0.0.1"));
  EXPECT_EQ(sample->remote, make_address("127.0.0.1"));
  EXPECT_EQ(sample->local_port, 34926);
  EXPECT_EQ(sample->remote_port, 59823);
  EXPECT_EQ(sample->cookie, 0x108fu);
  EXPECT_EQ(sample->state, TcpState::kEstablished);
  const TcpCounters& counters = *sample->counters;
  EXPECT_EQ(counters.bytes_acked, 5001u);
  EXPECT_EQ(counters.bytes_sent, 5000u);
  EXPECT_EQ(counters.segments_out, 3u);
  EXPECT_EQ(counters.segments_in, 2u);
  EXPECT_EQ(counters.data_segments_out, 1u);
  EXPECT_EQ(counters.data_segments_in, 0u);
  EXPECT_EQ(counters.send_mss, 53760u);
  EXPECT_EQ(counters.path_mtu, 65535u);
  EXPECT_EQ(counters.retransmission_timeout, std::chrono::milliseconds(204));
  EXPECT_EQ(counters.total_retransmits, 0u);
  EXPECT_EQ(counters.rehash, 0u);
  EXPECT_EQ(counters.total_timeouts, 0u);
}

TEST(ReadSocketSample, ReadsEachCounterWhereItLies) {
  Recorded recorded;
  recorded.put(kCountersAt + 2, 3).put(kCountersAt + 4, 4);                                   // retransmits, backoff
  recorded.put(kCountersAt + 24, 5).put(kCountersAt + 28, 6).put(kCountersAt + 32, 7);        // under way
  recorded.put(kCountersAt + 52, 8).put(kCountersAt + 56, 9).put(kCountersAt + 100, 10);      // since; retransmits
  recorded.put(kCountersAt + 144, 11).put(kCountersAt + 208, 12).put(kCountersAt + 228, 13);  // not sent; again; window
  recorded.put(kCountersAt + 236, 14).put(kCountersAt + 240, 15);                             // rehash, timeouts
  const TcpCounters counters = *recorded.read()->counters;
  EXPECT_EQ(counters.retransmits, 3u);
  EXPECT_EQ(counters.backoff, 4u);
  EXPECT_EQ(counters.unacknowledged, 5u);
  EXPECT_EQ(counters.selectively_acknowledged, 6u);
  EXPECT_EQ(counters.lost, 7u);
  EXPECT_EQ(counters.since_data_received.count(), 8);
  EXPECT_EQ(counters.since_ack_received.count(), 9);
  EXPECT_EQ(counters.total_retransmits, 10u);
  EXPECT_EQ(counters.unsent_bytes, 11u);
  EXPECT_EQ(counters.bytes_retransmitted, 12u);
  EXPECT_EQ(*counters.send_window & 0xff, 13u);
  EXPECT_EQ(counters.rehash, 14u);
  EXPECT_EQ(counters.total_timeouts, 15u);
}

TEST(ReadSocketSample, WhatAnOlderKernelDoesNotTellIsAbsent) {
  const TcpCounters linux_6_1 = *Recorded().counters_end_after(232).read()->counters;
  EXPECT_TRUE(linux_6_1.send_window);
  EXPECT_FALSE(linux_6_1.rehash);
  EXPECT_FALSE(linux_6_1.total_timeouts);
  const TcpCounters linux_6_6 = *Recorded().counters_end_after(240).read()->counters;
  EXPECT_TRUE(linux_6_6.rehash);
  EXPECT_FALSE(linux_6_6.total_timeouts);
  const TcpCounters ancient = *Recorded().counters_end_after(104).read()->counters;
  EXPECT_FALSE(ancient.send_window);
  EXPECT_EQ(ancient.bytes_acked, 0u);
  EXPECT_EQ(ancient.send_mss, 53760u);
}

TEST(ReadSocketSample, NothingIsReadBeyondAMessagesEnd) {
  for (std::size_t end = 16; end < from_hex(kRecorded).size(); ++end) {
    const auto sample = Recorded().message_ends_at(end).read();
    EXPECT_EQ(sample.has_value(), end >= 16 + 72) << end;
    if (end < kCountersAt + 280) {
      EXPECT_FALSE(sample && sample->counters) << end;
    }
  }
}

TEST(ReadSocketSample, AnIpv4PeerOfADualStackSocketIsAnIpv4Peer) {
  Recorded recorded;
  recorded.put(16, AF_INET6);
  for (const std::size_t at : {24u, 40u}) {
    for (std::size_t i = 0; i < 16; ++i) recorded.put(at + i, 0);
    recorded.put(at + 10, 0xff).put(at + 11, 0xff).put(at + 12, 192).put(at + 14, 2).put(at + 15, 7);
  }
  EXPECT_EQ(recorded.read()->remote, make_address("192.0.2.7"));
  EXPECT_EQ(recorded.read()->local, make_address("192.0.2.7"));
}

struct Ends {
  int family;
  const char* address;
};

class SocketSamplerTest : public testing::TestWithParam<Ends> {
 protected:
  SocketSamplerTest() {
    listener_.listen();
    client_.connect(listener_.port());
    if (!client_.ready(POLLOUT, 2000)) throw std::runtime_error("no connection");
    server_ = std::make_unique<Socket>(
        Socket::adopt(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)));
  }
  std::vector<SocketSample> sample(std::uint16_t port, std::vector<PeerSpec> peers) {
    auto got = sampler_.sample(port, peers);
    if (auto* failed = std::get_if<std::string>(&got)) throw std::runtime_error(*failed);
    return std::get<std::vector<SocketSample>>(std::move(got));
  }
  std::vector<SocketSample> sample() {
    const auto peer = make_address(GetParam().address);
    return sample(listener_.port(), {{peer, peer.is_v4() ? 32 : 128}});
  }
  // The client's end.
  SocketSample client() {
    for (SocketSample& it : sample())
      if (it.remote_port == listener_.port()) return it;
    throw std::runtime_error("no such socket");
  }

  PrivateNetwork network_;
  Socket listener_{GetParam().family}, client_{GetParam().family};
  std::unique_ptr<Socket> server_;
  SocketSampler sampler_;
};

INSTANTIATE_TEST_SUITE_P(BothFamilies, SocketSamplerTest,
                         testing::Values(Ends{AF_INET, "127.0.0.1"}, Ends{AF_INET6, "::1"}));

TEST_P(SocketSamplerTest, SeesBothEndsOnceAndNotTheListener) {
  const auto samples = sample();
  ASSERT_EQ(samples.size(), 2u);
  for (const SocketSample& it : samples) {
    EXPECT_EQ(it.local, make_address(GetParam().address));
    EXPECT_EQ(it.remote, make_address(GetParam().address));
    EXPECT_EQ(it.state, TcpState::kEstablished);
    EXPECT_TRUE(it.counters);
  }
  EXPECT_EQ(samples[0].local_port, samples[1].remote_port);
  EXPECT_EQ(samples[1].local_port, samples[0].remote_port);
  EXPECT_NE(samples[0].cookie, samples[1].cookie);
}

TEST_P(SocketSamplerTest, CookiesAreTheSockets) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  ASSERT_EQ(::getsockopt(client_.fd(), SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
  EXPECT_EQ(client().cookie, cookie);
}

TEST_P(SocketSamplerTest, OtherPortsAndPeersAreLeftOut) {
  const auto peer = make_address(GetParam().address);
  EXPECT_TRUE(sample(static_cast<std::uint16_t>(listener_.port() ^ 1), {{peer, peer.is_v4() ? 32 : 128}}).empty());
  EXPECT_TRUE(sample(listener_.port(), {}).empty());
  EXPECT_TRUE(sample(listener_.port(), {{make_address("192.0.2.0"), 24}}).empty());
  EXPECT_EQ(sample(listener_.port(), {{make_address("192.0.2.0"), 24}, {peer, peer.is_v4() ? 8 : 64}}).size(), 2u);
}

TEST_P(SocketSamplerTest, CountsWhatIsSentAndAcknowledged) {
  const TcpCounters before = *client().counters;
  ASSERT_EQ(::send(client_.fd(), std::string(1000, 'x').data(), 1000, 0), 1000);
  ASSERT_TRUE(server_->ready(POLLIN, 2000));
  const TcpCounters after = *client().counters;
  EXPECT_EQ(after.bytes_acked, before.bytes_acked + 1000);
  EXPECT_EQ(after.bytes_sent, before.bytes_sent + 1000);
  EXPECT_EQ(after.bytes_retransmitted, 0u);
  EXPECT_EQ(after.data_segments_out, before.data_segments_out + 1);
  EXPECT_GT(after.segments_in, before.segments_in);
  EXPECT_EQ(after.unacknowledged, 0u);
  EXPECT_EQ(after.unsent_bytes, 0u);
  EXPECT_GT(after.send_mss, 500u);
  EXPECT_GT(after.path_mtu, after.send_mss);
  EXPECT_GE(after.retransmission_timeout, std::chrono::milliseconds(200));
  EXPECT_GT(after.send_window.value_or(0), 0u);
}

TEST_P(SocketSamplerTest, ShowsSegmentsThatNobodyAcknowledges) {
  ip("link set lo down");
  ASSERT_EQ(::send(client_.fd(), "x", 1, 0), 1);
  const TcpCounters stuck = *client().counters;
  EXPECT_GT(stuck.unacknowledged + stuck.unsent_bytes, 0u);
  EXPECT_LE(stuck.bytes_acked, 1u) << "nothing but the SYN";
}

TEST_P(SocketSamplerTest, ASocketInTimeWaitHasNoCounters) {
  client_.close();
  ASSERT_TRUE(server_->ready(POLLIN, 2000));
  server_->close();
  const auto samples = sample();
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].state, TcpState::kTimeWait);
  EXPECT_FALSE(samples[0].counters);
}

TEST_P(SocketSamplerTest, AgreesWithWhatTheSocketSaysOfItself) {
  ASSERT_EQ(::send(client_.fd(), std::string(5000, 'x').data(), 5000, 0), 5000);
  ASSERT_TRUE(server_->ready(POLLIN, 2000));
  tcp_info own{};
  socklen_t size = sizeof own;
  ASSERT_EQ(::getsockopt(client_.fd(), IPPROTO_TCP, TCP_INFO, &own, &size), 0);
  const TcpCounters counters = *client().counters;
  EXPECT_EQ(counters.send_mss, own.tcpi_snd_mss);
  EXPECT_EQ(counters.path_mtu, own.tcpi_pmtu);
  EXPECT_EQ(counters.advertised_mss, own.tcpi_advmss);
  EXPECT_EQ(counters.retransmission_timeout.count(), own.tcpi_rto);
  EXPECT_EQ(counters.round_trip.count(), own.tcpi_rtt);
  EXPECT_EQ(counters.unacknowledged, own.tcpi_unacked);
}

}  // namespace
}  // namespace tw::tcpmd5
