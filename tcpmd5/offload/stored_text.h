// Knobs, features and lists as the text that the store keeps of them: words that stay the same between releases.
//
// Pure; any thread.
#pragma once

#include "tcpmd5/offload/offloads.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tw::tcpmd5 {

// "tso tx gso_max_segs".
std::string to_stored(Knobs knobs);
// Nothing: there is a word among them that is no knob.
std::optional<Knobs> knobs_from_stored(std::string_view text);

// "rx-gro=on rx-lro=off! tx-tcp-segmentation=off:on gso_max_segs=65535": each bit as it is in force, then, where that
// differs, as it is wanted; with "!" it cannot be changed.
std::string to_stored(const DeviceFeatures& features);
// Nothing: it is not of that form.
std::optional<DeviceFeatures> features_from_stored(std::string_view text);

// One a line; line ends within become spaces.
std::string to_stored(const std::vector<std::string>& lines);
std::vector<std::string> lines_from_stored(std::string_view text);

}  // namespace tw::tcpmd5
