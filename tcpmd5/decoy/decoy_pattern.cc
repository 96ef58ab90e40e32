#include "tcpmd5/decoy/decoy_pattern.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tw::tcpmd5 {

namespace {

using How = DecoyWrite::How;
using std::chrono::milliseconds;

// One write of a round: so many full segments and octets.
struct Step {
  How how;
  std::size_t full;
  int more;           // octets; below zero: less
  std::size_t piece;  // as in DecoyWrite
};

// What each is there to provoke. Odd numbers, so that edges of segments, pieces and pages fall apart everywhere.
constexpr std::array<Step, 14> kRound{{
    {How::kCopied, 0, DecoyPattern::kSmall, 0},  // what a quiet session sends
    {How::kCopied, 1, 0, 0},                     // the largest frame: bounds in the NIC, padding, MTU
    {How::kCopied, 0, 1, 0},                     // the smallest with payload
    {How::kCopied, 1, 1, 0},                     // a full segment, and a tail of one octet
    {How::kPieces, 1, 0, 367},                   // one segment gathered from several places
    {How::kCopied, 2, 0, 0},                     // two that a NIC may take for one
    {How::kOwnPages, 3, 0, 0},                   // pages of a file, crossed in odd places
    {How::kCopied, 1, -1, 0},                    // nearly full
    {How::kCopied, 5, 0, 0},
    {How::kPieces, 3, 57, 1021},
    {How::kCopied, 11, 0, 0},  // more than the first window of a new connection
    {How::kOwnPages, 7, 13, 0},
    {How::kCopied, 0, 2 * DecoyPattern::kSmall, 0},
    {How::kCopied, 44, 0, 0},  // as much as one super-segment would hold
}};

constexpr milliseconds kLeastPause{2};  // so that a write is a burst of its own

}  // namespace

DecoyPattern::DecoyPattern(std::size_t mss, std::uint32_t seed)
    : mss_(std::max(mss, kMinMss)), offset_(seed % kContentOctets) {}

DecoyWrite DecoyPattern::write(How how, std::size_t octets, std::size_t piece) {
  octets = std::clamp<std::size_t>(octets, 1, kMaxWrite);
  if (offset_ + octets > kContentOctets) offset_ = (offset_ + octets) % 4093;  // somewhere new near the beginning
  const milliseconds takes{octets * 8 * 1000 / kMaxBitsPerSecond};
  const DecoyWrite made{
      .how = how, .octets = octets, .piece = piece, .offset = offset_, .pause = std::max(kLeastPause, takes)};
  offset_ += octets | 1;
  return made;
}

DecoyWrite DecoyPattern::next() {
  if (!asked_.empty()) {
    const std::size_t octets = asked_.front();
    asked_.pop_front();
    return write(How::kCopied, octets);
  }
  const Step& step = kRound.at(step_);
  if (++step_ == kRound.size()) {
    step_ = 0;
    ++rounds_;
  }
  const auto more = static_cast<std::ptrdiff_t>(step.more);
  return write(step.how, static_cast<std::size_t>(static_cast<std::ptrdiff_t>(step.full * mss_) + more), step.piece);
}

void DecoyPattern::provoke(const TrafficKind& kind) {
  asked_.clear();
  if (kind.syn_only) return;
  // Damage at this rate shows among so many segments nearly for certain.
  const double rate = std::clamp(kind.failure_rate, 0.02, 1.0);
  const auto segments = static_cast<std::size_t>(std::ceil(4.0 / rate));
  constexpr std::size_t kInBurst = 4;
  for (std::size_t i = 0; i < segments; i += kInBurst) asked_.push_back(kInBurst * mss_);
  if (kind.bursts_only) return;
  const std::size_t least = std::clamp(kind.min_payload, kSmall, mss_);
  // What fails may be of just that size, and no larger; and alone.
  for (std::size_t i = 0; i < std::min<std::size_t>(segments, 8); ++i) asked_.push_front(i % 2 == 0 ? mss_ : least);
}

}  // namespace tw::tcpmd5
