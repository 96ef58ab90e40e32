#include "tcpmd5/capture/frame_filter.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace tw::tcpmd5 {
namespace {

constexpr std::uint32_t kVxlanPort = 4789;  // RFC 7348 §5
constexpr std::uint32_t kVlanTagOctets = 4, kEthernetOctets = 14, kEtherTypeAt = 12, kIpv6Octets = 40;
constexpr std::size_t kVlanTags = 2;

// Where a jump can lead. Everything from kIpv4 on finds in X where its header begins.
enum Place {
  kNext,
  kEthernet,
  kFirstTag,
  kSecondTag,
  kIpv4Ethernet,  // and, following it, one for each tag stepped over
  kIpv6Ethernet = kIpv4Ethernet + kVlanTags + 1,
  kIpv4 = kIpv6Ethernet + kVlanTags + 1,
  kIpv4Tcp,
  kIpv4Udp,
  kIpv4Icmp,
  kIpv6,
  kHopByHop,
  kIpv6Tcp,
  kIpv6Udp,
  kIpv6Icmp,
  kEitherPort,
  kVxlan,
  kAccept,
  kReject,
  kPlaces
};

// A program under construction: jumps name places, and are resolved when all of it is known.
class Assembler {
 public:
  void place(int it) { places_.at(static_cast<std::size_t>(it)) = steps_.size(); }
  void step(std::uint16_t code, std::uint32_t operand = 0) { steps_.push_back({code, operand, kNext, kNext}); }
  void jump(int to) { steps_.push_back({BPF_JMP | BPF_JA, 0, to, kNext}); }
  void if_equal(std::uint32_t value, int yes, int no = kNext) {
    steps_.push_back({BPF_JMP | BPF_JEQ | BPF_K, value, yes, no});
  }
  void if_any_bit(std::uint32_t bits, int yes, int no = kNext) {
    steps_.push_back({BPF_JMP | BPF_JSET | BPF_K, bits, yes, no});
  }
  void load_octet(std::uint32_t at) { step(BPF_LD | BPF_B | BPF_IND, at); }  // at X + at
  void load_short(std::uint32_t at) { step(BPF_LD | BPF_H | BPF_IND, at); }
  void set_x(std::uint32_t value) { step(BPF_LDX | BPF_IMM, value); }
  void add_to_x(std::uint32_t value) {
    step(BPF_MISC | BPF_TXA);
    step(BPF_ALU | BPF_ADD, value);  // with BPF_K, which is zero
    step(BPF_MISC | BPF_TAX);
  }

  std::vector<sock_filter> finish() const {
    std::vector<sock_filter> program;
    for (const Step& step : steps_) {
      sock_filter out{step.code, 0, 0, step.operand};
      if (step.code == (BPF_JMP | BPF_JA)) {
        out.k = distance(program.size(), step.yes);
      } else {
        out.jt = static_cast<std::uint8_t>(distance(program.size(), step.yes));
        out.jf = static_cast<std::uint8_t>(distance(program.size(), step.no));
      }
      program.push_back(out);
    }
    return program;
  }

 private:
  struct Step {
    std::uint16_t code;
    std::uint32_t operand;
    int yes, no;
  };
  // Forward only, as the kernel wants it; all of the program is shorter than a conditional jump reaches.
  std::uint32_t distance(std::size_t from, int to) const {
    return to == kNext ? 0 : static_cast<std::uint32_t>(places_.at(static_cast<std::size_t>(to)) - from - 1);
  }

  std::vector<Step> steps_;
  std::array<std::size_t, kPlaces> places_{};
};

// Ethernet or bare IP? The device knows.
void choose_link(Assembler& code) {
  code.step(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_HATYPE));
  code.if_equal(ARPHRD_ETHER, kEthernet);
  code.if_equal(ARPHRD_LOOPBACK, kEthernet);
  code.set_x(0);
  code.load_octet(0);
  code.step(BPF_ALU | BPF_RSH | BPF_K, 4);
  code.if_equal(4, kIpv4);
  code.if_equal(6, kIpv6, kReject);
}

// Finds the IP header behind the tags that the kernel left in the frame; it takes the outermost out by itself.
void step_over_tags(Assembler& code) {
  constexpr std::array kTagPlaces{kEthernet, kFirstTag, kSecondTag};
  for (std::size_t tags = 0; tags <= kVlanTags; ++tags) {
    const auto octets = static_cast<std::uint32_t>(tags) * kVlanTagOctets;
    const int next_tag = tags < kVlanTags ? kTagPlaces[tags + 1] : kReject;
    code.place(kTagPlaces[tags]);
    code.step(BPF_LD | BPF_H | BPF_ABS, kEtherTypeAt + octets);
    code.if_equal(ETH_P_IP, kIpv4Ethernet + static_cast<int>(tags));
    code.if_equal(ETH_P_IPV6, kIpv6Ethernet + static_cast<int>(tags));
    code.if_equal(ETH_P_8021Q, next_tag);
    code.if_equal(ETH_P_8021AD, next_tag, kReject);
  }
  for (int tags = 0; tags <= static_cast<int>(kVlanTags); ++tags) {
    const std::uint32_t header_at = kEthernetOctets + static_cast<std::uint32_t>(tags) * kVlanTagOctets;
    code.place(kIpv4Ethernet + tags);
    code.set_x(header_at);
    code.jump(kIpv4);
    code.place(kIpv6Ethernet + tags);
    code.set_x(header_at);
    code.jump(kIpv6);
  }
}

void skip_ipv4_header(Assembler& code) {
  code.load_octet(0);
  code.step(BPF_ALU | BPF_AND | BPF_K, 0x0f);
  code.step(BPF_ALU | BPF_LSH | BPF_K, 2);
  code.step(BPF_ALU | BPF_ADD | BPF_X);
  code.step(BPF_MISC | BPF_TAX);
}

void choose_ipv4(Assembler& code, const FrameFilter& filter) {
  constexpr std::uint32_t kProtocolAt = 9, kFragmentAt = 6, kFragmentOffset = 0x1fff;
  code.place(kIpv4);
  code.load_octet(kProtocolAt);
  code.if_equal(IPPROTO_TCP, kIpv4Tcp);
  code.if_equal(IPPROTO_ICMP, filter.packet_too_big ? kIpv4Icmp : kReject);
  code.if_equal(IPPROTO_GRE, filter.encapsulated ? kAccept : kReject);
  code.if_equal(IPPROTO_UDP, filter.encapsulated ? kIpv4Udp : kReject, kReject);

  code.place(kIpv4Tcp);
  code.load_short(kFragmentAt);
  code.if_any_bit(kFragmentOffset, kAccept);  // its ports are in another fragment
  skip_ipv4_header(code);
  code.jump(kEitherPort);

  code.place(kIpv4Udp);
  code.load_short(kFragmentAt);
  code.if_any_bit(kFragmentOffset, kReject);
  skip_ipv4_header(code);
  code.jump(kVxlan);

  constexpr std::uint32_t kNeedToFragment = 3 << 8 | 4;  // type 3, code 4 (RFC 1191)
  code.place(kIpv4Icmp);
  code.load_short(kFragmentAt);
  code.if_any_bit(kFragmentOffset, kReject);
  skip_ipv4_header(code);
  code.load_short(0);
  code.if_equal(kNeedToFragment, kAccept, kReject);
}

void choose_ipv6(Assembler& code, const FrameFilter& filter) {
  constexpr std::uint32_t kNextHeaderAt = 6;
  code.place(kIpv6);
  code.load_octet(kNextHeaderAt);
  code.if_equal(IPPROTO_TCP, kIpv6Tcp);
  constexpr std::array<std::uint32_t, 5> kExtensions{IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_DSTOPTS, IPPROTO_AH,
                                                     IPPROTO_MH};
  code.if_equal(IPPROTO_HOPOPTS, kHopByHop);
  for (const std::uint32_t extension : kExtensions) code.if_equal(extension, kAccept);
  code.if_equal(IPPROTO_ICMPV6, filter.packet_too_big ? kIpv6Icmp : kReject);
  code.if_equal(IPPROTO_GRE, filter.encapsulated ? kAccept : kReject);
  code.if_equal(IPPROTO_UDP, filter.encapsulated ? kIpv6Udp : kReject, kReject);

  // What multicast listeners send all the time (RFC 3810 §5) is no segment.
  code.place(kHopByHop);
  code.load_octet(kIpv6Octets);
  code.if_equal(IPPROTO_ICMPV6, kReject, kAccept);

  code.place(kIpv6Tcp);
  code.add_to_x(kIpv6Octets);
  code.jump(kEitherPort);

  code.place(kIpv6Udp);
  code.add_to_x(kIpv6Octets);
  code.jump(kVxlan);

  constexpr std::uint32_t kPacketTooBig = 2;  // RFC 4443 §3.2
  code.place(kIpv6Icmp);
  code.load_octet(kIpv6Octets);
  code.if_equal(kPacketTooBig, kAccept, kReject);
}

// X is where the ports are.
void choose_ports(Assembler& code, const FrameFilter& filter) {
  code.place(kEitherPort);
  const std::size_t count = std::min(filter.ports.size(), FrameFilter::kMaxPorts);
  for (const std::uint32_t at : {0, 2}) {
    code.load_short(at);
    for (std::size_t i = 0; i < count; ++i) code.if_equal(filter.ports[i], kAccept);
  }
  code.jump(kReject);
  code.place(kVxlan);
  code.load_short(2);
  code.if_equal(kVxlanPort, kAccept, kReject);
}

}  // namespace

std::vector<sock_filter> filter_program(const FrameFilter& filter) {
  if (filter.longer_than > 0)
    return {{BPF_LD | BPF_W | BPF_LEN, 0, 0, 0},
            {BPF_JMP | BPF_JGT | BPF_K, 0, 1, filter.longer_than},
            {BPF_RET | BPF_K, 0, 0, filter.snaplen},
            {BPF_RET | BPF_K, 0, 0, 0}};
  Assembler code;
  choose_link(code);
  step_over_tags(code);
  choose_ipv4(code, filter);
  choose_ipv6(code, filter);
  choose_ports(code, filter);
  code.place(kAccept);
  code.step(BPF_RET | BPF_K, filter.snaplen);
  code.place(kReject);
  code.step(BPF_RET | BPF_K, 0);
  return code.finish();
}

}  // namespace tw::tcpmd5
