#include "tcpmd5/healer/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace tw::tcpmd5 {

namespace {

using std::chrono::milliseconds;

// In this order knobs are turned on again: what others depend on comes first, so that each can be tried by itself.
constexpr std::array kRestoreOrder{Knob::kScatterGather, Knob::kTxChecksum, Knob::kGso,         Knob::kTso,
                                   Knob::kGsoMaxSegs,    Knob::kGro,        Knob::kGroHardware, Knob::kLro};
constexpr milliseconds kSolicitEvery{1'000};

std::string names(Knobs knobs) {
  std::string text;
  for (const Knob knob : kAllKnobs)
    if (knobs.has(knob)) text += (text.empty() ? "" : ", ") + std::string(row_of(knob).text);
  return text;
}

Knobs with_consequences(Knobs knobs) {
  for (const Knob knob : kAllKnobs)
    if (knobs.has(knob)) knobs = knobs | row_of(knob).takes_with_it;
  return knobs;
}

void merge(FeatureChange& into, FeatureChange from) {
  into.bits.merge(from.bits);
  if (from.gso_max_segs) into.gso_max_segs = from.gso_max_segs;
}

// What of `change` is not so already.
FeatureChange what_differs(FeatureChange change, const DeviceFeatures& now) {
  std::erase_if(change.bits, [&](const auto& asked) {
    const auto bit = now.bits.find(asked.first);
    return bit == now.bits.end() || bit->second.wanted == asked.second;
  });
  if (change.gso_max_segs == now.gso_max_segs) change.gso_max_segs.reset();
  return change;
}

double seconds(TimePoint::duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::kUntested: return "untested";
    case Standing::kInnocent: return "innocent";
    case Standing::kSuspected: return "suspected";
    case Standing::kProven: return "proven";
    case Standing::kConsequence: return "consequence";
    case Standing::kFixed: return "fixed";
    case Standing::kIgnored: return "ignored";
  }
  return "";
}

Knobs TrialResult::with(Standing standing) const {
  Knobs found;
  for (const auto& [knob, its] : knobs)
    if (its == standing) found.add(knob);
  return found;
}

Trial::Trial(TrialPlan plan, DeviceFeatures before, TrialLimits limits)
    : plan_(std::move(plan)), before_(std::move(before)), limits_(limits), now_features_(before_) {
  Knobs all;
  for (const Knobs step : plan_.steps) all = all | step;
  // A lever of its own only where TSO itself cannot be turned.
  if (!before_.is_fixed_on(Knob::kTso)) all.remove(Knob::kGsoMaxSegs);
  for (const Knob knob : kRestoreOrder)
    if (with_consequences(all).has(knob) && before_.is_on(knob))
      suspects_.push_back({knob, before_.is_fixed_on(knob) ? Standing::kFixed : Standing::kUntested});
}

Trial::Suspect* Trial::find(Knob knob) {
  const auto found = std::ranges::find(suspects_, knob, &Suspect::knob);
  return found == suspects_.end() ? nullptr : &*found;
}

bool is_of_kind(const Outcome& outcome, const TrafficKind& kind) {
  return outcome.payload >= kind.min_payload && (!kind.syn_only || outcome.syn) && (!kind.bursts_only || outcome.burst);
}

// How often something seems damaged though nothing is: never on the wire. What was not acknowledged may have been lost;
// how often that happens shows while the knobs are off.
double Trial::background_rate() const {
  if (plan_.judge != Judge::kAcceptance) return 0.001;
  return std::clamp((off_bad_ + 1.0) / (off_outcomes_ + 10.0), 0.1, 0.45);
}

void Trial::count(bool good) {
  ++outcomes_;
  if (phase_ == Phase::kOn) return;
  ++off_outcomes_;
  off_bad_ += good ? 0 : 1;
}

// The logarithm of how much likelier such an outcome is if the damage goes on than if it has stopped.
double Trial::weight_of(bool good) const {
  const double rate = std::clamp(plan_.kind.failure_rate, 0.02, 0.98);
  // A damaged wire copy is its own proof. What was not acknowledged may as well have been lost.
  const double background = background_rate();
  const double damaged = std::min(std::max(rate, 2 * background), 0.98);
  return good ? std::log((1 - damaged) / (1 - background)) : std::log(damaged / background);
}

// To convict: one error in two hundred; in a thousand, where loss on the way may look like damage.
double Trial::damage_certain() const {
  const bool acceptance = plan_.judge == Judge::kAcceptance;
  if (phase_ == Phase::kMitigating) return std::log(acceptance ? 100.0 : 10.0);
  return std::log(acceptance ? 1000.0 : 200.0);
}

// To acquit, and to call something healed, less will do: what proves wrong later is taken back.
double Trial::health_certain() const {
  if (plan_.judge == Judge::kAcceptance) return std::log(100.0);
  return std::log(phase_ == Phase::kMitigating ? 10.0 : 200.0);
}

void Trial::enter(Phase phase, TimePoint now) {
  phase_ = phase;
  phase_began_ = now;
  last_solicit_ = now;
  weight_ = 0;
  outcomes_ = 0;
}

TrialStep Trial::start(TimePoint now) {
  begun_at_ = now;
  for (const Suspect& suspect : suspects_)
    if (suspect.standing == Standing::kFixed)
      tell(fmt::format("{} is on and fixed: the driver does not let it be changed", row_of(suspect.knob).text));
  if (std::ranges::none_of(suspects_, [](const Suspect& s) { return s.standing == Standing::kUntested; }))
    return finish(TrialResult::End::kNothingToTry, now);
  step_ = 0;
  return hold_off(plan_.steps[0], now);
}

TrialStep Trial::next_step(TimePoint now) {
  if (++step_ < plan_.steps.size()) return hold_off(plan_.steps[step_], now);
  if (!held_.empty()) return finish(TrialResult::End::kNotAnOffload, now);
  // GSO is the kernel's own: that a stacked device keeps it says nothing about the hardware's.
  const bool hardware = !ignored_.without({Knob::kGso}).empty();
  return finish(hardware ? TrialResult::End::kIgnored : TrialResult::End::kNothingToTry, now);
}

TrialStep Trial::hold_off(Knobs knobs, TimePoint now) {
  TrialStep step;
  Knobs taken;
  for (const Knob knob : kRestoreOrder) {
    const Suspect* suspect = with_consequences(knobs).has(knob) ? find(knob) : nullptr;
    if (!suspect || suspect->standing != Standing::kUntested || held_.has(knob)) continue;
    merge(step.change, turning_off(knob, now_features_));
    taken.add(knob);
  }
  if (taken.empty()) return next_step(now);
  held_ = held_ | taken;
  off_bad_ = off_outcomes_ = 0;
  tell(fmt::format("+{:.1f} s: off: {}", seconds(now - begun_at_), names(held_)));
  enter(Phase::kMitigating, now);
  step.solicit = true;
  return step;
}

TrialStep Trial::changed(const ChangeOutcome& outcome, TimePoint now) {
  now_features_ = outcome.now;
  if (phase_ == Phase::kOver || phase_ == Phase::kNew) return {};
  phase_began_ = now;
  if (phase_ == Phase::kOn) {
    // What does not come back on cannot be proven; it is off, and that is all that can be said.
    if (!now_features_.is_on(suspects_[suspect_].knob)) return settle_suspect(Standing::kSuspected, now);
    return {};
  }
  for (const Knob knob : kAllKnobs) {
    if (!held_.has(knob) || !now_features_.is_on(knob)) continue;
    tell(fmt::format("the device ignores the setting: {} is still on after it was turned off", row_of(knob).text));
    held_.remove(knob);
    ignored_.add(knob);
    find(knob)->standing = Standing::kIgnored;
  }
  if (phase_ == Phase::kMitigating && held_.empty()) return next_step(now);
  return {};
}

TrialStep Trial::outcome(const Outcome& outcome, TimePoint now) {
  const auto settle = plan_.judge == Judge::kReceived ? limits_.settle_received : limits_.settle;
  if (phase_ == Phase::kNew || phase_ == Phase::kOver || outcome.judge != plan_.judge ||
      outcome.sent_at < phase_began_ + settle)
    return {};
  if (!outcome.good) return bad(outcome, now);
  return is_of_kind(outcome, plan_.kind) ? good(outcome, now) : TrialStep{};
}

TrialStep Trial::good(const Outcome& outcome, TimePoint now) {
  weight_ += weight_of(true);
  count(true);
  switch (phase_) {
    case Phase::kMitigating: return weight_ <= -health_certain() ? begin_proof(now) : TrialStep{};
    case Phase::kOn: return passed_while_on(outcome, now);
    case Phase::kOffAgain: return weight_ <= -health_certain() ? healed_again(now) : TrialStep{};
    case Phase::kResting: weight_ = std::max(weight_, 0.0); return {};
    case Phase::kNew:
    case Phase::kOver: return {};
  }
  return {};
}

TrialStep Trial::passed_while_on(const Outcome& outcome, TimePoint now) {
  Suspect& suspect = suspects_[suspect_];
  ++suspect.passed;
  suspect.weight += weight_of(true);
  suspect.largest_passed = std::max(suspect.largest_passed, outcome.payload);
  if (suspect.weight > -health_certain()) return {};
  tell(fmt::format("+{:.1f} s: {} on again: {} of this kind got through: innocent", seconds(now - begun_at_),
                   row_of(suspect.knob).text, suspect.passed));
  held_.remove(suspect.knob);
  return settle_suspect(Standing::kInnocent, now);
}

TrialStep Trial::bad(const Outcome& outcome, TimePoint now) {
  weight_ += weight_of(false);
  count(false);
  switch (phase_) {
    case Phase::kMitigating:
      if (weight_ < damage_certain()) return {};
      tell(fmt::format("+{:.1f} s: the damage goes on with {} off", seconds(now - begun_at_), names(held_)));
      return next_step(now);
    case Phase::kOn:
      suspects_[suspect_].weight += weight_of(false);
      return suspects_[suspect_].weight >= damage_certain() ? turn_off_again(now, true) : TrialStep{};
    case Phase::kOffAgain:
    case Phase::kResting: return weight_ >= damage_certain() ? contradicted(outcome, now) : TrialStep{};
    case Phase::kNew:
    case Phase::kOver: return {};
  }
  return {};
}

TrialStep Trial::begin_proof(TimePoint now) {
  mitigated_at_ = now;
  tell(fmt::format("+{:.1f} s: the damage has stopped with {} off", seconds(now - begun_at_), names(held_)));
  TrialStep step;
  if (plan_.one_way) {
    tell("the driver resets its link when a bit changes: nothing is turned on again to prove it");
    for (Suspect& suspect : suspects_)
      if (held_.has(suspect.knob)) suspect.standing = Standing::kSuspected;
    step = finish(TrialResult::End::kCulprits, now);
  } else {
    suspect_ = 0;
    enter(Phase::kResting, now);
  }
  step.mitigated = true;
  return step;
}

// The guilty knobs that, being off, keep this one off, too.
Knobs Trial::blockers(Knob knob) const {
  Knobs found;
  for (const Suspect& other : suspects_) {
    const bool stays_off = other.standing == Standing::kProven || other.standing == Standing::kSuspected;
    if (stays_off && row_of(other.knob).takes_with_it.has(knob)) found.add(other.knob);
  }
  return found;
}

TrialStep Trial::next_suspect(TimePoint now) {
  for (; suspect_ < suspects_.size(); ++suspect_) {
    Suspect& suspect = suspects_[suspect_];
    if (suspect.standing != Standing::kUntested || !held_.has(suspect.knob)) continue;
    const Knobs guilty = blockers(suspect.knob);
    if (guilty.empty()) return turn_on(now);
    suspect.standing = Standing::kConsequence;
    tell(fmt::format("{} cannot be on while {} is off: a consequence", row_of(suspect.knob).text, names(guilty)));
  }
  const bool guilty = std::ranges::any_of(suspects_, [](const Suspect& s) {
    return s.standing == Standing::kProven || s.standing == Standing::kSuspected;
  });
  return finish(guilty ? TrialResult::End::kCulprits : TrialResult::End::kWentAway, now);
}

TrialStep Trial::turn_on(TimePoint now) {
  const Knob knob = suspects_[suspect_].knob;
  TrialStep step;
  step.change = what_differs(turning_back(knob, before_), now_features_);
  step.solicit = true;
  tell(fmt::format("+{:.1f} s: on: {}", seconds(now - begun_at_), row_of(knob).text));
  enter(Phase::kOn, now);
  return step;
}

TrialStep Trial::turn_off_again(TimePoint now, bool broke) {
  Suspect& suspect = suspects_[suspect_];
  TrialStep step;
  step.change = turning_off(suspect.knob, now_features_);
  if (broke) {
    tell(fmt::format("+{:.1f} s: broken again with {} on; off", seconds(now - begun_at_), row_of(suspect.knob).text));
    enter(Phase::kOffAgain, now);
    step.solicit = true;
    return step;
  }
  const bool nothing_told = outcomes_ == 0, all_well = outcomes_ > 0 && weight_ < 0;
  enter(Phase::kResting, now);
  if (all_well) phase_began_ -= limits_.rest;  // nothing to recover from: it goes on at once
  if (nothing_told && ++suspect.empty_phases >= limits_.empty_phases) {
    tell(fmt::format("+{:.1f} s: nothing of the kind that failed was sent while {} was on: it stays off, unproven",
                     seconds(now - begun_at_), row_of(suspect.knob).text));
    suspect.standing = Standing::kSuspected;
  }
  return step;
}

TrialStep Trial::healed_again(TimePoint now) {
  Suspect& suspect = suspects_[suspect_];
  ++suspect.reversals;
  suspect.passed = 0;
  suspect.weight = 0;
  tell(fmt::format("+{:.1f} s: healed again with {} off ({} of {})", seconds(now - begun_at_),
                   row_of(suspect.knob).text, suspect.reversals, limits_.reversals));
  if (suspect.reversals >= limits_.reversals) {
    proven_at_ = now;
    return settle_suspect(Standing::kProven, now);
  }
  enter(Phase::kResting, now);
  return {};
}

TrialStep Trial::settle_suspect(Standing standing, TimePoint now) {
  suspects_[suspect_].standing = standing;
  enter(Phase::kResting, now);
  return {};
}

TrialStep Trial::contradicted(const Outcome& outcome, TimePoint now) {
  tell(fmt::format("+{:.1f} s: damage ({} octets) with {} off, where there had been none", seconds(now - begun_at_),
                   outcome.payload, names(held_)));
  plan_.kind.min_payload = std::max(plan_.kind.min_payload, outcome.payload);
  plan_.kind.syn_only = false;
  TrialStep step = reopen(outcome.payload, now);
  if (step.change.empty() && step_ + 1 < plan_.steps.size()) return next_step(now);
  if (++contradictions_ >= limits_.contradictions) return finish(TrialResult::End::kContradicted, now);
  if (step.change.empty()) enter(phase_, now);
  return step;
}

// Holds off again what was found innocent: by smaller segments only, or by too few, because the damage is rarer than it
// seemed.
TrialStep Trial::reopen(std::size_t payload, TimePoint now) {
  TrialStep step;
  for (Suspect& suspect : suspects_) {
    if (suspect.standing != Standing::kInnocent) continue;
    if (suspect.largest_passed >= payload)
      plan_.kind.failure_rate = std::min(plan_.kind.failure_rate, 1.0 / static_cast<double>(suspect.passed + 1));
    suspect = {.knob = suspect.knob};
    merge(step.change, turning_off(suspect.knob, now_features_));
    held_.add(suspect.knob);
    tell(fmt::format("{} is under suspicion again, and off", row_of(suspect.knob).text));
  }
  if (step.change.empty()) return step;
  enter(Phase::kMitigating, now);
  step.solicit = true;
  return step;
}

// What broke once stays off, suspected. Without traffic to tell, all of it does; but where there was traffic and
// nothing broke, nobody is blamed.
TrialStep Trial::out_of_time(TimePoint now) {
  const auto broke = [](const Suspect& suspect) {
    return suspect.reversals > 0 || suspect.standing == Standing::kProven;
  };
  const bool any_broke = std::ranges::any_of(suspects_, broke);
  const bool any_passed = std::ranges::any_of(suspects_, [](const Suspect& suspect) { return suspect.passed > 0; });
  if (!any_broke && any_passed) return finish(TrialResult::End::kContradicted, now);
  tell("there was no time, or no traffic, to prove the rest");
  for (Suspect& suspect : suspects_) {
    if (suspect.standing != Standing::kUntested || !held_.has(suspect.knob)) continue;
    suspect.standing = !any_broke || broke(suspect) ? Standing::kSuspected : Standing::kInnocent;
  }
  return next_suspect(now);
}

TrialStep Trial::tick(TimePoint now, bool may_break) {
  TrialStep step;
  switch (phase_) {
    case Phase::kNew:
    case Phase::kOver: return {};
    case Phase::kMitigating:
    case Phase::kOffAgain:
      if (now - phase_began_ >= limits_.step_patience) {
        if (phase_ == Phase::kMitigating && outcomes_ == 0) return finish(TrialResult::End::kNoOutcome, now);
        if (phase_ == Phase::kOffAgain) return settle_suspect(Standing::kSuspected, now);
        if (now - phase_began_ >= limits_.proof) return finish(TrialResult::End::kNoOutcome, now);
      }
      break;
    case Phase::kOn:
      if (now - phase_began_ >= limits_.on_phase) return turn_off_again(now, false);
      break;
    case Phase::kResting:
      if (now - *mitigated_at_ >= limits_.proof) return out_of_time(now);
      if (now - phase_began_ < limits_.rest) return {};
      if (may_break) return next_suspect(now);
      break;  // a keepalive that gets through gives the peer's Hold Timer its full time again
  }
  if (now - last_solicit_ >= kSolicitEvery) {
    last_solicit_ = now;
    step.solicit = true;
  }
  return step;
}

TimePoint Trial::deadline() const {
  switch (phase_) {
    case Phase::kNew:
    case Phase::kOver: return TimePoint::max();
    case Phase::kMitigating:
    case Phase::kOffAgain: return std::min(phase_began_ + limits_.step_patience, last_solicit_ + kSolicitEvery);
    case Phase::kOn: return std::min(phase_began_ + limits_.on_phase, last_solicit_ + kSolicitEvery);
    case Phase::kResting: return phase_began_ + limits_.rest;
  }
  return TimePoint::max();
}

FeatureChange Trial::restoring() const {
  FeatureChange change;
  for (const Suspect& suspect : suspects_)
    if (suspect.standing != Standing::kProven && suspect.standing != Standing::kSuspected)
      merge(change, turning_back(suspect.knob, before_));
  return what_differs(std::move(change), now_features_);
}

TrialStep Trial::finish(TrialResult::End end, TimePoint now) {
  if (end != TrialResult::End::kCulprits)
    for (Suspect& suspect : suspects_)
      if (suspect.standing == Standing::kProven || suspect.standing == Standing::kSuspected)
        suspect.standing = Standing::kUntested;
  TrialStep step;
  step.change = restoring();
  TrialResult result{
      .end = end, .knobs = {}, .mitigated_at = mitigated_at_, .proven_at = {}, .story = {}, .abort_reason = {}};
  held_ = {};
  bool all_proven = end == TrialResult::End::kCulprits;
  for (const Suspect& suspect : suspects_) {
    result.knobs.emplace_back(suspect.knob, suspect.standing);
    const bool stays_off = suspect.standing == Standing::kProven || suspect.standing == Standing::kSuspected;
    if (stays_off) held_.add(suspect.knob);
    all_proven &= suspect.standing != Standing::kSuspected;
  }
  if (all_proven) result.proven_at = proven_at_;
  tell(fmt::format("+{:.1f} s: {}", seconds(now - begun_at_),
                   held_.empty() ? "everything is as it was before" : "stays off: " + names(held_)));
  result.story = std::move(story_);
  step.result = std::move(result);
  phase_ = Phase::kOver;
  return step;
}

TrialStep Trial::abort(std::string reason, TimePoint now) {
  if (phase_ == Phase::kOver) return {};
  tell(fmt::format("+{:.1f} s: given up: {}", seconds(now - begun_at_), reason));
  TrialStep step = finish(TrialResult::End::kAborted, now);
  step.result->abort_reason = std::move(reason);
  return step;
}

}  // namespace tw::tcpmd5
