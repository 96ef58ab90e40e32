// How much work may still be done this second: a token bucket, against those who would make us busy.
//
// Pure; a value; not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace tw::tcpmd5 {

class WorkBudget {
 public:
  WorkBudget(std::size_t per_second, std::size_t most) : per_second_(per_second), most_(most), left_(most) {}

  void refill(std::chrono::steady_clock::time_point now) {
    if (now <= filled_) return;
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    left_ = std::min(static_cast<double>(most_), left_ + seconds * static_cast<double>(per_second_));
    filled_ = now;
  }
  bool spend(std::size_t amount) {
    if (static_cast<double>(amount) > left_) return false;
    left_ -= static_cast<double>(amount);
    return true;
  }

 private:
  std::size_t per_second_, most_;
  double left_;
  std::chrono::steady_clock::time_point filled_;
};

}  // namespace tw::tcpmd5
