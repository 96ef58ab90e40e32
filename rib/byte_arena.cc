// ByteArena: slabs by size class. A slot holds the string's length in two octets, then the string.
#include "rib/byte_arena.h"

#include "rib/paged_array.h"

#include <cassert>
#include <cstring>

namespace tw::rib {
namespace {

constexpr std::size_t kLengthOctets = 2;

void write_string(std::uint8_t* slot, std::span<const std::uint8_t> octets) {
  const auto length = static_cast<std::uint16_t>(octets.size());
  std::memcpy(slot, &length, kLengthOctets);
  if (!octets.empty()) std::memcpy(slot + kLengthOctets, octets.data(), octets.size());
}
std::span<const std::uint8_t> read_string(const std::uint8_t* slot) {
  std::uint16_t length;
  std::memcpy(&length, slot, kLengthOctets);
  return {slot + kLengthOctets, length};
}

}  // namespace

ByteArena::~ByteArena() {
  for (std::uint8_t* const region : regions_) pages::unmap(region, kSlabsPerRegion * kSlab);
}

std::size_t ByteArena::class_of(std::size_t size) {
  return size <= 256 ? (size - 1) / kStep : kFineClasses + (size - 257) / kCoarseStep;
}

std::size_t ByteArena::slot_size_of(std::size_t size_class) {
  return size_class < kFineClasses ? (size_class + 1) * kStep : 256 + (size_class - kFineClasses + 1) * kCoarseStep;
}

ByteArena::Ref ByteArena::store(std::span<const std::uint8_t> octets) {
  assert(octets.size() <= 0xFFFF);
  const std::size_t size = octets.size() + kLengthOctets;
  if (octets.size() > kLongest) {
    const std::uint32_t id = long_ids_.take();
    if (id >= long_.size()) long_.resize(id + 1);
    long_[id] = std::make_unique<std::uint8_t[]>(size);
    long_bytes_ += size;
    write_string(long_[id].get(), octets);
    return kLong | id;
  }
  const std::size_t size_class = class_of(size);
  std::uint32_t index = with_room_[size_class];
  if (index == kNoSlab) index = open_slab(size_class);
  Slab& slab = slabs_[index];
  std::uint16_t slot = slab.free;
  if (slot != kNoSlot) {
    std::memcpy(&slab.free, address(index, slot), sizeof slab.free);
  } else {
    slot = slab.fresh++;
  }
  if (++slab.used == slab.capacity()) unlink(index);
  write_string(address(index, slot), octets);
  return index << kSlotBits | slot;
}

void ByteArena::free(Ref ref) {
  if ((ref & kLong) != 0) {
    const std::uint32_t id = ref & ~kLong;
    long_bytes_ -= get(ref).size() + kLengthOctets;
    long_[id].reset();
    long_ids_.give_back(id);
    return;
  }
  const std::uint32_t index = ref >> kSlotBits;
  const auto slot = static_cast<std::uint16_t>(ref & ((1U << kSlotBits) - 1));
  Slab& slab = slabs_[index];
  if (slab.used == slab.capacity()) link(index);
  std::memcpy(address(index, slot), &slab.free, sizeof slab.free);
  slab.free = slot;
  if (--slab.used == 0) close_slab(index);
}

std::span<const std::uint8_t> ByteArena::get(Ref ref) const {
  if ((ref & kLong) != 0) return read_string(long_[ref & ~kLong].get());
  return read_string(address(ref >> kSlotBits, ref & ((1U << kSlotBits) - 1)));
}

std::uint32_t ByteArena::open_slab(std::size_t size_class) {
  const std::uint32_t index = slab_ids_.take();
  if (index >= slabs_.size()) slabs_.resize(index + 1);
  while (regions_.size() * kSlabsPerRegion <= index) {
    regions_.push_back(static_cast<std::uint8_t*>(pages::map(kSlabsPerRegion * kSlab)));
  }
  slabs_[index] = {.slot_size = static_cast<std::uint16_t>(slot_size_of(size_class))};
  link(index);
  ++slabs_open_;
  return index;
}

void ByteArena::close_slab(std::uint32_t index) {
  unlink(index);
  pages::discard(regions_[index / kSlabsPerRegion] + index % kSlabsPerRegion * kSlab, kSlab);
  slab_ids_.give_back(index);
  --slabs_open_;
}

void ByteArena::link(std::uint32_t index) {
  Slab& slab = slabs_[index];
  std::uint32_t& head = with_room_[class_of(slab.slot_size)];
  slab.next = head;
  slab.previous = kNoSlab;
  if (head != kNoSlab) slabs_[head].previous = index;
  head = index;
}

void ByteArena::unlink(std::uint32_t index) {
  const Slab& slab = slabs_[index];
  if (slab.next != kNoSlab) slabs_[slab.next].previous = slab.previous;
  (slab.previous != kNoSlab ? slabs_[slab.previous].next : with_room_[class_of(slab.slot_size)]) = slab.next;
}

std::size_t ByteArena::memory_bytes() const {
  return slabs_open_ * kSlab + long_bytes_ + slabs_.capacity() * sizeof(Slab) + long_.capacity() * sizeof(long_[0]);
}

}  // namespace tw::rib
