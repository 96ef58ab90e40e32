// Hands out dense ids, the lowest free one first, so that what lives long gathers at the low end and the tables that
// ids index can be cut off behind the highest one in use. Not thread-safe; O(1), amortised.
#pragma once

#include "rib/id_set.h"

#include <cstdint>

namespace tw::rib {

class IdPool {
 public:
  explicit IdPool(std::uint32_t first) : end_(first) {}  // ids below `first` are never handed out

  std::uint32_t take() {
    if (free_.empty()) return end_++;
    const std::uint32_t id = free_.next(0);
    free_.erase(id);
    return id;
  }
  void give_back(std::uint32_t id) {
    if (id + 1 != end_) {
      free_.insert(id);
      return;
    }
    --end_;
    while (end_ > 0 && free_.erase(end_ - 1)) --end_;
  }
  bool in_use(std::uint32_t id) const { return id < end_ && !free_.contains(id); }
  std::uint32_t end() const { return end_; }  // one beyond the highest id in use
  std::size_t memory_bytes() const { return free_.memory_bytes(); }

 private:
  IdSet free_;
  std::uint32_t end_;
};

}  // namespace tw::rib
