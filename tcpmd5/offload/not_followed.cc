#include "tcpmd5/offload/not_followed.h"

#include <algorithm>

namespace tw::tcpmd5 {
namespace {

bool is_bit_on(std::string_view bit, const DeviceFeatures& now) {
  const auto found = now.bits.find(bit);
  return found != now.bits.end() && found->second.on;
}

// Of SG, only gathering from pages matters to the others; gathering from lists of packets may be on without it.
bool allows_others(Knob knob, const DeviceFeatures& now) {
  return knob == Knob::kScatterGather ? is_bit_on("tx-scatter-gather", now) : now.is_on(knob);
}

// Two of TSO's bits are ways of cutting, of no use without the cutting itself.
bool lacks_its_base(std::string_view bit, const DeviceFeatures& now) {
  const bool ipv4 = is_bit_on("tx-tcp-segmentation", now);
  if (bit == "tx-tcp-mangleid-segmentation") return !ipv4;
  if (bit == "tx-tcp-ecn-segmentation") return !ipv4 && !is_bit_on("tx-tcp6-segmentation", now);
  return false;
}

}  // namespace

bool is_held_down(std::string_view bit, const DeviceFeatures& now) {
  const auto knob = knob_of_bit(bit);
  const auto holds_down = [&](Knob other) {
    return row_of(other).takes_with_it.has(*knob) && !allows_others(other, now);
  };
  return knob && (std::ranges::any_of(kAllKnobs, holds_down) || lacks_its_base(bit, now));
}

std::vector<std::string> not_followed(const FeatureChange& change, const DeviceFeatures& now) {
  std::vector<std::string> names;
  for (const auto& [bit, on] : change.bits) {
    const auto found = now.bits.find(bit);
    const bool is_on = found != now.bits.end() && found->second.on;
    if (is_on != on && !(on && is_held_down(bit, now))) names.push_back(bit);
  }
  if (change.gso_max_segs && change.gso_max_segs != now.gso_max_segs) names.emplace_back("gso_max_segs");
  return names;
}

}  // namespace tw::tcpmd5
