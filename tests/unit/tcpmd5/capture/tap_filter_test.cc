// What the kernel lets through to a tap: its own interpreter runs the program on frames that arrive.
#include "tcpmd5/capture/tap.h"

#include "tests/unit/tcpmd5/frames.h"
#include "tests/unit/tcpmd5/offload/private_network.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

namespace tw::tcpmd5 {
namespace {

const Frame kMacs = from_hex("020000000001020000000002");

Frame join(std::initializer_list<Frame> parts) {
  Frame all;
  for (const Frame& part : parts) insert(all, all.size(), part);
  return all;
}
Frame ethernet(const char* ether_type, const Frame& payload) { return join({kMacs, from_hex(ether_type), payload}); }
Frame ports(std::uint16_t source, std::uint16_t destination) {
  Frame octets{static_cast<std::uint8_t>(source >> 8), static_cast<std::uint8_t>(source),
               static_cast<std::uint8_t>(destination >> 8), static_cast<std::uint8_t>(destination)};
  octets.resize(20);
  return octets;
}
Frame ipv4(std::uint8_t protocol, const Frame& payload, std::uint16_t fragment = 0, std::uint8_t words = 5) {
  Frame packet(words * 4u);
  packet[0] = static_cast<std::uint8_t>(0x40 | words);
  packet[6] = static_cast<std::uint8_t>(fragment >> 8);
  packet[7] = static_cast<std::uint8_t>(fragment);
  packet[9] = protocol;
  return join({packet, payload});
}
Frame ipv6(std::uint8_t next_header, const Frame& payload) {
  Frame packet(40);
  packet[0] = 0x60;
  packet[6] = next_header;
  return join({packet, payload});
}
Frame over_ipv4(std::uint8_t protocol, const Frame& payload, std::uint16_t fragment = 0, std::uint8_t words = 5) {
  return ethernet("0800", ipv4(protocol, payload, fragment, words));
}
Frame over_ipv6(std::uint8_t next_header, const Frame& payload) { return ethernet("86dd", ipv6(next_header, payload)); }

constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kGre = 47, kIcmp6 = 58;

class TapFilter : public testing::Test {
 protected:
  TapFilter() { ip("link set nic up"); }

  // Whether a tap with this filter sees the frame. What follows it tells when to stop waiting.
  bool passes(const FrameFilter& filter, const Frame& frame) {
    Tap& tap = tap_with(filter);
    const Frame last = over_ipv4(kTcp, ports(filter.ports.front(), 4711));
    nic_.receive(frame);
    nic_.receive(last);
    std::vector<Frame> seen;
    while (seen.empty() || seen.back() != last) {
      if (!readable_within(tap.fd(), 2000)) throw std::runtime_error("the last frame never came");
      tap.read(
          [&](auto frames) {
            for (const TapFrame& it : frames) seen.emplace_back(it.octets.begin(), it.octets.end());
          },
          10);
    }
    return seen.size() == 2;
  }
  bool passes(const Frame& frame) { return passes(FrameFilter{}, frame); }

  // Empty, and kept: to open one takes the kernel a while.
  Tap& tap_with(const FrameFilter& filter) {
    const auto key = std::tuple(filter.ports, filter.encapsulated, filter.packet_too_big);
    if (const auto known = taps_.find(key); known != taps_.end()) {
      known->second.read([](auto) {}, 1000);
      return known->second;
    }
    auto opened = open_tap({.ifindex = nic_.index(), .filter = filter, .inbound_only = true, .use_ring = false});
    return taps_.emplace(key, std::get<Tap>(Tap::over(std::get<OpenedTap>(std::move(opened))))).first->second;
  }

  PrivateNetwork network_;
  TapDevice nic_{"nic"};
  std::map<std::tuple<std::vector<std::uint16_t>, bool, bool>, Tap> taps_;
};

TEST_F(TapFilter, LetsEachOfSeveralPortsThrough) {
  std::vector<std::uint16_t> all{179, 10179};
  while (all.size() < FrameFilter::kMaxPorts) all.push_back(static_cast<std::uint16_t>(20000 + all.size()));
  const FrameFilter filter{.ports = all};
  for (const std::uint16_t port : {all.front(), all[1], all.back()}) {
    EXPECT_TRUE(passes(filter, over_ipv4(kTcp, ports(port, 40000))));
    EXPECT_TRUE(passes(filter, over_ipv6(kTcp, ports(40000, port))));
  }
  EXPECT_FALSE(passes(filter, over_ipv4(kTcp, ports(40000, 180))));
  EXPECT_FALSE(passes(filter, over_ipv6(kTcp, ports(10180, 40000))));
}

TEST_F(TapFilter, LetsSegmentsFromAndToThePortThrough) {
  for (const auto& over :
       {+[](const Frame& it) { return over_ipv4(kTcp, it); }, +[](const Frame& it) { return over_ipv6(kTcp, it); }}) {
    EXPECT_TRUE(passes(over(ports(179, 40000))));
    EXPECT_TRUE(passes(over(ports(40000, 179))));
    EXPECT_FALSE(passes(over(ports(40000, 180))));
    EXPECT_TRUE(passes({.ports = {1179}}, over(ports(40000, 1179))));
    EXPECT_FALSE(passes({.ports = {1179}}, over(ports(40000, 179))));
  }
}

TEST_F(TapFilter, LetsEverySegmentThroughThatAKernelSigned) {
  // The captured segments use several ports: each must pass with its own, and none with another.
  for (const CapturedFrame& it : captured_frames()) {
    const auto parsed = parse_segment(it.frame, Link::kEthernet);
    const auto& segment = std::get<Segment>(parsed);
    EXPECT_TRUE(passes({.ports = {segment.source_port}}, it.frame));
    EXPECT_TRUE(passes({.ports = {segment.destination_port}}, it.frame));
    EXPECT_FALSE(passes({.ports = {1}}, it.frame));
  }
}

TEST_F(TapFilter, StepsOverIpv4Options) {
  EXPECT_TRUE(passes(over_ipv4(kTcp, ports(179, 40000), 0, 15)));
  EXPECT_FALSE(passes(over_ipv4(kTcp, ports(180, 40000), 0, 15)));
}

TEST_F(TapFilter, LetsFragmentsOfTcpThroughThatHaveNoPorts) {
  EXPECT_TRUE(passes(over_ipv4(kTcp, Frame(24, 0xff), 185)));
  EXPECT_TRUE(passes(over_ipv4(kTcp, ports(179, 40000), 0x2000))) << "the first one";
  EXPECT_FALSE(passes(over_ipv4(kTcp, ports(180, 40000), 0x2000)));
  EXPECT_FALSE(passes(over_ipv4(kUdp, Frame(24, 0xff), 185)));
}

TEST_F(TapFilter, LeavesExtensionHeadersToTheParser) {
  for (const std::uint8_t extension : {0, 43, 44, 51, 60, 135})
    EXPECT_TRUE(passes(over_ipv6(extension, join({{kTcp, 0, 0, 0, 0, 0, 0, 0}, ports(40000, 179)})))) << +extension;
  EXPECT_FALSE(passes(over_ipv6(0, join({{kIcmp6, 0, 5, 2, 0, 0, 0, 0}, Frame(24)})))) << "multicast listeners";
}

TEST_F(TapFilter, StepsOverUpToTwoTagsBesidesTheKernels) {
  for (const char* tags : {"81000007", "88a8000781000008", "88a800078100000881000009"}) {
    for (const auto& [type, packet] :
         {std::pair{"0800", ipv4(kTcp, ports(40000, 179))}, std::pair{"86dd", ipv6(kTcp, ports(40000, 179))}})
      EXPECT_TRUE(passes(join({kMacs, from_hex(tags), from_hex(type), packet}))) << tags << type;
    EXPECT_FALSE(passes(join({kMacs, from_hex(tags), from_hex("0800"), ipv4(kTcp, ports(40000, 180))}))) << tags;
  }
}

TEST_F(TapFilter, LeavesOutWhatIsNeitherTcpNorAskedFor) {
  EXPECT_FALSE(passes(over_ipv4(kUdp, ports(179, 179))));
  EXPECT_FALSE(passes(over_ipv6(kUdp, ports(179, 179))));
  EXPECT_FALSE(passes(ethernet("0806", Frame(28))));
  EXPECT_FALSE(passes(over_ipv4(kGre, Frame(60))));
  EXPECT_FALSE(passes(over_ipv4(kUdp, ports(40000, 4789))));
  EXPECT_FALSE(passes(over_ipv4(kIcmp, {3, 4, 0, 0, 0, 0, 5, 220})));
  EXPECT_FALSE(passes(over_ipv6(kIcmp6, {2, 0, 0, 0, 0, 0, 5, 220})));
}

TEST_F(TapFilter, LetsThroughWhatMirrorsArriveIn) {
  const FrameFilter mirror{.encapsulated = true};
  for (const auto& over : {+[](std::uint8_t it, const Frame&octets) { return over_ipv4(it, octets); }, &over_ipv6}) {
    EXPECT_TRUE(passes(mirror, over(kGre, Frame(60))));
    EXPECT_TRUE(passes(mirror, over(kUdp, ports(40000, 4789))));
    EXPECT_FALSE(passes(mirror, over(kUdp, ports(4789, 40000))));
    EXPECT_TRUE(passes(mirror, over(kTcp, ports(179, 40000)))) << "plain ones, too";
  }
}

TEST_F(TapFilter, LetsThroughWhatSaysThatAPacketIsTooBigWhenAsked) {
  const FrameFilter watcher{.packet_too_big = true};
  EXPECT_TRUE(passes(watcher, over_ipv4(kIcmp, {3, 4, 0, 0, 0, 0, 5, 220})));
  EXPECT_FALSE(passes(watcher, over_ipv4(kIcmp, {3, 1, 0, 0, 0, 0, 0, 0})));
  EXPECT_FALSE(passes(watcher, over_ipv4(kIcmp, {8, 0, 0, 0, 0, 0, 0, 0})));
  EXPECT_TRUE(passes(watcher, over_ipv6(kIcmp6, {2, 0, 0, 0, 0, 0, 5, 220})));
  EXPECT_FALSE(passes(watcher, over_ipv6(kIcmp6, {1, 0, 0, 0, 0, 0, 0, 0})));
}

TEST_F(TapFilter, FramesCutShortNeverReachBeyondTheirEnd) {
  for (const Frame& whole : {over_ipv4(kTcp, ports(40000, 179)), over_ipv6(kTcp, ports(40000, 179))}) {
    const std::size_t ports_end = whole.size() - 16;
    for (std::size_t size = 14; size < whole.size(); ++size)
      EXPECT_EQ(passes(Frame(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), size >= ports_end)
          << size;
  }
}

}  // namespace
}  // namespace tw::tcpmd5
