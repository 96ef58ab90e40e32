// A device may be called anything but "/": what is no UTF-8 would make the whole answer unreadable.
#include "api/grpc/verify_messages.h"

#include "bgpd/message/utf8.h"

#include <google/protobuf/repeated_ptr_field.h>

namespace tw::api {

namespace {

std::string clean(const std::string& text) {
  return bgp::printable_utf8({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void fill(google::protobuf::RepeatedPtrField<std::string>& out, tcpmd5::Knobs knobs) {
  for (const tcpmd5::Knob knob : tcpmd5::kAllKnobs)
    if (knobs.has(knob)) *out.Add() = knob_word(knob);
}

void fill(v1::VerifySource& out, const tcpmd5::SourceStatus& source) {
  out.set_name(clean(source.name));
  out.set_working(source.working);
  out.set_problem(clean(source.problem));
  out.set_frames(source.frames);
  out.set_dropped(source.dropped);
  out.set_truncated(source.truncated);
}

void fill(v1::VerifyCounts& out, const tcpmd5::PeerCounts& counts) {
  out.set_reference(counts.reference);
  out.set_reference_invalid(counts.reference_bad);
  out.set_wire(counts.wire);
  out.set_wire_valid(counts.wire_valid);
  out.set_wire_invalid(counts.wire_bad);
  out.set_wire_uncheckable(counts.wire_uncheckable);
  out.set_received(counts.received);
  out.set_received_invalid(counts.received_bad);
}

}  // namespace

std::string_view knob_word(tcpmd5::Knob knob) {
  const std::string_view word = tcpmd5::row_of(knob).ethtool;
  return word.empty() ? "gso-max-segs" : word;
}

std::string peer_text(const tcpmd5::PeerSpec& peer) {
  const bool single = peer.prefix_length == (peer.address.is_v6() ? 128 : 32);
  return single ? peer.address.to_string() : peer.address.to_string() + "/" + std::to_string(peer.prefix_length);
}

Parsed<boost::asio::ip::address> peer_from(const std::string& field, const std::string& text) {
  const auto address = address_from(field, text);
  if (const auto* wrong = std::get_if<std::string>(&address)) return *wrong;
  return boost::asio::ip::make_address(rib::to_string(std::get<rib::IpAddress>(address)));
}

v1::Confidence to_proto(tcpmd5::Confidence confidence) {
  switch (confidence) {
    case tcpmd5::Confidence::kReported: return v1::CONFIDENCE_REPORTED;
    case tcpmd5::Confidence::kUndecidable: return v1::CONFIDENCE_UNDECIDABLE;
    case tcpmd5::Confidence::kSuspected: return v1::CONFIDENCE_SUSPECTED;
    case tcpmd5::Confidence::kMitigated: return v1::CONFIDENCE_MITIGATED;
    case tcpmd5::Confidence::kProven: return v1::CONFIDENCE_PROVEN;
  }
  return v1::CONFIDENCE_UNSPECIFIED;
}

void fill(v1::NeighborVerification& out, const tcpmd5::PeerVerification& peer) {
  out.set_address(peer_text(peer.peer));
  out.set_device(clean(peer.device));
  out.set_vantage(clean(peer.vantage));
  fill(*out.mutable_counts(), peer.counts);
  if (peer.last_fault) {
    fill(*out.mutable_last_fault()->mutable_at(), peer.last_fault->at);
    out.mutable_last_fault()->set_fault(peer.last_fault->fault);
    out.mutable_last_fault()->set_evidence(clean(peer.last_fault->evidence));
  }
  if (peer.confidence) out.set_confidence(to_proto(*peer.confidence));
  out.set_verdict(clean(peer.verdict));
  out.set_trial_running(peer.trial_running);
  for (const tcpmd5::KnobStatus& status : peer.knobs) {
    v1::VerifyKnob& knob = *out.add_knobs();
    knob.set_knob(std::string(knob_word(status.knob)));
    knob.set_on(status.on);
    knob.set_before(status.on_before);
    knob.set_fixed(status.fixed);
    knob.set_held_off(status.held_off);
  }
}

void fill(v1::GetVerificationResponse& out, const tcpmd5::VerifyStatus& status) {
  out.set_mode(status.mode);
  for (const tcpmd5::SourceStatus& source : status.sources) fill(*out.add_sources(), source);
  for (const tcpmd5::PeerVerification& peer : status.peers) fill(*out.add_neighbors(), peer);
  out.set_uncheckable(status.uncheckable);
}

void fill(v1::Verdict& out, const tcpmd5::HistoryEntry& entry) {
  out.set_id(entry.id);
  fill(*out.mutable_at(), entry.at);
  out.set_device(clean(entry.device));
  out.set_neighbor(entry.peer.to_string());
  out.set_fault(entry.fault);
  out.set_evidence(clean(entry.evidence));
  out.set_confidence(to_proto(entry.confidence));
  fill(*out.mutable_culprits(), entry.culprits);
  fill(*out.mutable_proven(), entry.proven);
  fill(*out.mutable_suspected(), entry.suspected);
  fill(*out.mutable_consequences(), entry.consequences);
  fill(*out.mutable_innocent(), entry.innocent);
  fill(*out.mutable_fixed(), entry.fixed);
  fill(*out.mutable_ignored(), entry.ignored);
  out.set_text(clean(entry.text));
  for (const std::string& step : entry.story) out.add_story(clean(step));
  if (entry.seconds_to_mitigated) out.set_seconds_to_mitigated(*entry.seconds_to_mitigated);
  if (entry.seconds_to_proven) out.set_seconds_to_proven(*entry.seconds_to_proven);
  out.set_remedy_in_force(entry.remedy_in_force);
}

void fill(v1::Remedy& out, const tcpmd5::RemedyStatus& remedy) {
  out.set_device(clean(remedy.device));
  fill(*out.mutable_off(), remedy.off);
  out.set_text(clean(remedy.text));
  fill(*out.mutable_since(), remedy.since);
  if (remedy.cpu_ns_per_byte_before) out.set_cpu_ns_per_byte_before(*remedy.cpu_ns_per_byte_before);
  if (remedy.cpu_ns_per_byte_after) out.set_cpu_ns_per_byte_after(*remedy.cpu_ns_per_byte_after);
}

}  // namespace tw::api
