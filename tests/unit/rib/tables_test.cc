// The building blocks of the RIB's tables, each against the standard container that it stands in for.
#include "rib/id_index.h"
#include "rib/id_pool.h"
#include "rib/id_set.h"
#include "rib/paged_array.h"
#include "rib/path_table.h"
#include "rib/prefix_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

namespace tw::rib {
namespace {

TEST(PagedArray, WhatComesIntoBeingIsZeroEvenAfterShrinking) {
  PagedArray<std::uint32_t> array;
  std::mt19937 random(1);
  std::vector<std::uint32_t> model;
  for (int step = 0; step < 300; ++step) {
    const std::size_t size = random() % 4 == 0 ? random() % 100000 : random() % 3000;
    array.resize(size);
    model.resize(size);
    ASSERT_EQ(array.size(), size);
    for (std::size_t i = 0; i < size; i += 1 + random() % 50) ASSERT_EQ(array[i], model[i]) << i << " of " << size;
    for (int i = 0; i < 100 && size > 0; ++i) {
      const std::size_t at = random() % size;
      array[at] = model[at] = static_cast<std::uint32_t>(random());
    }
  }
  PagedArray<std::uint32_t> other = std::move(array);
  EXPECT_EQ(other.size(), model.size());
  EXPECT_EQ(array.size(), 0U);
}

TEST(IdSet, AgreesWithASet) {
  IdSet set;
  std::set<std::uint32_t> model;
  std::mt19937 random(1);
  for (int step = 0; step < 200000; ++step) {
    // Dense in places, with gaps of many blocks.
    const std::uint32_t id = static_cast<std::uint32_t>(random() % 5 * 300000 + random() % 9000);
    if (random() % 2 == 0) {
      ASSERT_EQ(set.insert(id), model.insert(id).second);
    } else {
      ASSERT_EQ(set.erase(id), model.erase(id) == 1);
    }
    if (step % 16 == 0) {
      const auto from = static_cast<std::uint32_t>(random() % 1600000);
      const auto next = model.lower_bound(from);
      ASSERT_EQ(set.next(from), next == model.end() ? IdSet::kEnd : *next);
      ASSERT_EQ(set.contains(from), model.contains(from));
    }
    ASSERT_EQ(set.size(), model.size());
  }
  const IdSet copy(set);
  std::vector<std::uint32_t> walked;
  for (std::uint32_t id = copy.next(0); id != IdSet::kEnd; id = copy.next(id + 1)) walked.push_back(id);
  EXPECT_TRUE(std::equal(walked.begin(), walked.end(), model.begin(), model.end()));
  for (const std::uint32_t id : walked) set.erase(id);
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.next(0), IdSet::kEnd);
}

TEST(IdPool, HandsOutTheLowestFreeIdAndCutsItsEnd) {
  IdPool pool(1);
  for (std::uint32_t i = 1; i <= 5; ++i) EXPECT_EQ(pool.take(), i);
  pool.give_back(4);
  pool.give_back(2);
  EXPECT_EQ(pool.end(), 6U);
  EXPECT_EQ(pool.take(), 2U);
  pool.give_back(5);
  EXPECT_EQ(pool.end(), 4U) << "4 was free, too";
  EXPECT_TRUE(pool.in_use(3));
  EXPECT_FALSE(pool.in_use(4));
}

// Values are numbers; their hash keeps few bits, so that they collide in place and in tag.
TEST(IdIndex, AgreesWithAMapWhateverCollides) {
  for (const std::uint64_t bits : {~0ULL, 0xFFFF0000FFFF0000ULL, 0xF0000000F0000000ULL, 0ULL}) {
    const auto hash_of = [bits](std::uint32_t value) { return value * 0x9E3779B97F4A7C15ULL & bits; };
    IdIndex index;
    std::vector<std::uint32_t> values;  // by id
    std::map<std::uint32_t, std::uint32_t> model;
    std::mt19937 random(1);
    const auto for_each = [&](auto visit) {
      for (const auto& [value, id] : model) visit(id, hash_of(value));
    };
    const std::uint32_t range = bits == ~0ULL ? 20000 : 300;
    for (int step = 0; step < 30000; ++step) {
      const auto value = static_cast<std::uint32_t>(random() % range);
      const std::uint32_t found = index.find(hash_of(value), [&](std::uint32_t id) { return values[id] == value; });
      const auto known = model.find(value);
      ASSERT_EQ(found, known == model.end() ? IdIndex::kNone : known->second);
      const bool growing = step / 8000 % 2 == 0;
      if (known == model.end() && (growing || random() % 4 == 0)) {
        const auto id = static_cast<std::uint32_t>(values.size());
        values.push_back(value);
        index.insert(hash_of(value), id, for_each);
        model[value] = id;
      } else if (known != model.end() && (!growing || random() % 4 == 0)) {
        const std::uint32_t id = known->second;
        model.erase(known);
        index.erase(hash_of(value), id, for_each);
      }
      ASSERT_EQ(index.size(), model.size());
    }
  }
}

TEST(PrefixTable, GivesEachPrefixOneIdAndReusesTheLowest) {
  PrefixTable table;
  std::map<Prefix, PrefixId> model;
  std::mt19937 random(1);
  for (int step = 0; step < 60000; ++step) {
    IpAddress address = IpAddress::v4(static_cast<std::uint32_t>(random() % 4096) << 20);
    if (random() % 3 == 0) {
      address.v6 = true;
      address.octets[15] = static_cast<std::uint8_t>(random());
    }
    const Prefix prefix =
        make_prefix(address, static_cast<int>(random() % (8U * static_cast<unsigned>(address.size()) + 1)));
    const auto known = model.find(prefix);
    ASSERT_EQ(table.find(prefix), known == model.end() ? std::nullopt : std::optional(known->second));
    if (known != model.end() && random() % 2 == 0) {
      table.remove(known->second);
      EXPECT_FALSE(table.in_use(known->second));
      model.erase(known);
      continue;
    }
    const PrefixId id = table.find_or_add(prefix);
    if (known == model.end()) {
      for (std::uint32_t lower = 0; lower < id.value; lower += 1 + lower / 4) ASSERT_TRUE(table.in_use({lower}));
      model[prefix] = id;
    }
    ASSERT_EQ(model[prefix], id);
    ASSERT_EQ(table.get(id), prefix);
    ASSERT_EQ(table.family(id), prefix.family);
  }
  for (const auto& [prefix, id] : model) table.remove(id);
  EXPECT_EQ(table.end(), PrefixId{0});
}

TEST(PathTable, KeepsTheFirstInFrontAndTheRestBehind) {
  PathTable paths;
  const PrefixId prefix{3};
  const auto a = paths.add(prefix, false, {1}, 0, {10}, {10});
  const auto b = paths.add(prefix, false, {2}, 7, {11}, {12});
  const auto c = paths.add(prefix, true, {3}, 0, {13}, kNoAttributes);
  EXPECT_EQ(paths.first(prefix), c);
  EXPECT_EQ(paths.best(prefix), PathTable::kNone) << "the first one was refused";
  paths.move_to_front(prefix, b);
  EXPECT_EQ(paths.best(prefix), b);
  EXPECT_EQ(paths.accepted(b), AttributeId{12});
  EXPECT_EQ(paths.received(b), AttributeId{11});
  EXPECT_EQ(paths.path_id(b), 7U);
  EXPECT_EQ(paths.path_id(a), 0U);
  EXPECT_EQ(paths.accepted(a), AttributeId{10});
  EXPECT_EQ(paths.accepted(c), kNoAttributes);
  paths.set_attributes(b, {11}, {11});
  EXPECT_EQ(paths.accepted(b), AttributeId{11});
  paths.remove(prefix, b);
  paths.remove(prefix, c);
  EXPECT_EQ(paths.first(prefix), a);
  EXPECT_EQ(paths.next(a), PathTable::kNone);
  EXPECT_EQ(paths.size(), 1U);
}

}  // namespace
}  // namespace tw::rib
