#include "tests/lab/nic/software_nic.h"

#include <algorithm>
#include <memory>

namespace tw::lab {
namespace {

std::unique_ptr<FeatureReader> reader_of(const TapName& name) {
  std::unique_ptr<FeatureReader> reader;
  inside(name.network, [&] { reader = std::make_unique<FeatureReader>(name.interface); });
  return reader;
}

double seconds(TimePoint at) { return std::chrono::duration<double>(at.time_since_epoch()).count(); }

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }
std::string_view boolean(bool value) { return value ? "true" : "false"; }

}  // namespace

SoftwareNic::SoftwareNic(const NicOptions& options)
    : speaker_(options.speaker, options.speaker_receives),
      peer_(options.peer, options.peer_receives),
      knobs_(reader_of(options.speaker)) {
  if (options.mirror) mirror_tap_.emplace(*options.mirror, Tap::Receive::kPlain);
  if (!options.mirror_defects.empty()) set_mirror(options.mirror_defects);
  for (const std::string& specification : options.faults) faults_.push_back(make_fault(specification));
  rebuild_paths();
  if (const auto bits = knobs_->read()) bits_ = *bits;
}

void SoftwareNic::rebuild_paths() {
  outbound_ = {};
  inbound_ = {};
  const auto add = [&](Path& path, Place place, std::shared_ptr<Station> InstalledFault::*way) {
    for (const InstalledFault& fault : faults_)
      if (fault.place == place && fault.*way) path.add(fault.*way);
  };
  const auto tee = mirror_tap_ ? std::make_shared<Tee>(mirror_) : nullptr;
  add(outbound_, Place::kNic, &InstalledFault::out);
  add(outbound_, Place::kBeforeMirror, &InstalledFault::out);
  if (tee) outbound_.add(tee);
  add(outbound_, Place::kBeyondMirror, &InstalledFault::out);
  add(inbound_, Place::kBeyondMirror, &InstalledFault::in);
  if (tee) inbound_.add(tee);
  add(inbound_, Place::kBeforeMirror, &InstalledFault::in);
  add(inbound_, Place::kNic, &InstalledFault::in);
}

void SoftwareNic::install(std::string_view specification) {
  InstalledFault fault = make_fault(specification);
  std::erase_if(faults_, [&](const InstalledFault& old) { return old.label == fault.label; });
  faults_.push_back(std::move(fault));
  rebuild_paths();
}

bool SoftwareNic::switch_fault(std::string_view label, bool on) {
  const auto fault = std::ranges::find(faults_, label, &InstalledFault::label);
  if (fault == faults_.end()) return false;
  if (fault->out) fault->out->switch_to(on);
  if (fault->in) fault->in->switch_to(on);
  return true;
}

void SoftwareNic::set_mirror(std::string_view specification) {
  mirror_.set(mirror_defects(Parameters::parse(specification)));
}

bool SoftwareNic::inject(std::span<const std::uint8_t> ethernet_frame) {
  return speaker_.write({{ethernet_frame.begin(), ethernet_frame.end()}, {}});
}

void SoftwareNic::look_at_knobs(TimePoint now) {
  const auto bits = knobs_->read();
  if (!bits || *bits == bits_) return;
  for (std::size_t i = 0; i < kFeatureNames.size(); ++i) {
    const auto feature = static_cast<Feature>(i);
    if (bits->is_on(feature) != bits_.is_on(feature)) changes_.push_back({now, feature, bits->is_on(feature)});
  }
  bits_ = *bits;
}

void SoftwareNic::work(TimePoint now) {
  Frames sent = waiting_in(speaker_), received = waiting_in(peer_);
  // After reading: a frame that was sent when the knob had been turned must not meet the fault any more.
  look_at_knobs(now);
  shuttle(std::move(sent), out_, outbound_, peer_, now);
  shuttle(std::move(received), in_, inbound_, speaker_, now);
  if (!mirror_tap_) return;
  Frames due;
  mirror_.take(now, due);
  for (const Frame& frame : due) mirror_tap_->write(frame);
  waiting_in(*mirror_tap_);  // what the host sends into its mirror port is for nobody
}

Frames SoftwareNic::waiting_in(Tap& tap) {
  Frames frames;
  for (Frame frame; frames.size() < kBurst && tap.read(frame);) frames.push_back(std::move(frame));
  return frames;
}

void SoftwareNic::shuttle(Frames frames, Counts& counts, Path& path, Tap& to, TimePoint now) {
  Frames delivered;
  for (Frame& frame : frames) {
    ++counts.frames;
    counts.octets += frame.octets.size();
    Frames wire;
    transmit(std::move(frame), wire, counts.transmit);
    for (Frame& one : wire) path.send(std::move(one), now, bits_, delivered);
    deliver(delivered, to, counts);
  }
  path.release(now, bits_, delivered);
  deliver(delivered, to, counts);
}

void SoftwareNic::deliver(Frames& frames, Tap& to, Counts& counts) {
  for (const Frame& frame : frames)
    if (!to.write(frame)) ++counts.refused;
  frames.clear();
}

TimePoint SoftwareNic::next_due(TimePoint now) const {
  TimePoint first = now + kLongestWait;
  for (const auto& due : {outbound_.due(), inbound_.due(), mirror_.due()})
    if (due) first = std::min(first, *due);
  return first;
}

std::vector<int> SoftwareNic::descriptors() const {
  std::vector<int> all{speaker_.fd(), peer_.fd()};
  if (mirror_tap_) all.push_back(mirror_tap_->fd());
  return all;
}

std::string SoftwareNic::statistics() const {
  const auto counts = [](const Counts& of) {
    return "{\"frames\":" + std::to_string(of.frames) + ",\"octets\":" + std::to_string(of.octets) +
           ",\"super_segments\":" + std::to_string(of.transmit.super_segments) +
           ",\"checksums_finished\":" + std::to_string(of.transmit.checksums_finished) +
           ",\"refused\":" + std::to_string(of.refused) + "}";
  };
  std::string faults, knobs, changes;
  const auto add_station = [&](const std::shared_ptr<Station>& station, std::string_view direction) {
    if (!station) return;
    faults +=
        (faults.empty() ? "{" : ",{") + ("\"name\":" + quoted(station->name())) +
        ",\"direction\":" + quoted(direction) + ",\"on\":" + std::string(boolean(station->is_on())) +
        ",\"concerned\":" + std::to_string(station->concerned()) + ",\"fired\":" + std::to_string(station->fired()) +
        ",\"first_fired\":" + (station->first_fired() ? std::to_string(seconds(*station->first_fired())) : "null") +
        "}";
  };
  for (const InstalledFault& fault : faults_) {
    add_station(fault.out, "out");
    add_station(fault.in, "in");
  }
  for (std::size_t i = 0; i < kFeatureNames.size(); ++i)
    knobs += (i == 0 ? "" : ",") + quoted(kFeatureNames[i]) + ":" +
             std::string(boolean(bits_.is_on(static_cast<Feature>(i))));
  for (const KnobChange& change : changes_)
    changes += (changes.empty() ? "{" : ",{") + ("\"at\":" + std::to_string(seconds(change.at))) +
               ",\"knob\":" + quoted(kFeatureNames[static_cast<std::size_t>(change.feature)]) +
               ",\"on\":" + std::string(boolean(change.on)) + "}";
  return "{\"out\":" + counts(out_) + ",\"in\":" + counts(in_) + ",\"mirror_lost\":" + std::to_string(mirror_.lost()) +
         ",\"faults\":[" + faults + "],\"knobs\":{" + knobs + "},\"knob_changes\":[" + changes + "]}";
}

}  // namespace tw::lab
