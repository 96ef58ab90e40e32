// signed_capture: watches one interface and tells every segment that should have been signed for a keyed peer and was
// not.
//
//   signed_capture --interface IF --keys FILE [--port 179]
//
// One JSON object a line on standard output: {"ready":true} when it listens; one for each bad segment; {"keys":N} when
// it has read the keys again, which SIGHUP asks for, after it has judged all that was captured before; a summary at
// SIGTERM or SIGINT. The file's form is in judge.h. Keys are never printed.
//
// Exit code: 0 no violation, 1 a violation, 2 nothing is proven: bad usage, frames lost, or segments not readable.
#include "tests/interop/wire/judge.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace tw::wire {
namespace {

using tcpmd5::NoSegment;
using tcpmd5::Segment;

// struct virtio_net_hdr, whose header C++ cannot read.
struct OffloadHeader {
  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;  // 0: not to be segmented
  std::uint16_t header_length = 0, gso_size = 0, checksum_start = 0, checksum_offset = 0;
};
static_assert(sizeof(OffloadHeader) == 10);

struct Options {
  std::string interface;
  std::string keys_path;
  std::uint16_t port = 179;
};

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }
[[noreturn]] void fail_errno(const std::string& what) { fail(what + ": " + std::strerror(errno)); }

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--interface") {
      options.interface = argv[i + 1];
    } else if (name == "--keys") {
      options.keys_path = argv[i + 1];
    } else if (name == "--port") {
      options.port = static_cast<std::uint16_t>(std::atoi(argv[i + 1]));
    } else {
      fail("unknown option " + name);
    }
  }
  if (options.interface.empty() || options.keys_path.empty() || argc % 2 == 0)
    fail("usage: signed_capture --interface IF --keys FILE [--port 179]");
  return options;
}

// AF_PACKET, each frame preceded by its offload state, both directions.
int open_tap(const std::string& interface) {
  // Protocol 0 until bound: nothing of other interfaces is to be queued.
  const int fd = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_errno("AF_PACKET socket");
  const int buffer = 64 << 20;
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0) fail_errno("SO_RCVBUFFORCE");
  if (::setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) != 0) fail_errno("PACKET_VNET_HDR");
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(ETH_P_ALL);
  where.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  if (where.sll_ifindex == 0) fail_errno(interface);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) fail_errno("bind to " + interface);
  return fd;
}

int open_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGHUP, SIGINT, SIGTERM}) sigaddset(&signals, number);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int fd = ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) fail_errno("signalfd");
  return fd;
}

std::vector<PeerKeys> load_keys(const std::string& path) {
  std::ifstream file(path);
  if (!file) fail_errno(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ParsedKeys parsed = parse_keys(text);
  if (const auto* fault = std::get_if<std::string>(&parsed)) fail(path + ": " + *fault);
  return std::get<std::vector<PeerKeys>>(std::move(parsed));
}

void print_line(const std::string& json) {
  std::puts(json.c_str());
  std::fflush(stdout);
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string endpoint(const boost::asio::ip::address& address, std::uint16_t port) {
  return quoted((address.is_v6() ? "[" + address.to_string() + "]" : address.to_string()) + ":" + std::to_string(port));
}

std::string flag_names(std::uint8_t flags) {
  constexpr std::array kNames{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
  std::string names;
  for (std::size_t bit = 0; bit < kNames.size(); ++bit)
    if ((flags >> bit & 1) != 0) names += (names.empty() ? "" : " ") + std::string(kNames[bit]);
  return names;
}

std::string json_of(const Segment& segment, Direction direction, const Finding& finding) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return "{\"time\":" + std::to_string(now.count()) +
         ",\"direction\":" + quoted(direction == Direction::kOut ? "out" : "in") +
         ",\"src\":" + endpoint(segment.source, segment.source_port) +
         ",\"dst\":" + endpoint(segment.destination, segment.destination_port) +
         ",\"flags\":" + quoted(flag_names(segment.flags)) + ",\"payload\":" + std::to_string(segment.payload.size()) +
         ",\"what\":" + quoted(to_string(finding.fault)) +
         ",\"answers_unsigned\":" + (finding.answers_unsigned ? "true" : "false") +
         ",\"violation\":" + (finding.violation ? "true" : "false") + "}";
}

class Capture {
 public:
  explicit Capture(Options options)
      : options_(std::move(options)), tap_(open_tap(options_.interface)), signals_(open_signals()) {
    judge_.set_keys(load_keys(options_.keys_path));
  }

  int run() {
    print_line("{\"ready\":true}");
    for (;;) {
      std::array<pollfd, 2> ready{{{tap_, POLLIN, 0}, {signals_, POLLIN, 0}}};
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) fail_errno("poll");
      // Before a signal is acted on, so that what was captured before it is judged by what was right before it.
      read_tap();
      signalfd_siginfo signal;
      if (::read(signals_, &signal, sizeof signal) != sizeof signal) continue;
      if (signal.ssi_signo != SIGHUP) return summarize();
      read_tap();
      judge_.set_keys(load_keys(options_.keys_path));
      print_line("{\"keys\":" + std::to_string(++generation_) + "}");
    }
  }

 private:
  void read_tap() {
    for (;;) {
      sockaddr_ll from{};
      socklen_t from_size = sizeof from;
      const ssize_t got =
          ::recvfrom(tap_, buffer_.data(), buffer_.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &from_size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got < 0) fail_errno("tap");  // ENETDOWN too: from here on, nothing would be proven
      const auto size = std::min(static_cast<std::size_t>(got), buffer_.size());
      look_at(std::span(buffer_).first(size), from.sll_pkttype == PACKET_OUTGOING ? Direction::kOut : Direction::kIn);
    }
  }

  void look_at(std::span<const std::uint8_t> captured, Direction direction) {
    OffloadHeader offload;
    if (captured.size() < sizeof offload) return;
    std::memcpy(&offload, captured.data(), sizeof offload);
    const auto parsed = parse_segment(captured.subspan(sizeof offload), tcpmd5::Link::kEthernet);
    if (const auto* why = std::get_if<NoSegment>(&parsed)) {
      if (*why != NoSegment::kNotTcp) ++unreadable_;
      return;
    }
    const auto& segment = std::get<Segment>(parsed);
    if (segment.source_port != options_.port && segment.destination_port != options_.port) return;
    const bool to_be_segmented = offload.gso_type != 0;
    if (const auto finding = judge_.saw(segment, direction, to_be_segmented))
      print_line(json_of(segment, direction, *finding));
  }

  int summarize() {
    tpacket_stats statistics{};
    socklen_t size = sizeof statistics;
    ::getsockopt(tap_, SOL_PACKET, PACKET_STATISTICS, &statistics, &size);
    std::uint64_t violations = 0;
    std::string peers;
    for (const auto& [peer, counts] : judge_.counts()) {
      violations += counts.violations;
      peers += (peers.empty() ? "" : ",") + quoted(peer.to_string()) + ":{\"in\":" + std::to_string(counts.in) +
               ",\"bad_in\":" + std::to_string(counts.bad_in) + ",\"out\":" + std::to_string(counts.out) +
               ",\"out_signed\":" + std::to_string(counts.out_signed) +
               ",\"excused\":" + std::to_string(counts.excused) +
               ",\"violations\":" + std::to_string(counts.violations) + "}";
    }
    print_line("{\"summary\":true,\"violations\":" + std::to_string(violations) +
               ",\"lost\":" + std::to_string(statistics.tp_drops) + ",\"unreadable\":" + std::to_string(unreadable_) +
               ",\"peers\":{" + peers + "}}");
    if (violations != 0) return 1;
    return statistics.tp_drops != 0 || unreadable_ != 0 ? 2 : 0;
  }

  Options options_;
  int tap_;
  int signals_;
  Judge judge_;
  int generation_ = 0;
  std::uint64_t unreadable_ = 0;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(1 << 20);
};

}  // namespace
}  // namespace tw::wire

int main(int argc, char** argv) {
  try {
    return tw::wire::Capture(tw::wire::parse_options(argc, argv)).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "signed_capture: %s\n", error.what());
    return 2;
  }
}
