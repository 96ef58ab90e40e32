// Written field by field, and not by protobuf's mapping, which makes 64-bit numbers strings.
#include "api/cli/verify_json.h"

#include "bgpd/message/utf8.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

namespace tw::cli {

namespace v1 = ::truewire::v1;

namespace {

std::string json_bool(bool value) { return value ? "true" : "false"; }

std::string json_time(const google::protobuf::Timestamp& time) {
  return json_text(google::protobuf::util::TimeUtil::ToString(time));
}

std::string json_number(double number) { return fmt::format("{}", number); }

std::string json_texts(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::vector<std::string> values;
  for (const std::string& text : texts) values.push_back(json_text(text));
  return json_list(values);
}

std::string json_confidence(v1::Confidence confidence) {
  const std::string_view word = confidence_word(confidence);
  return word.empty() ? "null" : json_text(word);
}

std::string to_json(const v1::VerifySource& source) {
  return json_object({{"name", json_text(source.name())},
                      {"working", json_bool(source.working())},
                      {"problem", json_text(source.problem())},
                      {"frames", std::to_string(source.frames())},
                      {"dropped", std::to_string(source.dropped())},
                      {"truncated", std::to_string(source.truncated())}});
}

std::string to_json(const v1::VerifyKnob& knob, const std::string& device) {
  return json_object({{"device", json_text(device)},
                      {"knob", json_text(knob.knob())},
                      {"on", json_bool(knob.on())},
                      {"before", json_bool(knob.before())},
                      {"fixed", json_bool(knob.fixed())},
                      {"held_off", json_bool(knob.held_off())}});
}

std::string to_json(const v1::VerifyFault& fault) {
  return json_object(
      {{"at", json_time(fault.at())}, {"class", json_text(fault.fault())}, {"evidence", json_text(fault.evidence())}});
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out += '"';
}

// As the daemon's own texts are.
std::string clean(std::string_view text) {
  return bgp::printable_utf8({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string json_list(const std::vector<std::string>& values) { return fmt::format("[{}]", fmt::join(values, ",")); }

std::string json_object(const std::vector<std::pair<std::string_view, std::string>>& fields) {
  std::string out = "{";
  for (const auto& [name, value] : fields) out += fmt::format("{}\"{}\":{}", out.size() > 1 ? "," : "", name, value);
  return out += '}';
}

SentSegments sent_segments(const v1::VerifyCounts& counts) {
  if (counts.wire_valid() + counts.wire_invalid() > 0) return {counts.wire_valid(), counts.wire_invalid()};
  return {counts.reference() - counts.reference_invalid(), counts.reference_invalid()};
}

std::string_view confidence_word(v1::Confidence confidence) {
  switch (confidence) {
    case v1::CONFIDENCE_REPORTED: return "reported";
    case v1::CONFIDENCE_UNDECIDABLE: return "undecidable";
    case v1::CONFIDENCE_SUSPECTED: return "suspected";
    case v1::CONFIDENCE_MITIGATED: return "mitigated";
    case v1::CONFIDENCE_PROVEN: return "proven";
    default: return "";
  }
}

std::string to_json(const v1::NeighborVerification& neighbor) {
  const SentSegments sent = sent_segments(neighbor.counts());
  std::vector<std::string> knobs;
  for (const v1::VerifyKnob& knob : neighbor.knobs()) knobs.push_back(to_json(knob, neighbor.device()));
  return json_object({{"address", json_text(neighbor.address())},
                      {"device", json_text(neighbor.device())},
                      {"vantage", json_text(neighbor.vantage())},
                      {"segments_checked", std::to_string(sent.checked())},
                      {"valid", std::to_string(sent.valid)},
                      {"invalid", std::to_string(sent.invalid)},
                      {"received", std::to_string(neighbor.counts().received())},
                      {"received_invalid", std::to_string(neighbor.counts().received_invalid())},
                      {"last_fault", neighbor.has_last_fault() ? to_json(neighbor.last_fault()) : "null"},
                      {"confidence", json_confidence(neighbor.confidence())},
                      {"verdict", json_text(neighbor.verdict())},
                      {"trial_running", json_bool(neighbor.trial_running())},
                      {"knobs", json_list(knobs)}});
}

std::string to_json(const v1::Verdict& verdict) {
  return json_object(
      {{"id", std::to_string(verdict.id())},
       {"at", json_time(verdict.at())},
       {"device", json_text(verdict.device())},
       {"neighbor", json_text(verdict.neighbor())},
       {"fault", json_text(verdict.fault())},
       {"evidence", json_text(verdict.evidence())},
       {"confidence", json_confidence(verdict.confidence())},
       {"culprits", json_texts(verdict.culprits())},
       {"proven", json_texts(verdict.proven())},
       {"suspected", json_texts(verdict.suspected())},
       {"consequences", json_texts(verdict.consequences())},
       {"innocent", json_texts(verdict.innocent())},
       {"fixed", json_texts(verdict.fixed())},
       {"ignored", json_texts(verdict.ignored())},
       {"text", json_text(verdict.text())},
       {"story", json_texts(verdict.story())},
       {"seconds_to_mitigated",
        verdict.has_seconds_to_mitigated() ? json_number(verdict.seconds_to_mitigated()) : "null"},
       {"seconds_to_proven", verdict.has_seconds_to_proven() ? json_number(verdict.seconds_to_proven()) : "null"},
       {"remedy_in_force", json_bool(verdict.remedy_in_force())}});
}

std::string to_json(const v1::Remedy& remedy) {
  return json_object({{"device", json_text(remedy.device())},
                      {"off", json_texts(remedy.off())},
                      {"text", json_text(remedy.text())},
                      {"since", json_time(remedy.since())},
                      {"cpu_ns_per_byte_before",
                       remedy.has_cpu_ns_per_byte_before() ? json_number(remedy.cpu_ns_per_byte_before()) : "null"},
                      {"cpu_ns_per_byte_after",
                       remedy.has_cpu_ns_per_byte_after() ? json_number(remedy.cpu_ns_per_byte_after()) : "null"}});
}

std::string to_json(const v1::GetVerificationResponse& verification, const v1::ListVerdictsResponse& verdicts,
                    const v1::ListRemediesResponse& remedies) {
  std::vector<std::string> sources;
  for (const v1::VerifySource& source : verification.sources()) sources.push_back(to_json(source));
  return json_object({{"mode", json_text(verification.mode())},
                      {"sources", json_list(sources)},
                      {"neighbors", to_json_list(verification.neighbors())},
                      {"verdicts", to_json_list(verdicts.verdicts())},
                      {"remedies", to_json_list(remedies.remedies())}});
}

}  // namespace tw::cli
