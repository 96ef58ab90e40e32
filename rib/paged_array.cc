// Anonymous mappings for PagedArray.
#include "rib/paged_array.h"

#include <sys/mman.h>

#include <new>

namespace tw::rib::pages {

void* map(std::size_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // Huge pages would round each table up to the next 2 MiB and make sparse tables dense.
  madvise(memory, bytes, MADV_NOHUGEPAGE);
  return memory;
}

void* remap(void* memory, std::size_t old_bytes, std::size_t new_bytes) {
  void* const moved = mremap(memory, old_bytes, new_bytes, MREMAP_MAYMOVE);
  if (moved == MAP_FAILED) throw std::bad_alloc();
  return moved;
}

void unmap(void* memory, std::size_t bytes) noexcept { munmap(memory, bytes); }

void discard(void* memory, std::size_t bytes) noexcept { madvise(memory, bytes, MADV_DONTNEED); }

}  // namespace tw::rib::pages
