// The offload features of an interface that a fault may depend on, and their state in the running kernel.
#pragma once

#include "tests/lab/nic/frame.h"

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>

namespace tw::lab {

enum class Feature : std::uint8_t { kScatterGather, kTxChecksum, kTso4, kTso6, kGso, kGro };
inline constexpr std::array<std::string_view, 6> kFeatureNames{// the kernel's own, as ethtool -k lists them
                                                               "tx-scatter-gather",       "tx-checksum-ip-generic",
                                                               "tx-tcp-segmentation",     "tx-tcp6-segmentation",
                                                               "tx-generic-segmentation", "rx-gro"};

class FeatureBits {
 public:
  bool is_on(Feature feature) const { return bits_[static_cast<std::size_t>(feature)]; }
  void set(Feature feature, bool on) { bits_[static_cast<std::size_t>(feature)] = on; }
  bool operator==(const FeatureBits&) const = default;

 private:
  std::bitset<kFeatureNames.size()> bits_;
};

// Asks the kernel. Works in the network namespace that the calling thread is in when it is made, from wherever it is
// asked later. One thread.
class FeatureReader {
 public:
  // Throws std::system_error if there is no such interface.
  explicit FeatureReader(std::string interface);
  ~FeatureReader();
  FeatureReader(const FeatureReader&) = delete;
  FeatureReader& operator=(const FeatureReader&) = delete;

  // Nothing: the interface is gone.
  std::optional<FeatureBits> read() const;

 private:
  std::string interface_;
  int fd_;
  std::size_t count_ = 0;                                      // of all features that the kernel knows
  std::array<std::size_t, kFeatureNames.size()> positions_{};  // of ours among them
};

}  // namespace tw::lab
