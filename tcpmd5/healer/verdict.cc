#include "tcpmd5/healer/verdict.h"

#include <fmt/format.h>

namespace tw::tcpmd5 {

namespace {

using End = TrialResult::End;

std::optional<double> seconds_since(TimePoint from, const std::optional<TimePoint>& to) {
  if (!to) return std::nullopt;
  return std::chrono::duration<double>(*to - from).count();
}

// Whether the damage itself is seen, not only that something is not accepted.
bool sees_the_damage(const Suspicion& suspicion) { return suspicion.plan.judge != Judge::kAcceptance; }

Confidence confidence_of(const Suspicion& suspicion, const TrialResult& result) {
  switch (result.end) {
    case End::kCulprits:
      return result.with(Standing::kSuspected).empty() ? Confidence::kProven : Confidence::kSuspected;
    // Turning every knob without effect says that it is none of them; what it is instead, only a wire copy says.
    case End::kNotAnOffload:
    case End::kNothingToTry:
    case End::kIgnored: return sees_the_damage(suspicion) ? Confidence::kReported : Confidence::kUndecidable;
    case End::kAborted: return Confidence::kReported;
    case End::kWentAway:
    case End::kNoOutcome:
    case End::kContradicted: return Confidence::kUndecidable;
  }
  return Confidence::kUndecidable;
}

std::string culprits_text(const Suspicion& suspicion, const Verdict& verdict) {
  std::string text;
  if (!verdict.proven.empty()) text = fmt::format("{} proven guilty", to_string(verdict.proven));
  if (!verdict.suspected.empty())
    text += fmt::format("{}{} suspected, without traffic or time to prove it", text.empty() ? "" : ", ",
                        to_string(verdict.suspected));
  text += fmt::format("; left off, everything else as before");
  if (!verdict.consequences.empty())
    text += fmt::format(" ({} cannot be on without it)", to_string(verdict.consequences));
  if (verdict.seconds_to_mitigated) text += fmt::format("; healed in {:.1f} s", *verdict.seconds_to_mitigated);
  return text + fmt::format("; undo: truewire verify undo {}", suspicion.device);
}

// Only what merges is known to be an offload, of somebody.
std::string where_below(const Suspicion& suspicion) {
  if (suspicion.cause != Cause::kReceiving) return "";
  return "; " + std::string(hypervisor_settings(suspicion.cause));
}

std::string how_to_decide(const Suspicion& suspicion) {
  if (sees_the_damage(suspicion)) return "";
  return "; a vantage beyond the NIC would tell ([verify] wire: a mirror port or a probe)";
}

std::string text_of(const Suspicion& suspicion, const TrialResult& result, const Verdict& verdict) {
  switch (result.end) {
    case End::kCulprits: return culprits_text(suspicion, verdict);
    case End::kNotAnOffload:
      return fmt::format("turning offloads off changes nothing, all are as before: {}{}{}", suspicion.unhealed,
                         where_below(suspicion), how_to_decide(suspicion));
    case End::kNothingToTry:
      return fmt::format("{}below the vNIC{}: no offload of {} that could do this can be changed here; {}{}",
                         sees_the_damage(suspicion) ? "" : "suspected ",
                         sees_the_damage(suspicion) ? "" : ", or a middlebox: undecidable here", suspicion.device,
                         hypervisor_settings(suspicion.cause), how_to_decide(suspicion));
    case End::kIgnored:
      return fmt::format(
          "the device ignores the setting ({}): its driver says yes and does nothing; all is as before. {}{}",
          to_string(verdict.ignored), hypervisor_settings(suspicion.cause), how_to_decide(suspicion));
    case End::kWentAway:
      return "it went away by itself: turning the offloads on again brought nothing back; all are as before";
    case End::kNoOutcome: return "nothing was sent that could have told whether it helps; all offloads are as before";
    case End::kContradicted:
      return "it comes and goes whatever the offloads say; all are as before" + how_to_decide(suspicion);
    case End::kAborted: return fmt::format("the trial was given up: {}", result.abort_reason);
  }
  return "";
}

}  // namespace

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::kReported: return "reported";
    case Confidence::kUndecidable: return "undecidable";
    case Confidence::kSuspected: return "suspected";
    case Confidence::kMitigated: return "mitigated";
    case Confidence::kProven: return "proven";
  }
  return "";
}

std::string to_string(Knobs knobs) {
  std::string text;
  for (const Knob knob : kAllKnobs)
    if (knobs.has(knob)) text += (text.empty() ? "" : ", ") + std::string(row_of(knob).text);
  return text;
}

Verdict conclude(const Suspicion& suspicion, const TrialResult& result, TimePoint now) {
  Verdict verdict;
  verdict.at = now;
  verdict.ifindex = suspicion.ifindex;
  verdict.device = suspicion.device;
  verdict.peer = suspicion.peer;
  verdict.fault = suspicion.fault;
  verdict.evidence = suspicion.evidence;
  verdict.segments = suspicion.segments;
  verdict.confidence = confidence_of(suspicion, result);
  verdict.proven = result.with(Standing::kProven);
  verdict.suspected = result.with(Standing::kSuspected);
  verdict.culprits = verdict.proven | verdict.suspected;
  verdict.consequences = result.with(Standing::kConsequence);
  verdict.innocent = result.with(Standing::kInnocent);
  verdict.fixed = result.with(Standing::kFixed);
  verdict.ignored = result.with(Standing::kIgnored);
  verdict.seconds_to_mitigated = seconds_since(suspicion.first_damage, result.mitigated_at);
  verdict.seconds_to_proven = seconds_since(suspicion.first_damage, result.proven_at);
  verdict.story = result.story;
  verdict.text = fmt::format("{}: {}: {}", suspicion.device, suspicion.meaning, text_of(suspicion, result, verdict));
  return verdict;
}

}  // namespace tw::tcpmd5
