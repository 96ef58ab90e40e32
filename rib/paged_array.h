// An array of plain values that grows without copying and gives its pages back.
//
// It lives in an anonymous mapping of its own: growing moves page tables (mremap), never the contents, so that a table
// of a million entries never exists twice, and pages that nobody has written to cost nothing, so that a sparse table
// is as cheap as its used parts. Elements read as zero until written. Growing and shrinking invalidate pointers into
// it. Throws std::bad_alloc when the system has no memory. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

namespace tw::rib {

namespace pages {
// A mapping of `bytes` (a multiple of kPage), zeroed; grown or shrunk by remap() with its contents kept.
inline constexpr std::size_t kPage = 4096;
void* map(std::size_t bytes);
void* remap(void* memory, std::size_t old_bytes, std::size_t new_bytes);
void unmap(void* memory, std::size_t bytes) noexcept;
// Gives the physical memory back; the octets read as zero again.
void discard(void* memory, std::size_t bytes) noexcept;
constexpr std::size_t round_up(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }
}  // namespace pages

template <class T>
class PagedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  PagedArray() = default;
  PagedArray(PagedArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        mapped_(std::exchange(other.mapped_, 0)) {}
  PagedArray& operator=(PagedArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
    return *this;
  }
  ~PagedArray() {
    if (data_ != nullptr) pages::unmap(data_, mapped_);
  }

  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return pages::round_up(size_ * sizeof(T)); }  // as if all of it were written to

  // Elements that come into being are zero.
  void resize(std::size_t size) {
    const std::size_t needed = pages::round_up(size * sizeof(T));
    if (needed > mapped_) {
      remap(std::max(needed, 2 * mapped_));
    } else if (size < size_) {
      clear_tail(size);
      if (needed < mapped_ / 4) remap(std::max(2 * needed, pages::kPage));
    }
    size_ = size;
  }
  void grow_to(std::size_t size) {
    if (size > size_) resize(size);
  }
  void clear() {
    if (data_ != nullptr) pages::unmap(std::exchange(data_, nullptr), std::exchange(mapped_, 0));
    size_ = 0;
  }

 private:
  void remap(std::size_t bytes) {
    data_ = static_cast<T*>(data_ == nullptr ? pages::map(bytes) : pages::remap(data_, mapped_, bytes));
    mapped_ = bytes;
  }
  void clear_tail(std::size_t size) {
    char* const begin = reinterpret_cast<char*>(data_ + size);
    char* const end = reinterpret_cast<char*>(data_ + size_);
    char* const page = reinterpret_cast<char*>(data_) + pages::round_up(size * sizeof(T));
    std::memset(begin, 0, static_cast<std::size_t>(std::min(page, end) - begin));
    if (page < end) pages::discard(page, pages::round_up(static_cast<std::size_t>(end - page)));
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;  // octets
};

}  // namespace tw::rib
