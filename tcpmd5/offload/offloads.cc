#include "tcpmd5/offload/offloads.h"

#include <algorithm>

namespace tw::tcpmd5 {

namespace {

const FeatureBit* find(const DeviceFeatures& features, std::string_view bit) {
  const auto found = features.bits.find(bit);
  return found == features.bits.end() ? nullptr : &found->second;
}

}  // namespace

bool DeviceFeatures::is_on(Knob knob) const {
  if (knob == Knob::kGsoMaxSegs) return gso_max_segs.value_or(1) > 1;
  return std::ranges::any_of(row_of(knob).bits, [&](std::string_view name) {
    const FeatureBit* bit = find(*this, name);
    return bit && bit->on;
  });
}

bool DeviceFeatures::can_turn_off(Knob knob) const { return !turning_off(knob, *this).empty(); }

bool DeviceFeatures::is_fixed_on(Knob knob) const { return is_on(knob) && !can_turn_off(knob); }

FeatureChange turning_off(Knob knob, const DeviceFeatures& features) {
  FeatureChange change;
  if (knob == Knob::kGsoMaxSegs) {
    if (features.is_on(knob)) change.gso_max_segs = 1;
    return change;
  }
  for (const std::string_view name : row_of(knob).bits) {
    const FeatureBit* bit = find(features, name);
    // Wanted but not in force counts, too: it would come back with the bit that holds it down.
    if (bit && bit->changeable && (bit->on || bit->wanted)) change.bits.emplace(name, false);
  }
  return change;
}

FeatureChange turning_back(Knob knob, const DeviceFeatures& before) {
  FeatureChange change;
  if (knob == Knob::kGsoMaxSegs) {
    change.gso_max_segs = before.gso_max_segs;
    return change;
  }
  for (const std::string_view name : row_of(knob).bits) {
    const FeatureBit* bit = find(before, name);
    if (bit && bit->changeable) change.bits.emplace(name, bit->wanted);
  }
  return change;
}

}  // namespace tw::tcpmd5
