// Digests of segments: one after the other, and side by side with each engine that this processor has.
#include "tcpmd5/batch_digest.h"
#include "tcpmd5/digest.h"

#include <benchmark/benchmark.h>

#include <array>
#include <vector>

namespace tw::tcpmd5 {
namespace {

constexpr std::size_t kSegments = 512;

struct Segments {
  explicit Segments(std::size_t payload) : octets(kSegments * payload, 0x5a) {
    for (std::size_t i = 0; i < kSegments; ++i) {
      Segment& segment = segments.emplace_back();
      segment.source = boost::asio::ip::make_address("192.0.2.1");
      segment.destination = boost::asio::ip::make_address("192.0.2.2");
      segment.fixed_header = header;
      segment.payload = Octets(octets).subspan(i * payload, payload);
    }
    for (const Segment& segment : segments) jobs.push_back({&segment, &key});
  }
  std::array<std::uint8_t, 20> header{};
  std::vector<std::uint8_t> octets;
  std::vector<Segment> segments;
  Key key{"secret"};
  std::vector<BatchDigest::Job> jobs;
};

void BM_DigestOneByOne(benchmark::State& state) {
  const Segments it(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    for (const Segment& segment : it.segments) benchmark::DoNotOptimize(digest_of(segment, it.key));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(it.octets.size()));
}
BENCHMARK(BM_DigestOneByOne)->Arg(64)->Arg(1440);

void BM_DigestSideBySide(benchmark::State& state) {
  const auto which = static_cast<std::size_t>(state.range(1));
  if (which >= md5_engines().size()) {
    state.SkipWithError("this processor does not have it");
    return;
  }
  const Segments it(static_cast<std::size_t>(state.range(0)));
  BatchDigest batch(md5_engines()[which]);
  std::vector<Md5::Digest> digests(it.jobs.size());
  for (auto _ : state) batch.run(it.jobs, digests);
  state.SetLabel(std::string(md5_engines()[which].name));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(it.octets.size()));
}
BENCHMARK(BM_DigestSideBySide)->ArgsProduct({{64, 1440}, {0, 1, 2, 3}});

}  // namespace
}  // namespace tw::tcpmd5
