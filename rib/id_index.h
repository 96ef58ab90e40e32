// Finds the id of a value by the value's hash: open addressing with linear probing, four octets a slot.
//
// A slot holds an id and, in the bits that ids do not need, a piece of the hash, so that probing past other values
// hardly ever looks at them. The values themselves live elsewhere. Callers pass `same(id)` to compare, and
// `for_each(visit)` which calls visit(id, hash) for every id that is indexed, in an order that is good for their
// memory: growing then reads in sequence. At most four slots in five are in use. Ids must be below kMaxId. Not
// thread-safe; O(1), amortised.
#pragma once

#include "rib/paged_array.h"

#include <algorithm>
#include <array>
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
      if (slot == kEmpty) return kNone;
      if ((slot & ~id_mask_) == tag && slot != id_mask_ && same((slot & id_mask_) - 1)) return (slot & id_mask_) - 1;
    }
  }

  // REQUIRES: no value equal to that of `id` is indexed, and `for_each` does not visit `id` yet.
  template <class ForEach>
  void insert(std::uint64_t hash, std::uint32_t id, ForEach for_each) {
    if ((used_ + left_ + 1) * 5 > slots_.size() * 4) {
      // Half full or less without what erase() left behind: then clearing that away is enough.
      const bool crowded = used_ * 2 >= slots_.size();
      rebuild(crowded ? slots_.size() + slots_.size() / 2 : slots_.size(), id, for_each);
    }
    if (id + 1 >= id_mask_) rebuild(slots_.size(), id, for_each);
    place(hash, id);
    ++used_;
  }

  // REQUIRES: `id` is indexed under `hash`, and `for_each` does not visit it any more.
  template <class ForEach>
  void erase(std::uint64_t hash, std::uint32_t id, ForEach for_each) {
    std::size_t at = home(hash);
    while ((slots_[at] & id_mask_) != id + 1) at = after(at);
    --used_;
    if (slots_[after(at)] == kEmpty) {
      slots_[at] = kEmpty;
    } else {  // others may have probed past it
      slots_[at] = id_mask_;
      ++left_;
    }
    if (used_ * 5 < slots_.size() && slots_.size() > kSmallest) rebuild(slots_.size() / 2, 0, for_each);
  }

  // Starts loading the slot that find() will look at first.
  void prefetch(std::uint64_t hash) const {
    if (slots_.size() != 0) __builtin_prefetch(&slots_[home(hash)]);
  }

  std::size_t size() const { return used_; }
  std::size_t memory_bytes() const { return slots_.memory_bytes(); }

 private:
  static constexpr std::size_t kSmallest = 64;
  static constexpr std::uint32_t kEmpty = 0;

  // The high half of the hash scales to a position, the low half gives the tag.
  std::size_t home(std::uint64_t hash) const { return ((hash >> 32) * slots_.size()) >> 32; }
  std::uint32_t tag_of(std::uint64_t hash) const { return static_cast<std::uint32_t>(hash) & ~id_mask_; }
  std::size_t after(std::size_t at) const { return at + 1 == slots_.size() ? 0 : at + 1; }

  void place(std::uint64_t hash, std::uint32_t id) {
    std::size_t at = home(hash);
    while (slots_[at] != kEmpty && slots_[at] != id_mask_) at = after(at);
    if (slots_[at] != kEmpty) --left_;
    slots_[at] = tag_of(hash) | (id + 1);
  }

  // Makes the table `size` slots large, with room for `id` beside the tags.
  template <class ForEach>
  void rebuild(std::size_t size, std::uint32_t id, ForEach for_each) {
    if (id >= kMaxId) throw std::length_error("IdIndex: too many ids");
    // Twice the ids of now fit before the tags must shrink.
    const int id_bits = static_cast<int>(std::bit_width(id + 2)) + 1;
    id_mask_ = std::max(id_mask_, (std::uint32_t{1} << std::min(31, id_bits)) - 1);
    slots_ = {};
    slots_.resize(std::max(size, kSmallest));
    left_ = 0;
    // A few at a time: their slots are loaded together instead of one after the other.
    struct Pending {
      std::uint64_t hash;
      std::uint32_t id;
    };
    std::array<Pending, 16> pending;
    std::size_t count = 0;
    const auto flush = [&] {
      for (std::size_t i = 0; i < count; ++i) place(pending[i].hash, pending[i].id);
      count = 0;
    };
    for_each([&](std::uint32_t other, std::uint64_t hash) {
      prefetch(hash);
      pending[count++] = {hash, other};
      if (count == pending.size()) flush();
    });
    flush();
  }

  PagedArray<std::uint32_t> slots_;  // kEmpty, tag | (id + 1), or id_mask_ where erase() left one behind
  std::size_t used_ = 0, left_ = 0;
  std::uint32_t id_mask_ = 0;
};

}  // namespace tw::rib
