// Stores many short byte strings compactly, each named by a 32-bit reference; no malloc per string.
//
// Strings of one size class share slabs of 16 KiB. A slab whose last string is freed gives its pages back. Strings
// longer than kLongest live on the heap. A string is at most 65,535 octets and never moves. Not thread-safe; O(octets).
#pragma once

#include "rib/id_pool.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace tw::rib {

class ByteArena {
 public:
  using Ref = std::uint32_t;

  ByteArena() = default;
  ~ByteArena();
  ByteArena(const ByteArena&) = delete;
  ByteArena& operator=(const ByteArena&) = delete;

  Ref store(std::span<const std::uint8_t> octets);
  void free(Ref ref);
  std::span<const std::uint8_t> get(Ref ref) const;
  std::size_t memory_bytes() const;

 private:
  static constexpr std::size_t kSlab = 16 * 1024, kSlabsPerRegion = 64, kLongest = 2048;
  static constexpr std::size_t kStep = 4, kFineClasses = 256 / kStep, kCoarseStep = 128;
  static constexpr std::size_t kClasses = kFineClasses + (kLongest + 2 - 256) / kCoarseStep + 1;
  static constexpr std::uint32_t kNoSlab = ~0U;
  static constexpr Ref kLong = 1U << 31;
  static constexpr unsigned kSlotBits = 12;  // a slab has at most 4096 slots
  static constexpr std::uint16_t kNoSlot = 0xFFFF;

  struct Slab {
    std::uint16_t slot_size = 0, used = 0, fresh = 0;  // slots from `fresh` on were never handed out
    std::uint16_t free = kNoSlot;                      // first of the freed slots, chained through their first octets
    std::uint32_t next = kNoSlab, previous = kNoSlab;  // of its class, among those with room
    std::size_t capacity() const { return kSlab / slot_size; }
  };
  static std::size_t class_of(std::size_t size);
  static std::size_t slot_size_of(std::size_t size_class);

  std::uint8_t* address(std::uint32_t slab, std::uint32_t slot) const {
    return regions_[slab / kSlabsPerRegion] + slab % kSlabsPerRegion * kSlab + slot * slabs_[slab].slot_size;
  }
  std::uint32_t open_slab(std::size_t size_class);
  void close_slab(std::uint32_t index);
  void link(std::uint32_t index);
  void unlink(std::uint32_t index);

  std::vector<std::uint8_t*> regions_;
  std::vector<Slab> slabs_;
  IdPool slab_ids_{0};
  std::array<std::uint32_t, kClasses> with_room_ = [] {
    std::array<std::uint32_t, kClasses> none;
    none.fill(kNoSlab);
    return none;
  }();
  std::vector<std::unique_ptr<std::uint8_t[]>> long_;
  IdPool long_ids_{0};
  std::size_t slabs_open_ = 0, long_bytes_ = 0;
};

}  // namespace tw::rib
