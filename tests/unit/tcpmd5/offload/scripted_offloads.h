// Devices that do as the test says: what depends on what is as in the kernel, what they refuse is up to the test.
#pragma once

#include "tcpmd5/offload/not_followed.h"
#include "tcpmd5/offload/offloads.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tw::tcpmd5 {

struct ScriptedDevice {
  DeviceFeatures features;
  std::set<std::string, std::less<>> ignored;  // bits that the driver says yes to and does nothing about
  bool ignores_gso_max_segs = false;

  // A NIC with all knobs, on and changeable; but LRO, which would exclude hardware GRO, is not asked for, nor is
  // "mangleid". Its one checksum engine serves both families, as the kernel allows no other besides.
  static ScriptedDevice with_everything() {
    ScriptedDevice device;
    for (const Knob knob : kAllKnobs)
      for (const std::string_view bit : row_of(knob).bits)
        device.features.bits.emplace(bit, FeatureBit{.on = true, .wanted = true, .changeable = true});
    device.features.gso_max_segs = 65535;
    for (const char* bit : {"rx-lro", "tx-tcp-mangleid-segmentation"}) device.features.bits[bit].wanted = false;
    for (const char* bit : {"tx-checksum-ipv4", "tx-checksum-ipv6"}) device.features.bits[bit] = {};
    device.settle();
    return device;
  }
  // The knob can no longer be changed: fixed as it is now.
  ScriptedDevice& fix(Knob knob) {
    for (const std::string_view bit : row_of(knob).bits) features.bits.find(bit)->second.changeable = false;
    return *this;
  }
  // The driver takes the knob's changes and does nothing.
  ScriptedDevice& ignore(Knob knob) {
    for (const std::string_view bit : row_of(knob).bits) ignored.emplace(bit);
    if (knob == Knob::kGsoMaxSegs) ignores_gso_max_segs = true;
    return *this;
  }

  // netdev_fix_features: what is wanted comes into force unless something forbids it. Twice, as one bit that falls may
  // take another.
  void settle() {
    for (int round = 0; round < 2; ++round) {
      for (auto& [name, bit] : features.bits)
        if (bit.changeable && !ignored.contains(name)) bit.on = bit.wanted && !is_held_down(name, features);
      FeatureBit& lro = features.bits["rx-lro"];
      if (lro.changeable && features.is_on(Knob::kGroHardware)) lro.on = false;
    }
  }
};

class ScriptedOffloads : public Offloads {
 public:
  std::map<unsigned, ScriptedDevice> devices;  // one that vanishes is erased
  std::vector<std::pair<unsigned, FeatureChange>> asked;
  std::vector<OffloadFailure> failures;      // the next changes fail with these, in order, and do nothing
  std::function<void(unsigned)> on_changed;  // after each change that was carried out

  std::variant<DeviceFeatures, OffloadFailure> read(unsigned ifindex) override {
    const auto found = devices.find(ifindex);
    if (found == devices.end()) return gone(ifindex);
    return found->second.features;
  }

  std::variant<ChangeOutcome, OffloadFailure> change(unsigned ifindex, const FeatureChange& change) override {
    asked.emplace_back(ifindex, change);
    if (!failures.empty()) {
      const OffloadFailure failure = failures.front();
      failures.erase(failures.begin());
      return failure;
    }
    const auto found = devices.find(ifindex);
    if (found == devices.end()) return gone(ifindex);
    apply(found->second, change);
    if (on_changed) on_changed(ifindex);
    const DeviceFeatures& now = devices.at(ifindex).features;
    return ChangeOutcome{now, not_followed(change, now)};
  }

  // Somebody else does it.
  void flip(unsigned ifindex, std::string_view bit, bool on) {
    apply(devices.at(ifindex), {.bits = {{std::string(bit), on}}, .gso_max_segs = {}});
  }

 private:
  static OffloadFailure gone(unsigned ifindex) {
    return {OffloadError::kNoDevice, "device " + std::to_string(ifindex) + " is gone"};
  }
  static void apply(ScriptedDevice& device, const FeatureChange& change) {
    for (const auto& [name, on] : change.bits) {
      const auto bit = device.features.bits.find(name);
      if (bit != device.features.bits.end() && bit->second.changeable) bit->second.wanted = on;
    }
    if (change.gso_max_segs && !device.ignores_gso_max_segs) device.features.gso_max_segs = change.gso_max_segs;
    device.settle();
  }
};

}  // namespace tw::tcpmd5
