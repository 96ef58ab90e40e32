// Threads take chunks in turn, judge them side by side, and report them in turn.
#include "tcpmd5/capture/capture_check.h"

#include "tcpmd5/batch_digest.h"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;

PeerPair pair_of(const Segment& segment) {
  return segment.source < segment.destination ? PeerPair(segment.source, segment.destination)
                                              : PeerPair(segment.destination, segment.source);
}

struct HashOfPair {
  std::size_t operator()(const PeerPair& pair) const {
    return std::hash<address>()(pair.first) * 31 + std::hash<address>()(pair.second);
  }
};

// What a thread knows of two peers: their keys, looked up once, and what it has counted.
struct Pair {
  std::vector<Key> keys;
  Counts counts;
};

// What the frames of one chunk hold.
struct Judged {
  const Record* record = nullptr;
  std::uint64_t number = 0;
  Unwrapped unwrapped;
  std::optional<Segment> segment;
  Pair* pair = nullptr;
  SegmentVerdict verdict = SegmentVerdict::kUnconcerned;  // until its signature is looked at
  bool left_to_nic = false;
};

// The field of a segment whose checksum its sender left to the NIC: the sum of the pseudo-header alone, not inverted.
std::uint16_t unfinished_checksum(const Segment& segment) {
  Segment bare = segment;
  constexpr std::array<std::uint8_t, 2> kNothing{};
  bare.fixed_header = kNothing;
  bare.options = bare.payload = {};
  bare.checksum = 0;
  // The pseudo-header with the length of the whole: what two zero octets lack is added.
  std::uint32_t sum = static_cast<std::uint16_t>(~expected_checksum(bare));
  sum += static_cast<std::uint32_t>(segment.length() - bare.length());
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  return static_cast<std::uint16_t>(sum);
}

bool is_port_of(const Segment& segment, std::uint16_t port) {
  return segment.source_port == port || segment.destination_port == port;
}

// RFC 9293 §3.7.1; nothing: the option is not there.
std::optional<std::uint16_t> mss_option(const Segment& segment) {
  constexpr std::uint8_t kEnd = 0, kNop = 1, kMss = 2;
  Octets options = segment.options;
  while (options.size() >= 2 && options[0] != kEnd) {
    const std::size_t length = options[0] == kNop ? 1 : options[1];
    if (length == 0 || length > options.size()) break;
    if (options[0] == kMss && length == 4) return static_cast<std::uint16_t>(options[2] << 8 | options[3]);
    options = options.subspan(length);
  }
  return std::nullopt;
}

// Longer than fits into a packet of 1500 octets, or without a length at all: worth a comparison with the MSS.
bool is_long(const Segment& segment) {
  constexpr std::size_t kOrdinaryMtu = 1500, kV4Header = 20, kV6Header = 40;
  return segment.length() + (segment.source.is_v4() ? kV4Header : kV6Header) > kOrdinaryMtu;
}

// One thread's part: judges chunks. Knows nothing of their order.
class Judge {
 public:
  Judge(const KeyRing& keys, std::uint16_t port) : keys_(keys), port_(port) {}

  void judge(const CaptureFile::Chunk& chunk);

  std::vector<Judged>& judged() { return judged_; }
  std::uint64_t packets = 0, other = 0;
  Counts nameless;
  std::unordered_map<PeerPair, Pair, HashOfPair> pairs;

 private:
  void find_segments(const CaptureFile::Chunk& chunk);
  void take(Judged it, const std::variant<Segment, NoSegment>& parsed);
  Pair& pair(const Segment& segment);
  SegmentVerdict verdict_of(Judged& it, Signature signature) const;

  const KeyRing& keys_;
  const std::uint16_t port_;
  std::vector<Judged> judged_;
  std::vector<BatchChecker::Question> questions_;
  BatchChecker checker_;
  PeerPair last_pair_;
  Pair* last_ = nullptr;
};

Pair& Judge::pair(const Segment& segment) {
  PeerPair who = pair_of(segment);
  if (last_ != nullptr && who == last_pair_) return *last_;
  const auto [at, is_new] = pairs.try_emplace(who);
  if (is_new) at->second.keys = keys_.between(who.first, who.second);
  last_pair_ = who;
  last_ = &at->second;
  return *last_;
}

void Judge::take(Judged it, const std::variant<Segment, NoSegment>& parsed) {
  if (const auto* segment = std::get_if<Segment>(&parsed)) {
    it.segment = *segment;
    it.verdict = it.unwrapped.cut_by_mirror ? SegmentVerdict::kTruncated : SegmentVerdict::kUnconcerned;
  } else {
    switch (std::get<NoSegment>(parsed)) {
      case NoSegment::kNotTcp: ++other; return;
      case NoSegment::kFragment: it.verdict = SegmentVerdict::kFragment; break;
      case NoSegment::kMalformed: it.verdict = SegmentVerdict::kMalformed; break;
      case NoSegment::kTruncated:
        it.verdict = SegmentVerdict::kTruncated;
        it.segment = parse_truncated_segment(it.unwrapped.frame, it.unwrapped.link);
        break;
    }
  }
  if (it.segment && !it.segment->is_signed() && !is_port_of(*it.segment, port_)) {
    ++other;
    return;
  }
  if (it.segment) it.pair = &pair(*it.segment);
  judged_.push_back(std::move(it));
}

void Judge::find_segments(const CaptureFile::Chunk& chunk) {
  std::uint64_t number = chunk.first_number;
  for (const Record& record : chunk.records) {
    Judged it{.record = &record, .number = number++};
    const auto unwrapped = unwrap(record.frame, record.link);
    if (const auto* inner = std::get_if<Unwrapped>(&unwrapped)) {
      it.unwrapped = *inner;
      take(it, parse_segment(inner->frame, inner->link));
    } else {
      take(it, std::get<NoSegment>(unwrapped));
    }
  }
  packets += chunk.records.size();
}

SegmentVerdict Judge::verdict_of(Judged& it, Signature signature) const {
  const bool keyed = !it.pair->keys.empty();
  if (signature == Signature::kUnsigned) return keyed ? SegmentVerdict::kUnsigned : SegmentVerdict::kUnconcerned;
  if (!keyed) return SegmentVerdict::kNoKey;
  if (signature == Signature::kInvalid) return SegmentVerdict::kInvalid;
  if (it.segment->checksum == expected_checksum(*it.segment)) return SegmentVerdict::kValid;
  it.left_to_nic = it.segment->checksum == unfinished_checksum(*it.segment);
  return it.left_to_nic ? SegmentVerdict::kValid : SegmentVerdict::kChecksumWrong;
}

void Judge::judge(const CaptureFile::Chunk& chunk) {
  judged_.clear();
  find_segments(chunk);
  questions_.clear();
  for (const Judged& it : judged_)
    if (it.verdict == SegmentVerdict::kUnconcerned) questions_.push_back({&*it.segment, it.pair->keys});
  auto answer = checker_.check(questions_).begin();
  for (Judged& it : judged_) {
    if (it.verdict == SegmentVerdict::kUnconcerned) it.verdict = verdict_of(it, *answer++);
    Counts& counts = it.pair != nullptr ? it.pair->counts : nameless;
    ++counts.by_verdict[static_cast<std::size_t>(it.verdict)];
    counts.checksum_left_to_nic += it.left_to_nic ? 1 : 0;
  }
}

// What must be seen in the order of the file. Used by one thread at a time.
class Reporter {
 public:
  Reporter(const CheckOptions& options, const CheckHandlers& handlers) : options_(options), handlers_(handlers) {}

  void report(std::span<const Judged> chunk);
  std::map<PeerPair, Counts>& notes() { return notes_; }

 private:
  using End = std::tuple<address, std::uint16_t, address, std::uint16_t>;  // whose MSS, towards whom

  void report(const Judged& it);
  bool longer_than_mss(const Segment& segment);

  const CheckOptions& options_;
  const CheckHandlers& handlers_;
  CopiedDigestProof copied_;
  std::map<End, std::uint16_t> mss_;
  std::map<PeerPair, Counts> notes_;  // what is counted here
};

void Reporter::report(std::span<const Judged> chunk) {
  for (const Judged& it : chunk) {
    const bool ordinary = it.verdict == SegmentVerdict::kValid || it.verdict == SegmentVerdict::kUnconcerned;
    const bool syn = it.segment && (it.segment->flags & tcp_flag::kSyn) != 0;
    if (!ordinary || syn || options_.every_packet || (it.segment && is_long(*it.segment))) report(it);
  }
}

bool Reporter::longer_than_mss(const Segment& segment) {
  constexpr std::size_t kMaxConnections = 1U << 16U;
  if ((segment.flags & tcp_flag::kSyn) != 0) {
    if (mss_.size() >= kMaxConnections) mss_.clear();
    if (const auto mss = mss_option(segment))
      mss_[{segment.source, segment.source_port, segment.destination, segment.destination_port}] = *mss;
  }
  if (!is_long(segment)) return false;
  const auto of_receiver =
      mss_.find({segment.destination, segment.destination_port, segment.source, segment.source_port});
  Counts& notes = notes_[pair_of(segment)];
  if (of_receiver == mss_.end()) {
    ++notes.long_without_mss;
    return false;
  }
  // RFC 6691 §2: options take their room from the MSS.
  const bool longer = segment.options.size() + segment.payload.size() > of_receiver->second;
  notes.longer_than_mss += longer ? 1 : 0;
  return longer;
}

void Reporter::report(const Judged& it) {
  CheckedPacket packet{.number = it.number,
                       .time = it.record->time,
                       .verdict = it.verdict,
                       .segment = it.segment ? &*it.segment : nullptr,
                       .unwrapped = &it.unwrapped,
                       .checksum_left_to_nic = it.left_to_nic};
  if (it.segment) packet.longer_than_mss = longer_than_mss(*it.segment);
  CopiedDigestProof::Result copied;
  if (it.verdict == SegmentVerdict::kInvalid) {
    copied = copied_.take(*it.segment, it.number, it.pair->keys);
    packet.same_digest_as = copied.run_began;
  }
  const bool ordinary = it.verdict == SegmentVerdict::kValid || it.verdict == SegmentVerdict::kUnconcerned;
  if (handlers_.packet && (options_.every_packet || !ordinary)) handlers_.packet(packet);
  if (copied.proven.empty()) return;
  Counts& notes = notes_[pair_of(*it.segment)];
  notes.copied += copied.proven.size();
  ++notes.copied_groups;
  if (handlers_.copied_digest) handlers_.copied_digest({.packets = std::move(copied.proven)});
}

// The file and the two places where threads take turns.
class Work {
 public:
  Work(CaptureFile& file, const KeyRing& keys, const CheckOptions& options, const CheckHandlers& handlers)
      : file_(file), keys_(keys), options_(options), reporter_(options, handlers) {}

  void run();  // a thread's whole life
  CheckSummary summary();

 private:
  void add(const Judge& judge);

  CaptureFile& file_;
  const KeyRing& keys_;
  const CheckOptions& options_;
  std::mutex reading_;
  std::mutex reporting_;
  std::condition_variable turn_changed_;
  std::uint64_t turn_ = 0;  // the chunk that is to be reported next
  Reporter reporter_;
  CheckSummary summary_;
};

void Work::run() {
  Judge judge(keys_, options_.port);
  CaptureFile::Chunk chunk;
  for (;;) {
    {
      const std::lock_guard lock(reading_);
      if (!file_.next(chunk)) break;
    }
    judge.judge(chunk);
    {
      std::unique_lock lock(reporting_);
      turn_changed_.wait(lock, [&] { return turn_ == chunk.position; });
      reporter_.report(judge.judged());
      ++turn_;
    }
    turn_changed_.notify_all();
  }
  const std::lock_guard lock(reporting_);
  add(judge);
}

void Work::add(const Judge& judge) {
  summary_.packets += judge.packets;
  summary_.other += judge.other;
  summary_.nameless += judge.nameless;
  for (const auto& [pair, known] : judge.pairs) summary_.pairs[pair] += known.counts;
}

CheckSummary Work::summary() {
  for (const auto& [pair, notes] : reporter_.notes()) summary_.pairs[pair] += notes;
  summary_.ending = file_.ending();
  return std::move(summary_);
}

}  // namespace

std::string_view name_of(SegmentVerdict verdict) {
  switch (verdict) {
    case SegmentVerdict::kValid: return "valid";
    case SegmentVerdict::kChecksumWrong: return "checksum-wrong";
    case SegmentVerdict::kInvalid: return "invalid";
    case SegmentVerdict::kUnsigned: return "unsigned";
    case SegmentVerdict::kNoKey: return "no-key";
    case SegmentVerdict::kUnconcerned: return "unconcerned";
    case SegmentVerdict::kFragment: return "fragment";
    case SegmentVerdict::kTruncated: return "truncated";
    case SegmentVerdict::kMalformed: return "malformed";
  }
  return "";
}

std::uint64_t Counts::segments() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : by_verdict) sum += count;
  return sum;
}

Counts& Counts::operator+=(const Counts& other) {
  for (std::size_t i = 0; i < kSegmentVerdicts; ++i) by_verdict[i] += other.by_verdict[i];
  checksum_left_to_nic += other.checksum_left_to_nic;
  longer_than_mss += other.longer_than_mss;
  long_without_mss += other.long_without_mss;
  copied += other.copied;
  copied_groups += other.copied_groups;
  return *this;
}

Counts CheckSummary::total() const {
  Counts total = nameless;
  for (const auto& [pair, counts] : pairs) total += counts;
  return total;
}

CheckSummary check_capture(CaptureFile& file, const KeyRing& keys, const CheckOptions& options,
                           const CheckHandlers& handlers) {
  Work work(file, keys, options, handlers);
  const unsigned wanted = options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> others;
  for (unsigned i = 1; i < wanted; ++i) others.emplace_back([&] { work.run(); });
  work.run();
  for (std::thread& thread : others) thread.join();
  return work.summary();
}

}  // namespace tw::tcpmd5
