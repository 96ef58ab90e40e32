// Counts by neighbour, offloads by device: many neighbours are behind one device.
#include "api/cli/verify_text.h"

#include "api/cli/text.h"
#include "api/cli/verify_json.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <map>
#include <ostream>
#include <vector>

namespace tw::cli {

namespace v1 = ::truewire::v1;

namespace {

using Align = TextTable::Align;

constexpr std::string_view kMaxSegs = "gso-max-segs";

std::string time_text(const google::protobuf::Timestamp& time) {
  using google::protobuf::util::TimeUtil;
  return local_time(std::chrono::system_clock::time_point(std::chrono::seconds(TimeUtil::TimestampToSeconds(time))));
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

// "tso off (was on, held off)"
std::string knob_text(const v1::VerifyKnob& knob) {
  std::vector<std::string> notes;
  if (knob.on() != knob.before() && knob.knob() == kMaxSegs) {
    notes.emplace_back(knob.before() ? "was more" : "was 1");
  } else if (knob.on() != knob.before()) {
    notes.emplace_back(knob.before() ? "was on" : "was off");
  }
  if (knob.held_off()) notes.emplace_back("held off");
  if (knob.fixed()) notes.emplace_back("fixed");
  const bool is_number = knob.knob() == kMaxSegs;  // and "off" is 1
  const std::string text =
      fmt::format("{} {}", knob.knob(), is_number ? (knob.on() ? "above 1" : "1") : (knob.on() ? "on" : "off"));
  return notes.empty() ? text : fmt::format("{} ({})", text, fmt::join(notes, ", "));
}

std::string knobs_text(const google::protobuf::RepeatedPtrField<v1::VerifyKnob>& knobs) {
  std::vector<std::string> texts;
  for (const v1::VerifyKnob& knob : knobs) {
    const bool as_ever = knob.on() && knob.before() && !knob.held_off();
    if (knob.knob() != kMaxSegs || !as_ever) texts.push_back(knob_text(knob));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

void print_sources(const v1::GetVerificationResponse& verification, std::ostream& out) {
  if (verification.sources_size() == 0) return;
  out << '\n';
  TextTable table(
      {{"Source"}, {"Frames", Align::kRight}, {"Dropped", Align::kRight}, {"Truncated", Align::kRight}, {"State"}});
  for (const v1::VerifySource& source : verification.sources()) {
    const char* state = source.working() ? "working" : "not working";
    table.add({source.name(), std::to_string(source.frames()), std::to_string(source.dropped()),
               std::to_string(source.truncated()),
               source.problem().empty() ? state : fmt::format("{}: {}", state, source.problem())});
  }
  table.print(out);
}

void print_neighbors(const v1::GetVerificationResponse& verification, std::ostream& out) {
  out << '\n';
  if (verification.neighbors_size() == 0) {
    out << "no neighbor has an md5-key: there is nothing to verify\n";
    return;
  }
  TextTable table({{"Neighbor"},
                   {"Device"},
                   {"Vantage"},
                   {"Checked", Align::kRight},
                   {"Valid", Align::kRight},
                   {"Invalid", Align::kRight},
                   {"Received", Align::kRight},
                   {"Invalid", Align::kRight},
                   {"Confidence"}});
  for (const v1::NeighborVerification& n : verification.neighbors()) {
    const SentSegments sent = sent_segments(n.counts());
    const std::string confidence(confidence_word(n.confidence()));
    table.add({n.address(), or_dash(n.device()), or_dash(n.vantage()), std::to_string(sent.checked()),
               std::to_string(sent.valid), std::to_string(sent.invalid), std::to_string(n.counts().received()),
               std::to_string(n.counts().received_invalid()),
               n.trial_running() ? or_dash(confidence) + ", trial running" : or_dash(confidence)});
  }
  table.print(out);
}

void print_faults(const v1::GetVerificationResponse& verification, std::ostream& out) {
  for (const v1::NeighborVerification& n : verification.neighbors()) {
    if (!n.has_last_fault() && n.verdict().empty()) continue;
    out << '\n' << printable(n.address()) << '\n';
    Details details;
    if (n.has_last_fault()) {
      details.add("Last fault", fmt::format("{} {}: {}", time_text(n.last_fault().at()), n.last_fault().fault(),
                                            n.last_fault().evidence()));
    }
    details.add("Verdict", n.verdict());
    details.print(out);
  }
}

std::string price_text(const v1::Remedy& remedy) {
  const auto part = [](bool measured, double nanoseconds) {
    return measured ? fmt::format("{:.2f} ns", nanoseconds) : std::string("not measured (too little was sent)");
  };
  return fmt::format("of CPU per octet sent: before {}, now {}",
                     part(remedy.has_cpu_ns_per_byte_before(), remedy.cpu_ns_per_byte_before()),
                     part(remedy.has_cpu_ns_per_byte_after(), remedy.cpu_ns_per_byte_after()));
}

void print_devices(const v1::GetVerificationResponse& verification, const v1::ListRemediesResponse& remedies,
                   std::ostream& out) {
  std::map<std::string, Details> devices;
  for (const v1::NeighborVerification& n : verification.neighbors()) {
    if (n.device().empty() || n.knobs_size() == 0 || devices.contains(n.device())) continue;
    devices[n.device()].add("Offloads", knobs_text(n.knobs()));
  }
  for (const v1::Remedy& remedy : remedies.remedies()) {
    Details& details = devices[remedy.device()];
    details.add("Remedy",
                fmt::format("{} off since {}: {}", joined(remedy.off()), time_text(remedy.since()), remedy.text()));
    details.add("Price", price_text(remedy));
  }
  for (const auto& [device, details] : devices) {
    out << '\n' << printable(device) << '\n';
    details.print(out);
  }
}

void print_verdict(const v1::Verdict& verdict, std::ostream& out) {
  out << fmt::format("\n#{}  {}\n", verdict.id(), verdict_line(verdict));
  Details details;
  details.add("Evidence", verdict.evidence());
  details.add("Turned off", joined(verdict.culprits()));
  details.add("Proven", joined(verdict.proven()));
  details.add("Suspected", joined(verdict.suspected()));
  details.add("Consequences", joined(verdict.consequences()));
  details.add("Innocent", joined(verdict.innocent()));
  details.add("Fixed", joined(verdict.fixed()));
  details.add("Ignored", joined(verdict.ignored()));
  if (verdict.has_seconds_to_mitigated()) {
    details.add("Mitigated after", fmt::format("{:.1f} s", verdict.seconds_to_mitigated()));
  }
  if (verdict.has_seconds_to_proven()) {
    details.add("Proven after", fmt::format("{:.1f} s", verdict.seconds_to_proven()));
  }
  details.print(out);
  int step = 0;
  for (const std::string& line : verdict.story()) out << fmt::format("  {:>3}. {}\n", ++step, printable(line));
}

}  // namespace

std::string verdict_line(const v1::Verdict& verdict) {
  return printable(fmt::format("{}  {} on {}  {}  {}: {}", time_text(verdict.at()), verdict.neighbor(),
                               or_dash(verdict.device()), verdict.fault(), confidence_word(verdict.confidence()),
                               verdict.text()));
}

void print_verification(const v1::GetVerificationResponse& verification, const v1::ListRemediesResponse& remedies,
                        std::ostream& out) {
  out << fmt::format("Verifier: mode {}", printable(verification.mode()));
  if (verification.uncheckable() > 0) {
    out << fmt::format("; {} copies from the wire had nothing left to be compared with", verification.uncheckable());
  }
  out << '\n';
  print_sources(verification, out);
  print_neighbors(verification, out);
  print_faults(verification, out);
  print_devices(verification, remedies, out);
}

void print_verdicts(const v1::ListVerdictsResponse& verdicts, std::ostream& out) {
  if (verdicts.verdicts_size() == 0) {
    out << "no verdict has been reached yet\n";
    return;
  }
  TextTable table({{"Id", Align::kRight}, {"Time"}, {"Neighbor"}, {"Device"}, {"Fault"}, {"Confidence"}, {"Verdict"}});
  for (const v1::Verdict& v : verdicts.verdicts()) {
    table.add({std::to_string(v.id()), time_text(v.at()), v.neighbor(), or_dash(v.device()), v.fault(),
               std::string(confidence_word(v.confidence())), v.text()});
  }
  table.print(out);
}

void print_explanation(const std::string& neighbor, const v1::ExplainResponse& explanation, std::ostream& out) {
  out << "Neighbor " << printable(neighbor) << '\n';
  const v1::NeighborVerification& known = explanation.neighbor();
  if (explanation.has_neighbor()) {
    const v1::VerifyCounts& c = known.counts();
    Details details;
    if (known.address() != neighbor) details.add("Range", known.address());
    details.add("Device", known.device());
    details.add("Vantage", known.vantage());
    details.add("Handed to the NIC", fmt::format("{} segments, {} invalid", c.reference(), c.reference_invalid()));
    details.add("On the wire", fmt::format("{} segments, {} valid, {} invalid, {} not checkable", c.wire(),
                                           c.wire_valid(), c.wire_invalid(), c.wire_uncheckable()));
    details.add("Received", fmt::format("{} segments, {} invalid", c.received(), c.received_invalid()));
    details.add("Offloads", knobs_text(known.knobs()));
    if (known.trial_running()) details.add("Trial", "running");
    if (known.has_last_fault()) {
      details.add("Last fault", fmt::format("{} {}: {}", time_text(known.last_fault().at()), known.last_fault().fault(),
                                            known.last_fault().evidence()));
    }
    details.print(out);
  }
  if (explanation.verdicts_size() == 0) out << "\nno verdict has been reached about it\n";
  for (const v1::Verdict& verdict : explanation.verdicts()) print_verdict(verdict, out);
}

}  // namespace tw::cli
