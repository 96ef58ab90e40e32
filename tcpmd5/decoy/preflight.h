// Preflight: whether a NIC can be trusted with signed segments, before any session has to find out.
//
// One address family towards one probe. A decoy stream runs all its patterns, over and over; the verifier judges what
// the probe sees of it, and heals as it would for a neighbour. This machine only watches: what the decoy got through,
// what was found wrong, what was concluded; and says when there is an answer. Pure: no clock, no socket. Not
// thread-safe.
#pragma once

#include "tcpmd5/decoy/decoy_sender.h"
#include "tcpmd5/decoy/preflight_result.h"
#include "tcpmd5/healer/healer.h"
#include "tcpmd5/verify/verifier.h"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

// How the decoy is doing now.
struct PreflightView {
  enum class Stream : std::uint8_t { kAsked, kSending, kRefused, kGone };
  Stream stream = Stream::kAsked;
  std::string problem;         // kRefused, kGone
  DecoyTally tally;            // of the stream
  PeerCounts counts;           // of its segments, since it began
  bool trial_running = false;  // on the device
  bool probe_sees = true;      // the probe captures; otherwise `blindness` says why not
  std::string blindness;
  std::string last_fault;  // what was seen last, one line; empty: nothing was
};

class Preflight {
 public:
  static constexpr std::chrono::seconds kAnswerWithin{10};  // a probe that was asked for a decoy
  static constexpr std::size_t kCleanRounds = 4;            // without damage, to be trusted
  static constexpr std::size_t kCleanSegments = 200;        // seen by the probe in them, at least
  static constexpr std::chrono::seconds kTrialAtMost{240};  // beyond the patience
  // After a verdict that healed nothing, in which another fault may come to trial.
  static constexpr std::chrono::seconds kLastWord{3};

  // `patience`: for an answer; trials may take longer.
  Preflight(bool v4, std::string device, HealerMode mode, std::chrono::seconds patience, TimePoint now);

  // Verdicts about the decoy, as they come.
  void concluded(const Verdict& verdict);
  // To be called a few times a second.
  void look(const PreflightView& view, TimePoint now);

  // Lines for people since the last call.
  std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }
  const std::optional<PreflightResult>& result() const { return result_; }
  // Ends it without an answer.
  void abandon(std::string why);

 private:
  void follow(const PreflightView& view, TimePoint now);
  bool is_clean(const PreflightView& view) const;
  void out_of_time(const PreflightView& view);
  void begin_measuring(const PreflightView& view);
  void end(PreflightOutcome outcome, const PreflightView& view, std::string text);
  void tell(std::string line) { lines_.push_back(std::move(line)); }
  std::string segments(const PreflightView& view) const;

  bool v4_;
  std::string device_;
  HealerMode mode_;
  TimePoint answer_by_, due_, due_at_most_;
  bool sending_ = false, told_waiting_ = false, told_damage_ = false, told_connected_ = false;
  // Since when nothing was wrong: what had been counted then.
  std::size_t rounds_then_ = 0;
  std::uint64_t valid_then_ = 0, invalid_then_ = 0;
  bool trial_ran_ = false;
  Knobs culprits_, proven_;
  std::string fault_, not_healed_;         // why damage stays; empty: nothing was concluded yet
  std::optional<TimePoint> last_word_at_;  // when it is not worth waiting any more
  std::vector<std::string> lines_;
  std::optional<PreflightResult> result_;
};

}  // namespace tw::tcpmd5
