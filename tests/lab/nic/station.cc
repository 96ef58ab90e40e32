#include "tests/lab/nic/station.h"

#include <algorithm>

namespace tw::lab {
namespace {

constexpr std::uint8_t kIpv6FirstOctet = 0x86;

bool is_v6(const Frame& frame) { return frame.octets.size() > 13 && frame.octets[12] == kIpv6FirstOctet; }

}  // namespace

bool is_open(Gate gate, const FeatureBits& bits, bool v6) {
  switch (gate) {
    case Gate::kNone: return true;
    case Gate::kTso: return bits.is_on(v6 ? Feature::kTso6 : Feature::kTso4);
    case Gate::kTxChecksum: return bits.is_on(Feature::kTxChecksum);
    case Gate::kScatterGather: return bits.is_on(Feature::kScatterGather);
    case Gate::kGso: return bits.is_on(Feature::kGso);
    case Gate::kGro: return bits.is_on(Feature::kGro);
  }
  return false;
}

bool Station::may_strike(Frame& frame, const FeatureBits& bits) {
  const bool v6 = is_v6(frame);
  if (!on_ || !is_open(conditions_.gate, bits, v6)) return false;
  if (conditions_.family != 0 && conditions_.family != (v6 ? 6 : 4)) return false;
  if (!fault_->concerns(frame)) return false;
  if (++concerned_ <= conditions_.after) return false;
  if (conditions_.probability < 1 && std::uniform_real_distribution<>(0, 1)(chance_) >= conditions_.probability)
    return false;
  return (concerned_ - conditions_.after) % conditions_.one_in == 0;
}

void Station::pass(Frame frame, TimePoint now, const FeatureBits& bits, Frames& out) {
  if (may_strike(frame, bits)) {
    struck_v6_ = is_v6(frame);
    fault_->strike(std::move(frame), now, out);
  } else {
    if (!on_ || !is_open(conditions_.gate, bits, is_v6(frame))) fault_->let_go(out);
    fault_->spare(std::move(frame), out);
  }
  note_first(now);
}

void Station::release(TimePoint now, const FeatureBits& bits, Frames& out) {
  if (!on_ || !is_open(conditions_.gate, bits, struck_v6_)) fault_->let_go(out);
  fault_->release(now, out);
  note_first(now);
}

void Station::note_first(TimePoint now) {
  if (!first_fired_ && fault_->fired() != 0) first_fired_ = now;
}

void Path::send_from(std::size_t stage, Frame frame, TimePoint now, const FeatureBits& bits, Frames& out) {
  if (stage == stages_.size()) {
    out.push_back(std::move(frame));
    return;
  }
  Frames passed;
  stages_[stage]->pass(std::move(frame), now, bits, passed);
  for (Frame& next : passed) send_from(stage + 1, std::move(next), now, bits, out);
}

std::optional<TimePoint> Path::due() const {
  std::optional<TimePoint> first;
  for (const auto& stage : stages_)
    if (const auto due = stage->due(); due && (!first || *due < *first)) first = due;
  return first;
}

void Path::release(TimePoint now, const FeatureBits& bits, Frames& out) {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    Frames due;
    stages_[i]->release(now, bits, due);
    for (Frame& frame : due) send_from(i + 1, std::move(frame), now, bits, out);
  }
}

}  // namespace tw::lab
