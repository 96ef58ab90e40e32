// Live taps, on TAP devices in a namespace of their own, by ring and by messages.
#include "tcpmd5/capture/tap.h"

#include "tests/unit/tcpmd5/frames.h"
#include "tests/unit/tcpmd5/loopback.h"
#include "tests/unit/tcpmd5/offload/private_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>

namespace tw::tcpmd5 {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;

struct SeenFrame {
  TapFrame about;
  Frame octets;
};

class TapTest : public testing::TestWithParam<bool> {
 protected:
  static Tap open(TapRequest request) {
    request.use_ring = GetParam();
    auto opened = open_tap(request);
    if (auto* failed = std::get_if<std::string>(&opened)) throw std::runtime_error(*failed);
    EXPECT_EQ(std::get<OpenedTap>(opened).ring.blocks > 0, GetParam()) << "this kernel should have the ring";
    auto tap = Tap::over(std::get<OpenedTap>(std::move(opened)));
    if (auto* failed = std::get_if<std::string>(&tap)) throw std::runtime_error(*failed);
    return std::get<Tap>(std::move(tap));
  }

  // What the tap sees until `wanted` frames are there.
  static std::vector<SeenFrame> see(Tap& tap, std::size_t wanted) {
    std::vector<SeenFrame> seen;
    while (seen.size() < wanted && readable_within(tap.fd(), 2000))
      tap.read(
          [&](auto frames) {
            for (const TapFrame& it : frames) seen.push_back({it, Frame(it.octets.begin(), it.octets.end())});
          },
          1000);
    return seen;
  }

  PrivateNetwork network_;
  TapDevice nic_{"nic"};
};

INSTANTIATE_TEST_SUITE_P(ByRingAndByMessages, TapTest, testing::Bool(),
                         [](const auto& it) { return it.param ? "Ring" : "Messages"; });

TEST_P(TapTest, SeesWhatArrivesOctetForOctet) {
  ip("link set nic up");
  Tap tap = open({.ifindex = nic_.index()});
  const Frame frame = captured_frame(4, 0);
  const auto before = std::chrono::system_clock::now();
  const auto before_steady = steady_clock::now();
  nic_.receive(frame);
  const auto seen = see(tap, 1);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].octets, frame);
  EXPECT_EQ(seen[0].about.length, frame.size());
  EXPECT_FALSE(seen[0].about.truncated());
  EXPECT_EQ(seen[0].about.ifindex, nic_.index());
  EXPECT_FALSE(seen[0].about.outgoing);
  EXPECT_EQ(seen[0].about.link, Link::kEthernet);
  EXPECT_EQ(seen[0].about.vnet.segmentation, Segmentation::kNone);
  EXPECT_FALSE(seen[0].about.vlan);
  EXPECT_GE(seen[0].about.wall, before - std::chrono::milliseconds(1));
  EXPECT_LE(seen[0].about.wall, std::chrono::system_clock::now());
  EXPECT_GE(seen[0].about.at, before_steady - std::chrono::milliseconds(20));
  EXPECT_LE(seen[0].about.at, steady_clock::now() + std::chrono::milliseconds(20));
  EXPECT_EQ(tap.dropped(), 0u);
}

TEST_P(TapTest, AQuietSessionsFrameDoesNotWaitForItsBlockToFill) {
  ip("link set nic up");
  Tap tap = open({.ifindex = nic_.index()});
  nic_.receive(captured_frame(4, 0));
  EXPECT_TRUE(readable_within(tap.fd(), 2000));
}

TEST_P(TapTest, StopsAtItsBudgetAndGoesOnFromThere) {
  ip("link set nic up");
  Tap tap = open({.ifindex = nic_.index()});
  Frame frame = captured_frame(4, 0);
  for (std::uint8_t i = 0; i < 100; ++i) {
    frame[0] = i;
    nic_.receive(frame);
  }
  std::vector<int> order;
  while (order.size() < 100) {
    ASSERT_TRUE(readable_within(tap.fd(), 2000));
    const std::size_t had = order.size();
    const std::size_t took = tap.read(
        [&](auto frames) {
          for (const TapFrame& it : frames) order.push_back(it.octets[0]);
        },
        7);
    EXPECT_EQ(took, order.size() - had);
    EXPECT_LE(took, 7u);
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(tap.read([](auto) {}, 7), 0u);
}

TEST_P(TapTest, KeepsTheBeginningOfALongFrame) {
  ip("link set nic up");
  Tap tap = open({.ifindex = nic_.index(), .filter = {.snaplen = 60}});
  const Frame frame = captured_frame(4, 1440);
  nic_.receive(frame);
  const auto seen = see(tap, 1);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].octets, Frame(frame.begin(), frame.begin() + 60));
  EXPECT_EQ(seen[0].about.length, frame.size());
  EXPECT_TRUE(seen[0].about.truncated());
}

TEST_P(TapTest, TellsTheVlanThatTheKernelTookOut) {
  ip("link set nic up");
  Tap tap = open({.ifindex = nic_.index()});
  const Frame plain = captured_frame(6, 0);
  Frame tagged = plain;
  insert(tagged, 12, {0x88, 0xa8, 0x20, 0x2a});
  nic_.receive(tagged);
  const auto seen = see(tap, 1);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].octets, plain);
  ASSERT_TRUE(seen[0].about.vlan);
  EXPECT_EQ(seen[0].about.vlan->protocol, 0x88a8);
  EXPECT_EQ(seen[0].about.vlan->control, 0x202a);
}

TEST_P(TapTest, CountsWhatItLostAsItsReaderSlept) {
  ip("link set nic up");
  Tap tap = open({.ifindex = nic_.index(), .ring_octets = 4096});
  const Frame frame = captured_frame(4, 1440);
  constexpr std::uint64_t kSent = 6000;  // 9 MB, far beyond a ring of a megabyte
  for (std::uint64_t i = 0; i < kSent; ++i) nic_.receive(frame);
  std::uint64_t seen = 0;
  while (readable_within(tap.fd(), 500)) tap.read([&](auto frames) { seen += frames.size(); }, 10000);
  EXPECT_GT(tap.dropped(), 0u);
  EXPECT_EQ(tap.dropped() + seen, kSent) << "and stays the sum, however often it is asked";
}

TEST_P(TapTest, SaysThatTheDeviceWentAway) {
  ip("link set nic up");
  Tap tap = open({.ifindex = nic_.index()});
  EXPECT_EQ(tap.take_error(), 0);
  nic_ = TapDevice("other");
  EXPECT_EQ(tap.take_error(), ENETDOWN);
}

TEST_P(TapTest, LeavesOutWhatThisHostSendsWhenAsked) {
  ip("link set lo up");
  Tap all = open({.ifindex = index_of("lo"), .filter = {.ports = {47111}}});
  Tap inbound = open({.ifindex = index_of("lo"), .filter = {.ports = {47111}}, .inbound_only = true});
  Socket client(AF_INET);
  client.connect(47111);  // SYN and RST, each outgoing and incoming
  const auto seen = see(all, 4);
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(std::ranges::count_if(seen, [](const SeenFrame& it) { return it.about.outgoing; }), 2);
  const auto arrived = see(inbound, 2);
  ASSERT_EQ(arrived.size(), 2u);
  EXPECT_FALSE(arrived[0].about.outgoing || arrived[1].about.outgoing);
}

// Sends that much from `client` to `server` while the tap watches.
void transfer(Socket& client, Socket& server, std::size_t octets) {
  std::vector<char> data(octets), into(octets);
  for (std::size_t sent = 0, received = 0; received < octets;) {
    const ssize_t put = ::send(client.fd(), data.data(), octets - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put > 0) sent += static_cast<std::size_t>(put);
    if (!server.ready(POLLIN, 2000)) throw std::runtime_error("nothing arrives");
    const ssize_t got = ::recv(server.fd(), into.data(), octets, 0);
    if (got > 0) received += static_cast<std::size_t>(got);
  }
}

TEST_P(TapTest, SeesASuperSegmentAsOneLongFrameThatIsToBeCut) {
  ip("link set lo mtu 1500");
  Socket listener(AF_INET), client(AF_INET);
  listener.listen();
  Tap tap = open({.ifindex = index_of("lo"), .filter = {.ports = {listener.port()}}});
  client.connect(listener.port());
  ASSERT_TRUE(client.ready(POLLOUT, 2000));
  auto server = Socket::adopt(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  transfer(client, server, 600000);

  std::size_t longest = 0;
  std::vector<SeenFrame> frames;
  for (std::size_t payload = 0; payload < 600000 && readable_within(tap.fd(), 2000);) {
    tap.read(
        [&](auto batch) {
          for (const TapFrame& it : batch) {
            const auto parsed = parse_segment(it.octets, it.link);
            ASSERT_TRUE(std::holds_alternative<Segment>(parsed));
            EXPECT_FALSE(it.truncated());
            EXPECT_TRUE(it.vnet.needs_checksum) << "loopback never completes one";
            EXPECT_EQ(it.vnet.checksum_start, 34u);
            EXPECT_EQ(it.vnet.checksum_offset, 16u);
            longest = std::max(longest, it.octets.size());
            const bool is_long = it.octets.size() > 1514;
            EXPECT_EQ(it.vnet.segmentation, is_long ? Segmentation::kTcp4 : Segmentation::kNone);
            EXPECT_EQ(it.vnet.segment_octets, is_long ? 1448 : 0);
            if (it.outgoing) payload += std::get<Segment>(parsed).payload.size();
          }
        },
        1000);
  }
  EXPECT_GT(longest, 1514u);
}

TEST(OpenTap, SaysThatTheDeviceIsNotThere) {
  const PrivateNetwork network;
  const auto failed = open_tap({.ifindex = 4711});
  ASSERT_TRUE(std::holds_alternative<std::string>(failed));
  EXPECT_THAT(std::get<std::string>(failed), HasSubstr("there is no such device"));
}

TEST(OpenTap, SaysThatItTakesAPrivilege) {
  const PrivateNetwork network;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool dropped = ::setuid(65534) == 0;
    const auto failed = open_tap({.ifindex = index_of("lo")});
    const auto* text = std::get_if<std::string>(&failed);
    ::_exit(dropped && text && text->starts_with("lo: ") && text->find("CAP_NET_RAW") != text->npos ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tw::tcpmd5
