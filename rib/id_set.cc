// IdSet: the parts that are not on every path.
#include "rib/id_set.h"

namespace tw::rib {

IdSet::IdSet(const IdSet& other) : present_(other.present_), size_(other.size_) {
  blocks_.reserve(other.blocks_.size());
  for (const auto& block : other.blocks_) blocks_.push_back(block ? std::make_unique<Block>(*block) : nullptr);
}

void IdSet::add_block(std::size_t index) {
  if (index >= blocks_.size()) {
    blocks_.resize(index + 1);
    present_.resize(index / 64 + 1);
  }
  blocks_[index] = std::make_unique<Block>();
  present_[index / 64] |= std::uint64_t{1} << (index % 64);
}

void IdSet::clear() { *this = IdSet(); }

namespace {
// The lowest bit set in `bits` at `from` or above; 64: none.
unsigned lowest_from(std::uint64_t bits, unsigned from) {
  return from > 63 ? 64 : static_cast<unsigned>(std::countr_zero(bits >> from << from));
}
}  // namespace

std::uint32_t IdSet::next(std::uint32_t from) const {
  std::size_t index = from / kIds;
  if (const Block* const block = block_of(from)) {
    const auto word = static_cast<unsigned>(word_in_block(from));
    const auto base = static_cast<std::uint32_t>(index) * kIds;
    if (const unsigned bit = lowest_from(block->words[word], from % 64); bit < 64) return base + word * 64 + bit;
    if (const unsigned later = lowest_from(block->used, word + 1); later < 64) {
      return base + later * 64 + static_cast<std::uint32_t>(std::countr_zero(block->words[later]));
    }
  }
  ++index;
  for (std::size_t group = index / 64; group < present_.size(); ++group) {
    const unsigned first = group == index / 64 ? static_cast<unsigned>(index % 64) : 0;
    const unsigned found = lowest_from(present_[group], first);
    if (found == 64) continue;
    const std::size_t at = group * 64 + found;
    const auto word = static_cast<unsigned>(std::countr_zero(blocks_[at]->used));
    return static_cast<std::uint32_t>(at) * kIds + word * 64 +
           static_cast<std::uint32_t>(std::countr_zero(blocks_[at]->words[word]));
  }
  return kEnd;
}

std::size_t IdSet::memory_bytes() const {
  std::size_t bytes = blocks_.capacity() * sizeof(blocks_[0]) + present_.capacity() * sizeof(present_[0]);
  for (const auto& block : blocks_) bytes += block ? sizeof(Block) : 0;
  return bytes;
}

}  // namespace tw::rib
