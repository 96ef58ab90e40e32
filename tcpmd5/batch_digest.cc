// RFC 2385 §2.0 laid out in blocks of MD5, and lanes that are kept busy.
#include "tcpmd5/batch_digest.h"

#include <string.h>  // explicit_bzero

#include <algorithm>
#include <cstring>
#include <limits>

namespace tw::tcpmd5 {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::size_t kV4PseudoHeader = 12, kV6PseudoHeader = 40, kFixedHeader = 20, kChecksumAt = 16;

template <class Octets>
std::uint8_t* put(std::uint8_t* at, const Octets& octets) {
  return std::copy(std::begin(octets), std::end(octets), at);
}

// Items 1 and 2 of the RFC, as digest.cc has them. Returns the end.
std::uint8_t* put_headers(std::uint8_t* at, const Segment& segment) {
  const std::size_t length = segment.length();
  const auto octet = [&](unsigned place) { return static_cast<std::uint8_t>(length >> (8 * place)); };
  if (segment.source.is_v4()) {
    at = put(at, segment.source.to_v4().to_bytes());
    at = put(at, segment.destination.to_v4().to_bytes());
    at = put(at, std::array<std::uint8_t, 4>{0, kTcp, octet(1), octet(0)});
  } else {
    at = put(at, segment.source.to_v6().to_bytes());
    at = put(at, segment.destination.to_v6().to_bytes());
    at = put(at, std::array<std::uint8_t, 8>{octet(3), octet(2), octet(1), octet(0), 0, 0, 0, kTcp});
  }
  std::uint8_t* header = at;
  at = put(at, segment.fixed_header);
  header[kChecksumAt] = header[kChecksumAt + 1] = 0;
  return at;
}

std::size_t headers_of(const Segment& segment) {
  return (segment.source.is_v4() ? kV4PseudoHeader : kV6PseudoHeader) + kFixedHeader;
}

// Blocks of payload that are read where they lie.
std::size_t blocks_in_place(const Segment& segment) {
  const std::size_t first = kMd5Block - headers_of(segment);
  return segment.payload.size() < first ? 0 : (segment.payload.size() - first) / kMd5Block;
}

// RFC 1321 §3.1 and §3.2: the padding behind `end`, for a message of `length` octets. Returns the end of its last
// block.
std::uint8_t* pad(std::uint8_t* begin, std::uint8_t* end, std::size_t length) {
  constexpr std::size_t kLength = 8;
  const auto used = static_cast<std::size_t>(end - begin);
  const std::size_t whole = (used + 1 + kLength + kMd5Block - 1) / kMd5Block * kMd5Block;
  std::memset(end, 0, whole - used);
  *end = 0x80;
  const std::uint64_t bits = std::uint64_t{length} * 8;
  for (std::size_t i = 0; i < kLength; ++i) begin[whole - kLength + i] = static_cast<std::uint8_t>(bits >> (8 * i));
  return begin + whole;
}

}  // namespace

BatchDigest::~BatchDigest() {
  for (Lane& lane : lanes_) explicit_bzero(lane.tail, sizeof lane.tail);
  explicit_bzero(state_, sizeof state_);
}

// By blocks in place, the long ones first, so that neighbours in the lanes end together. Linear.
void BatchDigest::order(std::span<const Job> jobs) {
  constexpr std::size_t kBuckets = 64;
  const auto bucket = [](const Job& job) {
    return kBuckets - 1 - std::min(blocks_in_place(*job.segment), kBuckets - 1);
  };
  buckets_.assign(kBuckets + 1, 0);
  for (const Job& job : jobs) ++buckets_[bucket(job) + 1];
  for (std::size_t i = 1; i <= kBuckets; ++i) buckets_[i] += buckets_[i - 1];
  order_.resize(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) order_[buckets_[bucket(jobs[i])]++] = static_cast<std::uint32_t>(i);
}

void BatchDigest::load(std::size_t at, std::size_t job, const Job& what) {
  Lane& lane = lanes_[at];
  const Segment& segment = *what.segment;
  const auto key = what.key->octets();
  const std::size_t headers = headers_of(segment), length = headers + segment.payload.size() + key.size();
  lane.job = job;
  lane.idle = false;
  lane.current = lane.count = 0;
  const auto add = [&](const std::uint8_t* data, std::size_t blocks) {
    if (blocks != 0) lane.stretches[lane.count++] = {data, blocks};
  };

  std::uint8_t* end = lane.tail;
  if (headers + segment.payload.size() < kMd5Block) {
    end = put(put_headers(end, segment), segment.payload);
  } else {
    const std::size_t first = kMd5Block - headers, middle = blocks_in_place(segment);
    put(put_headers(lane.head, segment), segment.payload.first(first));
    add(lane.head, 1);
    add(segment.payload.data() + first, middle);
    end = put(end, segment.payload.subspan(first + middle * kMd5Block));
  }
  end = pad(lane.tail, put(end, key), length);
  add(lane.tail, static_cast<std::size_t>(end - lane.tail) / kMd5Block);
  for (std::size_t i = 0; i < 4; ++i) state_[i * engine_.lanes + at] = kMd5Start[i];
}

// So many blocks all busy lanes can go on at once; 0: none is busy.
std::size_t BatchDigest::next_blocks() const {
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (std::size_t i = 0; i < engine_.lanes; ++i)
    if (!lanes_[i].idle) least = std::min(least, lanes_[i].stretches[lanes_[i].current].blocks);
  return least == std::numeric_limits<std::size_t>::max() ? 0 : least;
}

void BatchDigest::advance(std::size_t blocks) {
  const std::uint8_t* readable = nullptr;  // by lanes that have nothing to do, and must read something
  for (std::size_t i = 0; i < engine_.lanes; ++i)
    if (!lanes_[i].idle) readable = lanes_[i].stretches[lanes_[i].current].data;
  for (std::size_t i = 0; i < engine_.lanes; ++i)
    data_[i] = lanes_[i].idle ? readable : lanes_[i].stretches[lanes_[i].current].data;
  engine_.run(state_, data_, blocks);
  for (std::size_t i = 0; i < engine_.lanes; ++i) {
    Lane& lane = lanes_[i];
    if (lane.idle) continue;
    Stretch& stretch = lane.stretches[lane.current];
    stretch.data += blocks * kMd5Block;
    stretch.blocks -= blocks;
    if (stretch.blocks == 0) ++lane.current;
  }
}

Md5::Digest BatchDigest::take(std::size_t lane) const {
  Md5::Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<std::uint8_t>(state_[i / 4 * engine_.lanes + lane] >> (8 * (i % 4)));
  return digest;
}

void BatchDigest::run(std::span<const Job> jobs, std::span<Md5::Digest> digests) {
  order(jobs);
  std::size_t next = 0;
  const auto refill = [&](std::size_t lane) {
    lanes_[lane].idle = next == order_.size();
    if (lanes_[lane].idle) return;
    const std::size_t job = order_[next++];
    load(lane, job, jobs[job]);
  };
  for (std::size_t i = 0; i < engine_.lanes; ++i) refill(i);
  while (const std::size_t blocks = next_blocks()) {
    advance(blocks);
    for (std::size_t i = 0; i < engine_.lanes; ++i) {
      const Lane& lane = lanes_[i];
      if (lane.idle || lane.current < lane.count) continue;
      digests[lane.job] = take(i);
      refill(i);
    }
  }
}

std::span<const Signature> BatchChecker::check(std::span<const Question> questions) {
  answers_.assign(questions.size(), Signature::kUnsigned);
  open_.clear();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (!questions[i].segment->is_signed()) continue;
    answers_[i] = Signature::kInvalid;
    if (!questions[i].keys.empty()) open_.push_back(static_cast<std::uint32_t>(i));
  }
  for (std::size_t key = 0; !open_.empty(); ++key) {
    jobs_.clear();
    for (const std::uint32_t i : open_) jobs_.push_back({questions[i].segment, &questions[i].keys[key]});
    results_.resize(jobs_.size());
    digests_.run(jobs_, results_);
    still_open_.clear();
    for (std::size_t n = 0; n < open_.size(); ++n) {
      const Question& question = questions[open_[n]];
      if (std::equal(results_[n].begin(), results_[n].end(), question.segment->digest.begin()))
        answers_[open_[n]] = Signature::kValid;
      else if (key + 1 < question.keys.size())
        still_open_.push_back(open_[n]);
    }
    open_.swap(still_open_);
  }
  return answers_;
}

}  // namespace tw::tcpmd5
