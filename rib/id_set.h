// A set of dense ids as a bitmap: cheap to test, to walk in ascending order, and to keep sparse.
//
// A block of 4096 ids exists only while one of them is in the set (520 octets); a bit per block says which do. insert,
// erase and contains are O(1), next is O(1) within a block and O(ids / 262,144) beyond. Not thread-safe.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace tw::rib {

class IdSet {
 public:
  static constexpr std::uint32_t kEnd = std::numeric_limits<std::uint32_t>::max();  // never a member

  IdSet() = default;
  IdSet(IdSet&&) noexcept = default;
  IdSet& operator=(IdSet&&) noexcept = default;
  IdSet(const IdSet& other);
  IdSet& operator=(const IdSet&) = delete;

  bool contains(std::uint32_t id) const {
    const Block* const block = block_of(id);
    return block != nullptr && (block->words[word_in_block(id)] >> (id % 64) & 1) != 0;
  }
  bool insert(std::uint32_t id);  // whether it was not there before
  bool erase(std::uint32_t id);   // whether it was there
  void clear();

  // The lowest member that is at least `from`; kEnd: none.
  std::uint32_t next(std::uint32_t from) const;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kWords = 64, kIds = 64 * kWords;
  struct Block {
    std::uint64_t used = 0;  // one bit a word that is not zero
    std::array<std::uint64_t, kWords> words{};
  };
  static std::size_t word_in_block(std::uint32_t id) { return id / 64 % kWords; }
  void add_block(std::size_t index);
  Block* block_of(std::uint32_t id) const { return id / kIds < blocks_.size() ? blocks_[id / kIds].get() : nullptr; }

  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::uint64_t> present_;  // one bit a block that exists
  std::size_t size_ = 0;
};

inline bool IdSet::insert(std::uint32_t id) {
  Block* block = block_of(id);
  if (block == nullptr) [[unlikely]] {
    add_block(id / kIds);
    block = block_of(id);
  }
  std::uint64_t& word = block->words[word_in_block(id)];
  const std::uint64_t bit = std::uint64_t{1} << (id % 64);
  if ((word & bit) != 0) return false;
  word |= bit;
  block->used |= std::uint64_t{1} << word_in_block(id);
  ++size_;
  return true;
}

inline bool IdSet::erase(std::uint32_t id) {
  Block* const block = block_of(id);
  if (block == nullptr) return false;
  std::uint64_t& word = block->words[word_in_block(id)];
  const std::uint64_t bit = std::uint64_t{1} << (id % 64);
  if ((word & bit) == 0) return false;
  word &= ~bit;
  --size_;
  if (word == 0) {
    block->used &= ~(std::uint64_t{1} << word_in_block(id));
    if (block->used == 0) {
      const std::size_t index = id / kIds;
      blocks_[index].reset();
      present_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
    }
  }
  return true;
}

}  // namespace tw::rib
