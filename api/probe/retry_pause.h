// How long to wait before the next attempt to connect: 0.2 s, then twice as long each time, up to 5 s. Pure.
#pragma once

#include <algorithm>
#include <chrono>

namespace tw::api {

class RetryPause {
 public:
  static constexpr std::chrono::milliseconds kShortest{200}, kLongest{5'000};

  std::chrono::milliseconds next() {
    const auto now = pause_;
    pause_ = std::min(2 * pause_, kLongest);
    return now;
  }
  // Who was refused has no reason to hurry.
  void lengthen() { pause_ = kLongest; }
  void reset() { pause_ = kShortest; }

 private:
  std::chrono::milliseconds pause_ = kShortest;
};

}  // namespace tw::api
