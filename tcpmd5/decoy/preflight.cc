#include "tcpmd5/decoy/preflight.h"

#include <fmt/format.h>

#include <utility>

namespace tw::tcpmd5 {

namespace {

using Stream = PreflightView::Stream;

}  // namespace

Preflight::Preflight(bool v4, std::string device, HealerMode mode, std::chrono::seconds patience, TimePoint now)
    : v4_(v4),
      device_(std::move(device)),
      mode_(mode),
      answer_by_(now + kAnswerWithin),
      due_(now + patience),
      due_at_most_(due_ + kTrialAtMost) {}

void Preflight::concluded(const Verdict& verdict) {
  if (result_) return;
  tell(fmt::format("{}: {}", to_string(verdict.confidence), verdict.text));
  fault_ = verdict.fault;
  if (verdict.confidence == Confidence::kMitigated) return;  // the proof follows
  if (!verdict.culprits.empty()) {
    culprits_ = culprits_ | verdict.culprits;
    proven_ = proven_ | verdict.proven;
    not_healed_.clear();
    last_word_at_.reset();
    return;
  }
  not_healed_ = verdict.text;
  last_word_at_.reset();
  // What was undecidable may be tried again.
  if (verdict.confidence != Confidence::kUndecidable)
    last_word_at_ = verdict.at + (mode_ == HealerMode::kHeal ? kLastWord : std::chrono::seconds(0));
}

void Preflight::abandon(std::string why) {
  if (!result_) end(PreflightOutcome::kNotTested, {}, std::move(why));
}

void Preflight::look(const PreflightView& view, TimePoint now) {
  if (result_) return;
  switch (view.stream) {
    case Stream::kRefused: return end(PreflightOutcome::kNotTested, view, "the probe refuses a decoy: " + view.problem);
    case Stream::kGone:
      return end(PreflightOutcome::kNotTested, view, "the probe went away before there was an answer");
    case Stream::kAsked:
      if (now >= answer_by_) end(PreflightOutcome::kNotTested, view, "the probe does not answer");
      return;
    case Stream::kSending: return follow(view, now);
  }
}

void Preflight::begin_measuring(const PreflightView& view) {
  rounds_then_ = view.tally.rounds;
  valid_then_ = view.counts.wire_valid;
  invalid_then_ = view.counts.wire_bad;
}

void Preflight::follow(const PreflightView& view, TimePoint now) {
  if (!std::exchange(sending_, true)) begin_measuring(view);
  if (view.tally.connections > 0 && !std::exchange(told_connected_, true)) tell("connected; the patterns run");
  if (view.counts.wire_bad > invalid_then_) {
    if (!std::exchange(told_damage_, true)) tell("damage: " + view.last_fault);
    begin_measuring(view);
  }
  if (view.trial_running) {
    if (!std::exchange(told_waiting_, true)) tell(fmt::format("a trial runs on {}: waiting for its end", device_));
    trial_ran_ = true;
    begin_measuring(view);  // what got through while knobs were off says nothing about afterwards
    if (now >= due_at_most_) out_of_time(view);
    return;
  }
  told_waiting_ = false;
  if (std::exchange(trial_ran_, false)) begin_measuring(view);
  if (now >= due_ || (last_word_at_ && now >= *last_word_at_)) return out_of_time(view);
  if (!is_clean(view)) return;
  if (!culprits_.empty()) {
    end(PreflightOutcome::kHealed, view,
        fmt::format("{} is healed with {} off ({}); {} arrived as they were signed since", device_,
                    to_string(culprits_), proven_ == culprits_ ? "proven" : "not all of it proven", segments(view)));
  } else if (!told_damage_) {  // damage that nobody cured may come back: it is waited for
    end(PreflightOutcome::kTrusted, view,
        fmt::format("{} can be trusted: {} arrived as they were signed", device_, segments(view)));
  }
}

bool Preflight::is_clean(const PreflightView& view) const {
  return view.probe_sees && view.tally.rounds >= rounds_then_ + kCleanRounds &&
         view.counts.wire_valid >= valid_then_ + kCleanSegments;
}

std::string Preflight::segments(const PreflightView& view) const {
  return fmt::format("{} segments of every size", view.counts.wire_valid - valid_then_);
}

void Preflight::out_of_time(const PreflightView& view) {
  if (told_damage_) {
    const std::string why =
        not_healed_.empty() ? "nothing was concluded in time; seen last: " + view.last_fault : not_healed_;
    return end(PreflightOutcome::kDamaged, view, why);
  }
  if (!not_healed_.empty()) return end(PreflightOutcome::kDamaged, view, not_healed_);
  if (!view.probe_sees)
    return end(PreflightOutcome::kNotTested, view, "the probe cannot see what arrives: " + view.blindness);
  if (view.counts.wire == 0)
    return end(PreflightOutcome::kNotTested, view,
               "the probe saw nothing of the decoy: is it on the way to its own address, at the interface that it "
               "captures at?");
  if (view.tally.connections == 0)
    return end(PreflightOutcome::kNotTested, view,
               fmt::format("the probe does not accept the decoy at TCP port {}, though its SYN arrived whole: is there "
                           "a firewall?{}",
                           kDecoyPort, view.tally.problem.empty() ? "" : " (" + view.tally.problem + ")"));
  if (view.tally.frozen > 0)
    return end(PreflightOutcome::kNotTested, view,
               "what arrived at the probe was whole, yet its host did not accept all of it: loss on the way back, or "
               "the host itself");
  end(PreflightOutcome::kNotTested, view,
      fmt::format("there was no time: {} of {} rounds went through without damage", view.tally.rounds - rounds_then_,
                  kCleanRounds));
}

void Preflight::end(PreflightOutcome outcome, const PreflightView& view, std::string text) {
  result_ = PreflightResult{.outcome = outcome,
                            .v4 = v4_,
                            .device = device_,
                            .text = std::move(text),
                            .fault = fault_,
                            .culprits = culprits_,
                            .proven = proven_,
                            .valid = view.counts.wire_valid,
                            .invalid = view.counts.wire_bad};
}

}  // namespace tw::tcpmd5
