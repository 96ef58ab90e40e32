// AttributeStore: a table of entries by id, their octets in an arena, and an index by hash.
#include "rib/attribute_store.h"

#include "rib/byte_arena.h"
#include "rib/hash.h"
#include "rib/id_index.h"
#include "rib/id_pool.h"
#include "rib/paged_array.h"

#include <algorithm>
#include <cassert>

namespace tw::rib {

struct AttributeStore::Impl {
  struct Entry {
    AttributeKey key;
    std::uint32_t references;
    std::uint32_t hash;
    ByteArena::Ref octets;
  };
  static_assert(sizeof(Entry) == 36);

  // What the index probes with: all of it follows from the 32 bits that an entry keeps.
  static std::uint64_t spread(std::uint32_t hash) { return hash * 0x9E3779B97F4A7C15U; }
  auto for_each() const {
    return [this](auto visit) {
      for (std::uint32_t id = 1; id < ids.end(); ++id) {
        if (entries[id].references > 0) visit(id, spread(entries[id].hash));
      }
    };
  }

  Hash hasher;
  PagedArray<Entry> entries;
  IdPool ids{1};  // 0 is kNoAttributes
  ByteArena arena;
  IdIndex index;
  std::uint64_t generation = 0;
};

AttributeStore::AttributeStore() : impl_(std::make_unique<Impl>()) {}
AttributeStore::~AttributeStore() = default;

AttributeId AttributeStore::intern(std::span<const std::uint8_t> canonical, const AttributeKey& key) {
  Impl& m = *impl_;
  const auto hash = static_cast<std::uint32_t>(m.hasher.of(canonical));
  const auto same = [&](std::uint32_t id) {
    const Impl::Entry& entry = m.entries[id];
    return entry.hash == hash && std::ranges::equal(m.arena.get(entry.octets), canonical);
  };
  if (const std::uint32_t id = m.index.find(Impl::spread(hash), same); id != IdIndex::kNone) {
    assert(m.entries[id].key == key);
    ++m.entries[id].references;
    return {id};
  }
  const AttributeKey copy = key;  // `key` may be one of our own, which growing moves
  const std::uint32_t id = m.ids.take();
  m.entries.grow_to(id + 1);
  m.index.insert(Impl::spread(hash), id, m.for_each());
  m.entries[id] = {.key = copy, .references = 1, .hash = hash, .octets = m.arena.store(canonical)};
  return {id};
}

void AttributeStore::retain(AttributeId id, std::uint32_t times) {
  if (id != kNoAttributes) impl_->entries[id.value].references += times;
}

void AttributeStore::release(AttributeId id) {
  if (id == kNoAttributes) return;
  Impl& m = *impl_;
  Impl::Entry& entry = m.entries[id.value];
  assert(entry.references > 0);
  if (--entry.references > 0) return;
  ++m.generation;
  m.index.erase(Impl::spread(entry.hash), id.value, m.for_each());
  m.arena.free(entry.octets);
  m.ids.give_back(id.value);
  if (m.ids.end() * 4 < m.entries.size()) m.entries.resize(m.ids.end());
}

std::span<const std::uint8_t> AttributeStore::bytes(AttributeId id) const {
  return impl_->arena.get(impl_->entries[id.value].octets);
}

const AttributeKey& AttributeStore::key(AttributeId id) const { return impl_->entries[id.value].key; }
std::uint64_t AttributeStore::generation() const { return impl_->generation; }
std::size_t AttributeStore::size() const { return impl_->index.size(); }

std::size_t AttributeStore::memory_bytes() const {
  const Impl& m = *impl_;
  return m.entries.memory_bytes() + m.ids.memory_bytes() + m.arena.memory_bytes() + m.index.memory_bytes();
}

}  // namespace tw::rib
