// What the verifier's thread does with a block of the tap's ring while a table is sent: parsing, digests, and what the
// engine concludes of it. The tap itself is not in it.
#include "tcpmd5/digest.h"
#include "tcpmd5/healer/journal.h"
#include "tcpmd5/offload/offloads.h"
#include "tcpmd5/service/engine.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace tw::tcpmd5 {
namespace {

using Frame = std::vector<std::uint8_t>;

constexpr std::size_t kBlock = 128;  // outgoing segments in a block of the ring
constexpr std::size_t kTcpAt = 34, kPayloadAt = 74;
constexpr std::uint32_t kMss = 1428;

struct NoOffloads : Offloads {
  std::variant<DeviceFeatures, OffloadFailure> read(unsigned) override { return DeviceFeatures{}; }
  std::variant<ChangeOutcome, OffloadFailure> change(unsigned, const FeatureChange&) override {
    return ChangeOutcome{};
  }
};
struct NoJournal : Journal {
  std::optional<std::string> begin_trial(unsigned, const DeviceFeatures&) override { return "no"; }
  void end_trial(unsigned) override {}
  std::optional<std::string> put_remedy(const Verdict&, const DeviceFeatures&) override { return "no"; }
  void remove_remedy(unsigned) override {}
};

void put_be(Frame& frame, std::size_t at, std::uint32_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) frame[at + i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
}
// Between 192.0.2.1, which is us, and a peer at 192.0.2.2; Ethernet, IPv4, options as Linux sends them.
Frame frame_with(bool outgoing, std::size_t payload) {
  Frame frame(kPayloadAt + payload, 0x5a);
  std::fill_n(frame.begin(), kPayloadAt, std::uint8_t{0});
  put_be(frame, 12, 0x0800, 2);
  frame[14] = 0x45;
  put_be(frame, 16, static_cast<std::uint32_t>(frame.size() - 14), 2);
  frame[22] = 64;
  frame[23] = 6;
  put_be(frame, 26, outgoing ? 0xc0000201 : 0xc0000202, 4);
  put_be(frame, 30, outgoing ? 0xc0000202 : 0xc0000201, 4);
  put_be(frame, kTcpAt, outgoing ? 40000 : 179, 2);
  put_be(frame, kTcpAt + 2, outgoing ? 179 : 40000, 2);
  frame[kTcpAt + 12] = 10 << 4;
  frame[kTcpAt + 13] = tcp_flag::kAck;
  put_be(frame, kTcpAt + 14, 512, 2);
  put_be(frame, kTcpAt + 20, 0x01011312, 4);
  return frame;
}

// And completes the checksum.
void sign(Frame& frame, const Key& key) {
  const auto digest = digest_of(std::get<Segment>(parse_segment(frame, Link::kEthernet)), key);
  std::copy(digest.begin(), digest.end(), frame.begin() + kTcpAt + 24);
  put_be(frame, kTcpAt + 16, expected_checksum(std::get<Segment>(parse_segment(frame, Link::kEthernet))), 2);
}

// A stretch of a table's transfer: full segments, each second of which the peer acknowledges. Each pass over it goes on
// where the last one ended.
class Transfer {
 public:
  Transfer() {
    for (std::size_t i = 0; i < kBlock; ++i) {
      frames_.push_back(frame_with(true, kMss));
      if (i % 2 == 1) frames_.push_back(frame_with(false, 0));
    }
    engine_.set_peers({{.peer = {boost::asio::ip::make_address("192.0.2.2"), 32}, .keys = {key_}}});
  }

  void move_on() {
    for (Frame& frame : frames_) {
      const bool outgoing = frame.size() > kPayloadAt;
      if (outgoing) {
        put_be(frame, kTcpAt + 4, sequence_, 4);
        sequence_ += kMss;
      } else {
        put_be(frame, kTcpAt + 8, sequence_, 4);
      }
      sign(frame, key_);
    }
  }

  // As the worker does it.
  void on_host() {
    now_ += std::chrono::milliseconds(2);
    std::vector<HostCopy> copies;
    copies.reserve(frames_.size());
    for (const Frame& frame : frames_) {
      const auto parsed = parse_segment(frame, Link::kEthernet);
      copies.push_back({.copy = {.segment = std::get<Segment>(parsed), .frame = frame, .at = now_, .ifindex = 2},
                        .outgoing = frame.size() > kPayloadAt});
    }
    engine_.on_host(copies, now_);
    benchmark::DoNotOptimize(engine_.take());
  }

  void on_wire() {
    std::vector<Copy> copies;
    for (const Frame& frame : frames_)
      copies.push_back(
          {.segment = std::get<Segment>(parse_segment(frame, Link::kEthernet)), .frame = frame, .at = now_});
    engine_.on_wire(copies, "mirror:eth1", now_);
    benchmark::DoNotOptimize(engine_.take());
  }

  Engine& engine() { return engine_; }
  std::uint64_t bad() const {
    const PeerCounts counts = engine_.verifier().counts(boost::asio::ip::make_address("192.0.2.2"));
    return counts.reference_bad + counts.received_bad + counts.wire_bad;
  }

 private:
  const Key key_{"secret"};
  NoOffloads offloads_;
  NoJournal journal_;
  Engine engine_{offloads_, journal_, [](unsigned ifindex, const boost::asio::ip::address&) {
                   return LowestDevice{.ifindex = ifindex, .name = "eth0"};
                 }};
  std::vector<Frame> frames_;
  std::uint32_t sequence_ = 1000;
  TimePoint now_ = TimePoint{} + std::chrono::hours(1);
};

void report(benchmark::State& state, const Transfer& transfer) {
  if (transfer.bad() != 0) state.SkipWithError("a valid segment was called bad");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(kBlock));
  state.counters["per_segment"] = benchmark::Counter(static_cast<double>(state.iterations() * kBlock),
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Without a vantage.
void BM_VerifyLiveOnHost(benchmark::State& state) {
  Transfer transfer;
  for (auto _ : state) {
    state.PauseTiming();
    transfer.move_on();
    state.ResumeTiming();
    transfer.on_host();
  }
  report(state, transfer);
}
BENCHMARK(BM_VerifyLiveOnHost);

// With a mirror, which sees all of it.
void BM_VerifyLiveWithMirror(benchmark::State& state) {
  Transfer transfer;
  transfer.engine().set_has_vantage(true);
  for (auto _ : state) {
    state.PauseTiming();
    transfer.move_on();
    state.ResumeTiming();
    transfer.on_host();
    transfer.on_wire();
  }
  report(state, transfer);
}
BENCHMARK(BM_VerifyLiveWithMirror);

}  // namespace
}  // namespace tw::tcpmd5
