// One copy of each distinct set, for as long as somebody refers to it.
#include "rib/attribute_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace tw::rib {
namespace {

using Octets = std::vector<std::uint8_t>;

AttributeKey key_with(std::uint32_t med) {
  AttributeKey key;
  key.med = med;
  return key;
}

TEST(AttributeStore, EqualOctetsHaveOneId) {
  AttributeStore store;
  const AttributeId a = store.intern(Octets{1, 2, 3}, key_with(7));
  const AttributeId b = store.intern(Octets{1, 2, 3}, key_with(7));
  const AttributeId c = store.intern(Octets{1, 2, 4}, key_with(8));
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  EXPECT_NE(a, kNoAttributes);
  EXPECT_EQ(store.size(), 2U);
  EXPECT_EQ(store.key(a).med, 7U);
  EXPECT_EQ(store.key(c).med, 8U);
  EXPECT_TRUE(std::ranges::equal(store.bytes(c), Octets{1, 2, 4}));
}

TEST(AttributeStore, TheLastReleaseFreesTheSet) {
  AttributeStore store;
  const AttributeId id = store.intern(Octets{1}, {});
  store.retain(id, 2);
  const std::uint64_t generation = store.generation();
  store.release(id);
  store.release(id);
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(store.generation(), generation);
  store.release(id);
  EXPECT_EQ(store.size(), 0U);
  EXPECT_NE(store.generation(), generation);
}

TEST(AttributeStore, NoneIsIgnored) {
  AttributeStore store;
  store.retain(kNoAttributes);
  store.release(kNoAttributes);
  EXPECT_EQ(store.size(), 0U);
}

TEST(AttributeStore, AKeyOfItsOwnMayBeHandedIn) {
  AttributeStore store;
  AttributeId last = store.intern(Octets{0, 0}, key_with(9));
  for (std::uint8_t i = 1; i < 255; ++i) last = store.intern(Octets{0, i}, store.key(last));
  EXPECT_EQ(store.key(last).med, 9U);
}

TEST(AttributeStore, SetsOfAllLengthsComeAndGo) {
  AttributeStore store;
  std::mt19937 random(1);
  std::map<AttributeId, std::pair<Octets, int>> alive;  // octets and references
  for (int step = 0; step < 60000; ++step) {
    if (random() % 100 < 52) {
      static constexpr std::size_t kLongest[] = {4, 40, 300, 2100, 65535};
      const std::size_t longest = kLongest[random() % 1000 == 0 ? 4 : random() % 4];
      Octets octets(random() % (longest + 1), static_cast<std::uint8_t>(random() % 3));
      const AttributeId id = store.intern(octets, key_with(static_cast<std::uint32_t>(octets.size())));
      auto& [bytes, references] = alive[id];
      if (references++ == 0) bytes = octets;
      ASSERT_EQ(bytes, octets);
    } else if (!alive.empty()) {
      const auto at =
          std::next(alive.begin(), static_cast<std::ptrdiff_t>(random() % std::min<std::size_t>(alive.size(), 50)));
      ASSERT_TRUE(std::ranges::equal(store.bytes(at->first), at->second.first));
      ASSERT_EQ(store.key(at->first).med, at->second.first.size());
      store.release(at->first);
      if (--at->second.second == 0) alive.erase(at);
    }
    ASSERT_EQ(store.size(), alive.size());
  }
}

TEST(AttributeStore, GivesItsMemoryBack) {
  AttributeStore store;
  const AttributeId kept = store.intern(Octets{1}, {});
  const std::size_t before = store.memory_bytes();
  std::vector<AttributeId> ids;
  for (std::uint32_t i = 0; i < 50000; ++i) {
    Octets octets(60);
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&i), 4, octets.begin());
    ids.push_back(store.intern(octets, {}));
  }
  EXPECT_LT(store.memory_bytes(), 50000U * 130);
  for (const AttributeId id : ids) store.release(id);
  EXPECT_LT(store.memory_bytes(), before + 64 * 1024);
  EXPECT_EQ(store.bytes(kept).size(), 1U);
}

}  // namespace
}  // namespace tw::rib
