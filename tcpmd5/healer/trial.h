// One trial: knobs of one device are turned off until the damage stops, then on again one by one, to find which of
// them is guilty.
//
// First mitigate: the plan's steps are turned off one after the other, each in addition to those before, until what is
// sent gets through. Then prove: with the others held off, one knob at a time is turned on. If nothing breaks, it is
// innocent and stays on; if it breaks, and heals when turned off again, twice, it is proven guilty. A knob that cannot
// be on while a guilty one is off is a consequence, no culprit.
//
// Damage of another kind may show only then, because the first kind hid it: what was found innocent with smaller
// segments is tried again, and the steps go on.
//
// Whether outcomes speak for damage or for health is weighed by Wald's sequential test: how much likelier each is if
// the damage goes on at its former rate than if only the background of the judge's own uncertainty is left.
//
// The judge is whoever feeds outcomes: wire copies, or acknowledgments where there is no vantage. Only outcomes of what
// was sent after a flip count. Pure: no clock, no device. Not thread-safe.
#pragma once

#include "tcpmd5/offload/offloads.h"
#include "tcpmd5/verify/finding.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

// What sort of traffic fails: only more of the same can show that it no longer does.
struct TrafficKind {
  std::size_t min_payload = 0;  // octets; smaller segments prove nothing
  bool syn_only = false;        // nothing but SYNs was seen to fail
  bool bursts_only = false;     // single segments get through, several at once do not
  double failure_rate = 1.0;    // of this kind, before the trial; above 0, at most 1
};

// Who says whether something got through.
enum class Judge : std::uint8_t {
  kWire,        // a vantage beyond the NIC: each copy is its own proof
  kAcceptance,  // the peer's acknowledgments: what is missing may as well have been lost
  kReceived,    // what arrives here
};

struct TrialPlan {
  std::vector<Knobs> steps;  // what is turned off, one step after the other; at least one, none empty
  TrafficKind kind;
  Judge judge = Judge::kWire;  // outcomes of others are ignored
  bool one_way = false;        // a driver that resets its link when a bit changes: mitigate, but prove nothing
};

struct TrialLimits {
  // After a flip, before what is sent counts: until then it may still find what the NIC has been told before.
  std::chrono::milliseconds settle{100};
  std::chrono::milliseconds settle_received{300};   // the same for what arrives, which may have been merged before
  std::chrono::milliseconds step_patience{20'000};  // for the first outcome after a step
  std::chrono::milliseconds on_phase{2'000};        // how long a knob under proof is on, at most
  std::chrono::milliseconds rest{1'000};            // between a heal and the next reversal
  std::chrono::milliseconds proof{120'000};         // for all reversals together
  int reversals = 2;                                // that prove
  int empty_phases = 4;                             // without an outcome, after which there is no stimulus
  int contradictions = 4;                           // damage while the knob is off, after which nothing is claimed
};

// Something was sent, and got through or did not.
struct Outcome {
  Judge judge = Judge::kWire;
  TimePoint sent_at;
  bool good = false;
  bool syn = false;
  bool burst = false;       // one of several sent at once
  std::size_t payload = 0;  // octets
};

// Whether an outcome tells anything about traffic of this kind, if it is good.
bool is_of_kind(const Outcome& outcome, const TrafficKind& kind);

enum class Standing : std::uint8_t {
  kUntested,     // not reached
  kInnocent,     // turned on again, and nothing broke
  kSuspected,    // off since the damage stopped; there was no way to prove it
  kProven,       // broke and healed as often as it takes
  kConsequence,  // cannot be on while a guilty one is off
  kFixed,        // cannot be changed
  kIgnored,      // the device said yes and did not do it
};
std::string_view to_string(Standing standing);

struct TrialResult {
  enum class End : std::uint8_t {
    kCulprits,      // at least one knob is proven or suspected; all others are as before
    kNotAnOffload,  // nothing that could be turned off helped; all is as before
    kNothingToTry,  // no knob of the plan is on and can be changed; nothing was touched
    kIgnored,       // every knob that was tried was ignored by the device; all is as before
    kWentAway,      // it stopped by itself: no knob brought it back; all is as before
    kNoOutcome,     // nothing was sent that could have told; all is as before
    kContradicted,  // it came and went whatever the knobs said; all is as before
    kAborted,       // the device vanished, its link flapped, or somebody said stop; what can be restored is
  };
  End end{};
  std::vector<std::pair<Knob, Standing>> knobs;  // every knob of the plan that was on
  std::optional<TimePoint> mitigated_at, proven_at;
  std::vector<std::string> story;  // step by step, for people
  std::string abort_reason;        // kAborted
  Knobs with(Standing standing) const;
};

// What the driver is to do now, in this order.
struct TrialStep {
  FeatureChange change;               // empty: none. Answered with changed().
  bool solicit = false;               // cause traffic of the kind that failed
  bool mitigated = false;             // the damage has just stopped
  std::optional<TrialResult> result;  // the trial is over
};

class Trial {
 public:
  // REQUIRES: `before` is what the device says now, and has been stored.
  Trial(TrialPlan plan, DeviceFeatures before, TrialLimits limits = {});

  TrialStep start(TimePoint now);
  // The answer to a change. A failure ends the trial.
  TrialStep changed(const ChangeOutcome& outcome, TimePoint now);
  TrialStep outcome(const Outcome& outcome, TimePoint now);
  // `may_break`: every session on the device has at least half of its peer's hold time left.
  TrialStep tick(TimePoint now, bool may_break);
  // Puts everything back and ends. The device may be gone: the change is then not answered, and need not be.
  TrialStep abort(std::string reason, TimePoint now);

  // When tick() next has something to do.
  TimePoint deadline() const;
  bool over() const { return phase_ == Phase::kOver; }
  Knobs held_off() const { return held_; }
  const TrafficKind& kind() const { return plan_.kind; }  // what can tell now
  bool mitigated() const { return mitigated_at_.has_value(); }
  bool is_on_phase() const { return phase_ == Phase::kOn; }  // a held knob is on, because the trial says so

 private:
  enum class Phase : std::uint8_t { kNew, kMitigating, kResting, kOn, kOffAgain, kOver };
  struct Suspect {
    Knob knob;
    Standing standing = Standing::kUntested;
    int reversals = 0, empty_phases = 0;
    double weight = 0;               // of what was sent while it was on, over all its on phases
    std::size_t passed = 0;          // good outcomes among them
    std::size_t largest_passed = 0;  // octets of payload of the largest of them
  };

  TrialStep next_step(TimePoint now);
  TrialStep hold_off(Knobs knobs, TimePoint now);
  TrialStep begin_proof(TimePoint now);
  TrialStep next_suspect(TimePoint now);
  TrialStep turn_on(TimePoint now);
  TrialStep turn_off_again(TimePoint now, bool broke);
  TrialStep healed_again(TimePoint now);
  TrialStep settle_suspect(Standing standing, TimePoint now);
  TrialStep contradicted(const Outcome& outcome, TimePoint now);
  TrialStep reopen(std::size_t payload, TimePoint now);
  TrialStep out_of_time(TimePoint now);
  TrialStep finish(TrialResult::End end, TimePoint now);
  TrialStep good(const Outcome& outcome, TimePoint now);
  TrialStep bad(const Outcome& outcome, TimePoint now);
  TrialStep passed_while_on(const Outcome& outcome, TimePoint now);
  void enter(Phase phase, TimePoint now);
  FeatureChange restoring() const;
  void tell(std::string line) { story_.push_back(std::move(line)); }
  double background_rate() const;
  void count(bool good);
  double weight_of(bool good) const;
  double damage_certain() const;
  double health_certain() const;
  Suspect* find(Knob knob);
  Knobs blockers(Knob knob) const;

  TrialPlan plan_;
  const DeviceFeatures before_;
  const TrialLimits limits_;
  DeviceFeatures now_features_;
  std::vector<Suspect> suspects_;  // in the order in which they are turned on again
  std::size_t step_ = 0, suspect_ = 0;
  Knobs held_, ignored_;
  Phase phase_ = Phase::kNew;
  TimePoint phase_began_, begun_at_, last_solicit_;
  std::optional<TimePoint> mitigated_at_, proven_at_;
  double weight_ = 0;         // of the outcomes in this phase: positive speaks for damage, negative for health
  std::size_t outcomes_ = 0;  // in this phase
  double off_bad_ = 0, off_outcomes_ = 0;  // while everything suspected was off
  int contradictions_ = 0;
  std::vector<std::string> story_;
};

}  // namespace tw::tcpmd5
