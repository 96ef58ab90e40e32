// Finds the id of a value by the value's hash: open addressing with linear probing, four octets a slot.
//
// A slot holds an id and, in the bits that ids do not need, a piece of the hash, so that probing past other values
// hardly ever looks at them. The values themselves live elsewhere; callers pass `same(id)` to compare and `hash_of(id)`
// to hash again. Load is kept between 0.2 and 0.8. Ids must be below kMaxId. Not thread-safe; O(1), amortised.
#pragma once

#include "rib/paged_array.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace tw::rib {

class IdIndex {
 public:
  static constexpr std::uint32_t kMaxId = (1U << 30) - 2;
  static constexpr std::uint32_t kNone = ~0U;

  template <class Same>
  std::uint32_t find(std::uint64_t hash, Same same) const {
    if (slots_.size() == 0) return kNone;
    const std::uint32_t tag = tag_of(hash);
    for (std::size_t at = home(hash);; at = after(at)) {
      const std::uint32_t slot = slots_[at];
      if (slot == 0) return kNone;
      if ((slot & ~id_mask_) == tag && same((slot & id_mask_) - 1)) return (slot & id_mask_) - 1;
    }
  }

  // REQUIRES: no value equal to that of `id` is indexed.
  template <class HashOf>
  void insert(std::uint64_t hash, std::uint32_t id, HashOf hash_of) {
    if ((used_ + 1) * 5 > slots_.size() * 4) rebuild(slots_.size() + slots_.size() / 2, id, hash_of);
    if (id + 1 > id_mask_) rebuild(slots_.size(), id, hash_of);
    place(hash, id);
    ++used_;
  }

  // REQUIRES: `id` is indexed under `hash`.
  template <class HashOf>
  void erase(std::uint64_t hash, std::uint32_t id, HashOf hash_of) {
    std::size_t hole = home(hash);
    while ((slots_[hole] & id_mask_) != id + 1) hole = after(hole);
    // Close the hole: whatever probed past it moves up, so that no tombstone is needed.
    for (std::size_t at = after(hole); slots_[at] != 0; at = after(at)) {
      const std::size_t wanted = home(hash_of((slots_[at] & id_mask_) - 1));
      if (distance(wanted, at) >= distance(hole, at)) {
        slots_[hole] = slots_[at];
        hole = at;
      }
    }
    slots_[hole] = 0;
    --used_;
    if (used_ * 5 < slots_.size() && slots_.size() > kSmallest) rebuild(slots_.size() / 2, 0, hash_of);
  }

  // Starts loading the slot that find() will look at first.
  void prefetch(std::uint64_t hash) const {
    if (slots_.size() != 0) __builtin_prefetch(&slots_[home(hash)]);
  }

  std::size_t size() const { return used_; }
  std::size_t memory_bytes() const { return slots_.memory_bytes(); }

 private:
  static constexpr std::size_t kSmallest = 64;

  // The high half of the hash scales to a position, the low half gives the tag.
  std::size_t home(std::uint64_t hash) const { return ((hash >> 32) * slots_.size()) >> 32; }
  std::uint32_t tag_of(std::uint64_t hash) const { return static_cast<std::uint32_t>(hash) & ~id_mask_; }
  std::size_t after(std::size_t at) const { return at + 1 == slots_.size() ? 0 : at + 1; }
  std::size_t distance(std::size_t from, std::size_t to) const {
    return to >= from ? to - from : to + slots_.size() - from;
  }

  void place(std::uint64_t hash, std::uint32_t id) {
    std::size_t at = home(hash);
    while (slots_[at] != 0) at = after(at);
    slots_[at] = tag_of(hash) | (id + 1);
  }

  // Makes the table `size` slots large with room for ids up to `max_id` beside the tags.
  template <class HashOf>
  void rebuild(std::size_t size, std::uint32_t max_id, HashOf hash_of) {
    if (max_id >= kMaxId) throw std::length_error("IdIndex: too many ids");
    PagedArray<std::uint32_t> old = std::move(slots_);
    const std::uint32_t old_mask = id_mask_;
    std::uint32_t highest = max_id + 1;
    for (std::size_t i = 0; i < old.size(); ++i) highest = std::max(highest, old[i] & old_mask);
    slots_ = {};
    slots_.resize(std::max(size, kSmallest));
    // Twice the ids of now fit before the tags must shrink.
    id_mask_ = (std::uint32_t{1} << std::min(31, static_cast<int>(std::bit_width(highest)) + 1)) - 1;
    for (std::size_t i = 0; i < old.size(); ++i) {
      if (old[i] == 0) continue;
      const std::uint32_t id = (old[i] & old_mask) - 1;
      place(hash_of(id), id);
    }
  }

  PagedArray<std::uint32_t> slots_;  // 0: empty; else tag | (id + 1)
  std::size_t used_ = 0;
  std::uint32_t id_mask_ = 0;
};

}  // namespace tw::rib
