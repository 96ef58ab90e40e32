// What a decoy stream writes, and in which order: sizes and patterns that provoke what NICs do wrong with signed
// segments.
//
// Rounds of about a third of a second, each from keepalive to burst, metered so that a decoy never takes more than
// kMaxBitsPerSecond; and, on request, more of the kind that a trial needs. Pure: no clock, no socket. Not thread-safe.
#pragma once

#include "tcpmd5/healer/trial.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace tw::tcpmd5 {

// One write() or several that the kernel is to take as one, and the pause after it.
struct DecoyWrite {
  enum class How : std::uint8_t {
    kCopied,    // from one piece of memory: the kernel copies it into pages of its own
    kPieces,    // appended piece by piece (MSG_MORE), so that one segment is gathered from several places
    kOwnPages,  // handed over by page (sendfile), beginning at an odd offset, so that segments cross page edges
  };
  How how = How::kCopied;
  std::size_t octets = 0;           // in all
  std::size_t piece = 0;            // octets of each piece of kPieces; otherwise 0
  std::size_t offset = 0;           // in the content, where it begins
  std::chrono::milliseconds pause;  // so long after it that the rate is kept
};

class DecoyPattern {
 public:
  static constexpr std::size_t kMaxBitsPerSecond = 4'000'000;
  static constexpr std::size_t kContentOctets = 512 << 10;  // what writes are taken from
  static constexpr std::size_t kMaxWrite = 256 << 10;       // octets
  static constexpr std::size_t kSmall = 19;                 // octets: a BGP KEEPALIVE
  static constexpr std::size_t kMinMss = 64;                // octets; less is taken as this

  // `mss`: octets of payload in a full segment; `seed`: where in the content it begins.
  explicit DecoyPattern(std::size_t mss, std::uint32_t seed = 0);

  // What to write next: what was asked for first, then a round, and so on without end.
  DecoyWrite next();
  // Traffic of this kind comes next, enough of it to tell whether damage at its rate is still there. Supersedes what
  // was asked for before. SYNs are not written: a new connection makes them.
  void provoke(const TrafficKind& kind);
  // Something that was asked for is still to come.
  bool provoking() const { return !asked_.empty(); }
  std::size_t rounds() const { return rounds_; }  // completed

 private:
  DecoyWrite write(DecoyWrite::How how, std::size_t octets, std::size_t piece = 0);

  const std::size_t mss_;
  std::size_t offset_;
  std::size_t step_ = 0, rounds_ = 0;
  std::deque<std::size_t> asked_;  // octets of writes that come before the round goes on
};

}  // namespace tw::tcpmd5
