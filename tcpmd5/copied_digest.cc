#include "tcpmd5/copied_digest.h"

#include "tcpmd5/digest.h"

#include <algorithm>
#include <utility>

namespace tw::tcpmd5 {
namespace {

constexpr std::size_t kFlagsAt = 13;

template <class To>
void assign(To& to, Octets from) {
  to.assign(from.begin(), from.end());
}

}  // namespace

void CopiedDigestProof::begin(Run& run, const Segment& segment, std::uint64_t number) {
  run.numbers.assign(1, number);
  assign(run.header, segment.fixed_header);
  assign(run.options, segment.options);
  assign(run.digest, segment.digest);
  assign(run.payload, segment.payload);
  run.next_sequence = segment.sequence + static_cast<std::uint32_t>(segment.payload.size());
}

bool CopiedDigestProof::validates(const Run& run, const Segment& last, std::span<const Key> keys) {
  std::vector<std::uint8_t> header = run.header;
  header[kFlagsAt] |= last.flags & (tcp_flag::kPsh | tcp_flag::kFin);
  Segment whole = last;  // addresses and ports are the same in all
  whole.flags = header[kFlagsAt];
  whole.fixed_header = header;
  whole.options = run.options;
  whole.payload = run.payload;
  whole.digest = run.digest;
  return check_signature(whole, keys) == Signature::kValid;
}

CopiedDigestProof::Result CopiedDigestProof::take(const Segment& segment, std::uint64_t number,
                                                  std::span<const Key> keys) {
  if (runs_.size() >= kMaxFlows) runs_.clear();
  Run& run = runs_[{segment.source, segment.destination, segment.source_port, segment.destination_port}];
  const bool continues = !run.numbers.empty() && segment.sequence == run.next_sequence && !segment.payload.empty() &&
                         std::equal(run.digest.begin(), run.digest.end(), segment.digest.begin()) &&
                         run.numbers.size() < kMaxPieces && run.payload.size() + segment.payload.size() <= kMaxOctets;
  if (!continues) {
    begin(run, segment, number);
    return {};
  }
  run.numbers.push_back(number);
  run.payload.insert(run.payload.end(), segment.payload.begin(), segment.payload.end());
  run.next_sequence += static_cast<std::uint32_t>(segment.payload.size());
  Result result{.run_began = run.numbers.front(), .proven = {}};
  if (validates(run, segment, keys)) {
    result.proven = std::move(run.numbers);
    runs_.erase({segment.source, segment.destination, segment.source_port, segment.destination_port});
  }
  return result;
}

}  // namespace tw::tcpmd5
