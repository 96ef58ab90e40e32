// Two hosts' NICs, the wire between them, and a mirror port: frames go from TAP to TAP, through faults.
//
// One thread; run() returns when told to quit or by SIGTERM. What sits where:
//
//   speaker's TAP → its NIC: segmentation, checksums → faults of the NIC → middleboxes before the mirror → mirror
//     → middleboxes beyond the mirror → peer's TAP
//
// and the same backwards.
#pragma once

#include "tests/lab/nic/fault_table.h"
#include "tests/lab/nic/mirror.h"
#include "tests/lab/nic/tap.h"
#include "tests/lab/nic/transmit_engine.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::lab {

struct NicOptions {
  TapName speaker, peer;
  std::optional<TapName> mirror;
  Tap::Receive speaker_receives = Tap::Receive::kPlain, peer_receives = Tap::Receive::kPlain;
  std::vector<std::string> faults;  // specifications
  std::string mirror_defects;       // "mirror,key=value,…"
};

class SoftwareNic {
 public:
  explicit SoftwareNic(const NicOptions& options);

  // Passes on what waits in the TAPs, at most kBurst frames of each, and what was held back and is due.
  void work(TimePoint now);
  // When work() has something to do though no frame comes.
  TimePoint next_due(TimePoint now) const;
  // The descriptors whose readability means work.
  std::vector<int> descriptors() const;

  // Puts a fault in place, or anew under the same label; throws std::invalid_argument.
  void install(std::string_view specification);
  // Whether there is a fault of that label.
  bool switch_fault(std::string_view label, bool on);
  void set_mirror(std::string_view specification);
  // Hands a frame to the speaker's host as if it had come over the wire; whether the kernel took it.
  bool inject(std::span<const std::uint8_t> ethernet_frame);
  std::string statistics() const;  // a JSON object

 private:
  static constexpr std::size_t kBurst = 128;
  static constexpr std::chrono::milliseconds kLongestWait{10};  // so that a knob's change is seen and noted

  struct KnobChange {
    TimePoint at;
    Feature feature;
    bool on;
  };
  struct Counts {
    std::uint64_t frames = 0, octets = 0, refused = 0;  // refused: by the kernel that was to receive
    TransmitCounts transmit;
  };

  void rebuild_paths();
  void look_at_knobs(TimePoint now);
  static Frames waiting_in(Tap& tap);  // at most a burst
  void shuttle(Frames frames, Counts& counts, Path& path, Tap& to, TimePoint now);
  void deliver(Frames& frames, Tap& to, Counts& counts);

  Tap speaker_, peer_;
  std::optional<Tap> mirror_tap_;
  std::unique_ptr<FeatureReader> knobs_;
  FeatureBits bits_;
  std::vector<KnobChange> changes_;
  Mirror mirror_;
  std::vector<InstalledFault> faults_;
  Path outbound_, inbound_;
  Counts out_, in_;
};

}  // namespace tw::lab
