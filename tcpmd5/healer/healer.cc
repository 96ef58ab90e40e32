#include "tcpmd5/healer/healer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace tw::tcpmd5 {

namespace {

std::string quiet_key(const Suspicion& suspicion) { return suspicion.fault + " " + suspicion.peer.to_string(); }

// What turns off all of the knobs that are on.
FeatureChange turning_off_all(Knobs knobs, const DeviceFeatures& now) {
  FeatureChange change;
  for (const Knob knob : kAllKnobs) {
    if (!knobs.has(knob)) continue;
    FeatureChange part = turning_off(knob, now);
    change.bits.merge(part.bits);
    if (part.gso_max_segs) change.gso_max_segs = part.gso_max_segs;
  }
  return change;
}

bool is_unclear(TrialResult::End end) {
  using End = TrialResult::End;
  return end == End::kWentAway || end == End::kNoOutcome || end == End::kContradicted || end == End::kAborted;
}

// What a person would type for this change.
std::string command_for(const std::string& device, const FeatureChange& change) {
  std::string words;
  for (const auto& [bit, on] : change.bits) words += fmt::format(" {} {}", bit, on ? "on" : "off");
  if (words.empty()) return fmt::format("ip link set {} gso_max_segs {}", device, change.gso_max_segs.value_or(1));
  return fmt::format("ethtool -K {}{}", device, words);
}

Knobs on_again(Knobs off, const DeviceFeatures& now) {
  Knobs found;
  for (const Knob knob : kAllKnobs)
    if (off.has(knob) && now.is_on(knob)) found.add(knob);
  return found;
}

}  // namespace

Healer::Healer(Offloads& offloads, Journal& journal, HealerOptions options)
    : offloads_(offloads), journal_(journal), options_(options) {}

HealerNews Healer::take() { return std::exchange(news_, {}); }

void Healer::tell(Device& device, Confidence confidence, std::string text, TimePoint now) {
  Verdict verdict = conclude(device.subject, TrialResult{}, now);
  verdict.confidence = confidence;
  verdict.text = fmt::format("{}: {}: {}", device.subject.device, device.subject.meaning, text);
  news_.verdicts.push_back(std::move(verdict));
}

void Healer::ask_again(const boost::asio::ip::address& peer) {
  const std::string ending = " " + peer.to_string();
  for (auto& [ifindex, device] : devices_)
    std::erase_if(device.quiet, [&](const auto& entry) { return entry.first.ends_with(ending); });
}

void Healer::suspect(const Suspicion& suspicion, TimePoint now) {
  if (options_.mode == HealerMode::kOff || suspicion.plan.steps.empty()) return;
  Device& device = devices_[suspicion.ifindex];
  if (device.waiting && is_decoy(suspicion.ifindex, suspicion.peer)) return seen_by_decoy(device, suspicion, now);
  Device::Quiet& quiet = device.quiet[quiet_key(suspicion)];
  if (device.trial || device.waiting || now < quiet.until || is_known(device, suspicion)) return;
  quiet.until = now + options_.quiet;
  device.witness = false;
  if (!waits_for_decoys(suspicion) || device.hands_off) return begin(suspicion, now);
  device.waiting = Waiting{suspicion, now + options_.witness};
  const DecoyPath path{suspicion.ifindex, suspicion.peer.is_v4()};
  TrafficKind kind = suspicion.plan.kind;
  if (suspicion.plan.judge == Judge::kAcceptance) kind = {};  // of what kind it is, the decoy will show
  news_.decoys.push_back({path, kind});
}

// Somebody turned on again what a remedy keeps off. That is answered by turning it off again, a few times; a trial
// would do so once more, and then again.
bool Healer::is_known(const Device& device, const Suspicion& suspicion) {
  if (!device.remedy) return false;
  auto read = offloads_.read(suspicion.ifindex);
  const auto* features = std::get_if<DeviceFeatures>(&read);
  if (!features) return false;
  const Knobs back = on_again(device.remedy->off, *features);
  return std::ranges::any_of(suspicion.plan.steps, [&](Knobs step) { return !(step & back).empty(); });
}

bool Healer::is_decoy(unsigned ifindex, const boost::asio::ip::address& peer) const {
  const auto found = decoys_.find({ifindex, peer.is_v4()});
  return found != decoys_.end() && found->second.contains(peer);
}

bool Healer::waits_for_decoys(const Suspicion& suspicion) const {
  return options_.mode == HealerMode::kHeal && suspicion.cause == Cause::kSending &&
         suspicion.plan.judge != Judge::kReceived && decoys_.contains({suspicion.ifindex, suspicion.peer.is_v4()}) &&
         !is_decoy(suspicion.ifindex, suspicion.peer);
}

// The device damages a decoy where it can be seen: that is better to try than what acknowledgments tell.
void Healer::seen_by_decoy(Device& device, const Suspicion& of_decoy, TimePoint now) {
  const Suspicion& stuck = device.waiting->suspicion;
  if (stuck.plan.judge != Judge::kAcceptance || stuck.peer.is_v4() != of_decoy.peer.is_v4()) return;
  Suspicion seen = of_decoy;
  seen.peer = stuck.peer;
  seen.first_damage = std::min(seen.first_damage, stuck.first_damage);
  seen.evidence = fmt::format("{}; a decoy over the same device: {}", stuck.evidence, of_decoy.evidence);
  device.waiting.reset();
  device.witness = true;
  begin(seen, now);
}

// What became of a decoy before the first flip.
void Healer::witnessed(Device& device, const Outcome& outcome, TimePoint now) {
  Waiting& waiting = *device.waiting;
  const TrialPlan& plan = waiting.suspicion.plan;
  if (plan.judge != Judge::kWire || outcome.judge != Judge::kWire || !is_of_kind(outcome, plan.kind)) return;
  if (!outcome.good && waiting.bad++ == 0) waiting.until = std::min(waiting.until, now + options_.witness_more);
  if (!outcome.good) return;
  // None of so many was damaged: the decoy does not suffer from this.
  if (++waiting.good >= 10.0 / plan.kind.failure_rate && waiting.bad == 0) waiting.until = now;
}

void Healer::begin_waiting(Device& device, TimePoint now) {
  Waiting waiting = std::move(*device.waiting);
  device.waiting.reset();
  device.witness = waiting.bad > 0;
  if (device.witness) {
    waiting.suspicion.evidence += "; a decoy over the same device suffers from it, too, and bears witness";
    double& rate = waiting.suspicion.plan.kind.failure_rate;
    rate = std::min(rate, (waiting.bad + 0.5) / (waiting.bad + waiting.good + 1.0));
  }
  begin(waiting.suspicion, now);
}

void Healer::begin(const Suspicion& suspicion, TimePoint now) {
  Device& device = devices_[suspicion.ifindex];
  device.subject = suspicion;
  auto features = offloads_.read(suspicion.ifindex);
  if (const auto* failure = std::get_if<OffloadFailure>(&features)) {
    tell(device, Confidence::kReported, "no trial: " + failure->text, now);
    return;
  }
  device.before = std::get<DeviceFeatures>(std::move(features));
  Trial trial(suspicion.plan, device.before, options_.limits);
  TrialStep step = trial.start(now);
  if (step.result) {  // nothing to try: no need to write anything down
    conclude_trial(device, *step.result, now);
    return;
  }
  if (options_.mode == HealerMode::kWatch || device.hands_off) {
    tell(device, Confidence::kSuspected,
         fmt::format("{} is suspected; nothing is touched ({}). What truewire would do first: {}",
                     to_string(trial.held_off()), device.hands_off ? "a remedy was undone by hand" : "mode watch",
                     command_for(suspicion.device, step.change)),
         now);
    return;
  }
  if (const auto problem = journal_.begin_trial(suspicion.ifindex, device.before)) {
    tell(device, Confidence::kReported, "no trial, because the present settings could not be stored: " + *problem, now);
    return;
  }
  device.trial.emplace(std::move(trial));
  perform(device, std::move(step), now);
}

// Carries out what the trial asks for, and what it then asks for in turn.
void Healer::perform(Device& device, TrialStep step, TimePoint now) {
  for (;;) {
    const bool mitigated = step.mitigated;
    if (step.solicit) {
      news_.solicit.insert(device.subject.peer);
      const DecoyPath path{device.subject.ifindex, device.subject.peer.is_v4()};
      if (device.trial && (device.witness || is_decoy(path.ifindex, device.subject.peer)))
        news_.decoys.push_back({path, device.trial->kind()});
    }
    std::optional<TrialResult> result = std::move(step.result);
    TrialStep next;
    if (!step.change.empty()) {
      auto outcome = offloads_.change(device.subject.ifindex, step.change);
      if (const auto* done = std::get_if<ChangeOutcome>(&outcome)) {
        next = device.trial->changed(*done, now);
      } else if (!result) {
        next = device.trial->abort(std::get<OffloadFailure>(outcome).text, now);
      } else {
        result->story.push_back("not everything could be put back: " + std::get<OffloadFailure>(outcome).text);
      }
    }
    if (mitigated && !result) {
      Verdict verdict = conclude(device.subject, {.end = TrialResult::End::kCulprits, .mitigated_at = now}, now);
      verdict.confidence = Confidence::kMitigated;
      verdict.suspected = device.trial->held_off();  // none of them is a culprit yet
      verdict.text = fmt::format("{}: {}: stopped with {} off; which of them is guilty is being proven",
                                 device.subject.device, device.subject.meaning, to_string(verdict.suspected));
      news_.verdicts.push_back(std::move(verdict));
    }
    if (result) {
      conclude_trial(device, *result, now);
      return;
    }
    if (next.change.empty() && !next.solicit && !next.result && !next.mitigated) return;
    step = std::move(next);
  }
}

void Healer::conclude_trial(Device& device, const TrialResult& result, TimePoint now) {
  Verdict verdict = conclude(device.subject, result, now);
  if (device.trial) {
    if (!verdict.culprits.empty()) keep_off(device, verdict);
    journal_.end_trial(device.subject.ifindex);
    device.trial.reset();
  }
  if (!verdict.culprits.empty()) device.quiet.clear();  // what is left after this is something new
  if (is_unclear(result.end)) {
    Device::Quiet& quiet = device.quiet[quiet_key(device.subject)];
    quiet.length = std::min(quiet.length.count() == 0 ? options_.quiet_unclear : 3 * quiet.length, options_.quiet);
    quiet.until = now + quiet.length;
  }
  news_.verdicts.push_back(std::move(verdict));
}

void Healer::keep_off(Device& device, const Verdict& verdict) {
  if (device.remedy) {  // a second one on this device: what it was before the first is what undoing brings back
    device.remedy->off = device.remedy->off | verdict.culprits;
    device.remedy->verdict = verdict;
    device.remedy->verdict.culprits = device.remedy->off;
  } else {
    device.remedy = Remedy{verdict.culprits, device.before, verdict};
  }
  if (const auto problem = journal_.put_remedy(device.remedy->verdict, device.remedy->before))
    tell(device, Confidence::kReported, "the remedy will not survive a restart: " + *problem, verdict.at);
}

void Healer::outcome(unsigned ifindex, const boost::asio::ip::address& peer, const Outcome& outcome, TimePoint now) {
  const auto found = devices_.find(ifindex);
  if (found == devices_.end()) return;
  Device& device = found->second;
  if (device.waiting && device.waiting->suspicion.peer.is_v4() == peer.is_v4() && is_decoy(ifindex, peer))
    return witnessed(device, outcome, now);
  if (!device.trial) return;
  const bool from_witness = device.witness && outcome.judge == Judge::kWire && is_decoy(ifindex, peer) &&
                            device.subject.peer.is_v4() == peer.is_v4();
  if (device.subject.peer == peer || from_witness) perform(device, device.trial->outcome(outcome, now), now);
}

void Healer::features_changed(unsigned ifindex, TimePoint now) {
  const auto found = devices_.find(ifindex);
  if (found == devices_.end()) return;
  Device& device = found->second;
  auto read = offloads_.read(ifindex);
  const auto* features = std::get_if<DeviceFeatures>(&read);
  if (!features) return;
  if (device.trial) {
    if (const Knobs flipped = on_again(device.trial->held_off(), *features);
        !flipped.empty() && !device.trial->is_on_phase())
      perform(device,
              device.trial->abort(fmt::format("somebody turned {} on while it was on trial", to_string(flipped)), now),
              now);
    return;
  }
  if (!device.remedy || on_again(device.remedy->off, *features).empty() || device.reapply_at) return;
  device.subject.device = device.remedy->verdict.device;
  device.subject.ifindex = ifindex;
  device.subject.peer = device.remedy->verdict.peer;
  device.subject.fault = device.remedy->verdict.fault;
  device.subject.meaning = "somebody turned " + to_string(on_again(device.remedy->off, *features)) + " on again";
  if (device.reapplied >= options_.reapply) {
    if (device.reapplied++ == options_.reapply)
      tell(device, Confidence::kReported,
           fmt::format("{} times now; truewire gives way. Find what does it (a tuning service, a network manager), or "
                       "make the setting "
                       "permanent: truewire verify export",
                       options_.reapply + 1),
           now);
    return;
  }
  auto delay = options_.reapply_first;
  for (int i = 0; i < device.reapplied; ++i) delay *= 4;
  device.reapply_at = now + delay;
}

void Healer::reapply(unsigned ifindex, Device& device, TimePoint now) {
  device.reapply_at.reset();
  ++device.reapplied;
  auto read = offloads_.read(ifindex);
  const auto* features = std::get_if<DeviceFeatures>(&read);
  if (!features || !device.remedy) return;
  const FeatureChange change = turning_off_all(device.remedy->off, *features);
  if (change.empty()) return;
  auto outcome = offloads_.change(ifindex, change);
  if (const auto* failure = std::get_if<OffloadFailure>(&outcome))
    tell(device, Confidence::kReported, "it could not be turned off again: " + failure->text, now);
  else
    tell(device, Confidence::kReported, fmt::format("turned off again ({} of {})", device.reapplied, options_.reapply),
         now);
}

void Healer::device_gone(unsigned ifindex, TimePoint now) {
  const auto found = devices_.find(ifindex);
  if (found != devices_.end()) found->second.waiting.reset();
  if (found == devices_.end() || !found->second.trial) return;
  perform(found->second, found->second.trial->abort("the device vanished, or its link went down", now), now);
}

void Healer::tick(TimePoint now, const std::function<bool(unsigned)>& may_break) {
  for (auto& [ifindex, device] : devices_) {
    if (device.waiting && now >= device.waiting->until) begin_waiting(device, now);
    if (device.trial && now >= device.trial->deadline())
      perform(device, device.trial->tick(now, may_break(ifindex)), now);
    if (device.reapply_at && now >= *device.reapply_at) reapply(ifindex, device, now);
  }
}

TimePoint Healer::deadline() const {
  TimePoint earliest = TimePoint::max();
  for (const auto& [ifindex, device] : devices_) {
    if (device.waiting) earliest = std::min(earliest, device.waiting->until);
    if (device.trial) earliest = std::min(earliest, device.trial->deadline());
    if (device.reapply_at) earliest = std::min(earliest, *device.reapply_at);
  }
  return earliest;
}

std::optional<std::string> Healer::adopt(unsigned ifindex, const Verdict& verdict, const DeviceFeatures& before,
                                         TimePoint) {
  if (options_.mode != HealerMode::kHeal) return std::nullopt;
  Device& device = devices_[ifindex];
  device.remedy = Remedy{verdict.culprits, before, verdict};
  device.remedy->verdict.ifindex = ifindex;
  auto read = offloads_.read(ifindex);
  if (const auto* failure = std::get_if<OffloadFailure>(&read)) return failure->text;
  const FeatureChange change = turning_off_all(verdict.culprits, std::get<DeviceFeatures>(read));
  if (change.empty()) return std::nullopt;
  auto outcome = offloads_.change(ifindex, change);
  if (const auto* failure = std::get_if<OffloadFailure>(&outcome)) return failure->text;
  return std::nullopt;
}

std::optional<std::string> Healer::undo(unsigned ifindex) {
  const auto found = devices_.find(ifindex);
  if (found == devices_.end() || !found->second.remedy) return "there is no remedy on this device";
  Device& device = found->second;
  FeatureChange change;
  for (const Knob knob : kAllKnobs) {
    if (!device.remedy->off.has(knob)) continue;
    FeatureChange part = turning_back(knob, device.remedy->before);
    change.bits.merge(part.bits);
    if (part.gso_max_segs) change.gso_max_segs = part.gso_max_segs;
  }
  auto outcome = offloads_.change(ifindex, change);
  if (const auto* failure = std::get_if<OffloadFailure>(&outcome)) return failure->text;
  journal_.remove_remedy(ifindex);
  device.remedy.reset();
  device.reapply_at.reset();
  device.hands_off = true;
  return std::nullopt;
}

bool Healer::trial_on(unsigned ifindex) const {
  const auto found = devices_.find(ifindex);
  return found != devices_.end() && (found->second.trial || found->second.waiting);
}

Knobs Healer::held_off(unsigned ifindex) const {
  const auto found = devices_.find(ifindex);
  if (found == devices_.end()) return {};
  Knobs held = found->second.remedy ? found->second.remedy->off : Knobs{};
  return found->second.trial ? held | found->second.trial->held_off() : held;
}

void Healer::stop(TimePoint now) {
  for (auto& [ifindex, device] : devices_) device.waiting.reset();
  for (auto& [ifindex, device] : devices_)
    if (device.trial) perform(device, device.trial->abort("truewired is stopping", now), now);
}

}  // namespace tw::tcpmd5
