// A device that behaves as its script says: dependencies between feature bits like the kernel's, fixed bits, bits that
// a driver ignores, errors, and other programs that meddle.
#pragma once

#include "tcpmd5/offload/offloads.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace tw::tcpmd5::testing {

class VirtualDevice : public Offloads {
 public:
  // A device with everything on and changeable, as a virtio NIC has it.
  VirtualDevice() {
    for (const Knob knob : {Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather, Knob::kGro})
      for (const std::string_view bit : row_of(knob).bits)
        features_.bits[std::string(bit)] = {.on = true, .wanted = true, .changeable = true};
    features_.gso_max_segs = 65535;
  }

  std::variant<DeviceFeatures, OffloadFailure> read(unsigned) override {
    if (failure_) return *failure_;
    return features_;
  }

  std::variant<ChangeOutcome, OffloadFailure> change(unsigned, const FeatureChange& change) override {
    if (failure_) return *failure_;
    changes.push_back(change);
    for (const auto& [name, on] : change.bits) {
      const auto bit = features_.bits.find(name);
      if (bit != features_.bits.end() && bit->second.changeable && !deaf_.contains(name)) bit->second.wanted = on;
    }
    if (change.gso_max_segs) features_.gso_max_segs = change.gso_max_segs;
    settle();
    ChangeOutcome outcome{.now = features_, .not_followed = {}};
    for (const auto& [name, on] : change.bits) {
      const auto bit = features_.bits.find(name);
      if (bit == features_.bits.end() || bit->second.wanted != on) outcome.not_followed.push_back(name);
    }
    return outcome;
  }

  // --- the script ---
  void fix(Knob knob) {
    for (const std::string_view bit : row_of(knob).bits) features_.bits[std::string(bit)].changeable = false;
  }
  // The driver says yes and leaves the bit as it is.
  void ignore(Knob knob) {
    for (const std::string_view bit : row_of(knob).bits) deaf_.insert(std::string(bit));
  }
  // Another program sets the knob.
  void set(Knob knob, bool on) {
    for (const std::string_view bit : row_of(knob).bits) features_.bits[std::string(bit)].wanted = on;
    settle();
  }
  void fail(std::optional<OffloadFailure> failure) { failure_ = std::move(failure); }

  bool is_on(Knob knob) const { return features_.is_on(knob); }
  const DeviceFeatures& features() const { return features_; }
  // Knobs that are not in force, though they were made so.
  Knobs off() const {
    Knobs off;
    for (const Knob knob : {Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather, Knob::kGro})
      if (!features_.is_on(knob)) off.add(knob);
    return off;
  }

  std::vector<FeatureChange> changes;

 private:
  // netdev_fix_features() of Linux, as far as it concerns TCP: what cannot be is off, but still wanted.
  void settle() {
    for (auto& [name, bit] : features_.bits) bit.on = bit.changeable ? bit.wanted : bit.on;
    for (const Knob knob : kAllKnobs) {
      if (row_of(knob).bits.empty() || features_.is_on(knob)) continue;
      for (const Knob taken : kAllKnobs)
        if (row_of(knob).takes_with_it.has(taken))
          for (const std::string_view bit : row_of(taken).bits)
            if (const auto found = features_.bits.find(bit); found != features_.bits.end()) found->second.on = false;
    }
  }

  DeviceFeatures features_;
  std::set<std::string, std::less<>> deaf_;
  std::optional<OffloadFailure> failure_;
};

}  // namespace tw::tcpmd5::testing
