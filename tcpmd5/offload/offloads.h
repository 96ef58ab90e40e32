// The offloads of this host's devices: read, set one bit at a time and read back, watch.
//
// Two implementations: EthtoolOffloads (the kernel) and the tests' scripted one. Not thread-safe.
#pragma once

#include "tcpmd5/offload/knob.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

struct FeatureBit {
  bool on = false;          // in force now
  bool wanted = false;      // asked for; differs from `on` where another bit forbids it
  bool changeable = false;  // the driver lets it be changed; otherwise "fixed"
  bool operator==(const FeatureBit&) const = default;
};

// What one device says of itself. Bits that belong to no knob are left out.
struct DeviceFeatures {
  std::map<std::string, FeatureBit, std::less<>> bits;  // by the kernel's name
  std::optional<std::uint32_t> gso_max_segs;            // packets in one super-segment; nothing: not told

  // Any of the knob's bits in force; for kGsoMaxSegs: above 1.
  bool is_on(Knob knob) const;
  // On, and at least one of the bits that are on can be changed.
  bool can_turn_off(Knob knob) const;
  // On, and none of its bits can be changed.
  bool is_fixed_on(Knob knob) const;
};

// What is asked of one device: bits by the kernel's name, and gso_max_segs.
struct FeatureChange {
  std::map<std::string, bool, std::less<>> bits;
  std::optional<std::uint32_t> gso_max_segs;
  bool empty() const { return bits.empty() && !gso_max_segs; }
};

enum class OffloadError : std::uint8_t { kNoDevice, kNotPermitted, kNotSupported, kFailed };
struct OffloadFailure {
  OffloadError error = OffloadError::kFailed;
  std::string text;  // one line for people: what was tried, why it failed, what to do
};

// What the device does after a change was asked for: read again, never assumed.
struct ChangeOutcome {
  DeviceFeatures now;
  std::vector<std::string> not_followed;  // bits that are not as asked, though nothing forbids them
};

class Offloads {
 public:
  virtual ~Offloads() = default;
  virtual std::variant<DeviceFeatures, OffloadFailure> read(unsigned ifindex) = 0;
  // Sets bit by bit, then reads back. What is fixed is not an error: it shows in not_followed.
  virtual std::variant<ChangeOutcome, OffloadFailure> change(unsigned ifindex, const FeatureChange& change) = 0;
};

// What turns the knob off, given what the device says: the bits that are on and can be changed. Empty: nothing can.
FeatureChange turning_off(Knob knob, const DeviceFeatures& features);
// What brings back what was wanted in `before` of the knob's bits.
FeatureChange turning_back(Knob knob, const DeviceFeatures& before);

}  // namespace tw::tcpmd5
