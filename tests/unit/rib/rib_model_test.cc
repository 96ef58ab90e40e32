// The RIB against a plain model of RFC 4271 §9: random events, many seeds, and after each settling the Loc-RIB, every
// Adj-RIB-In count and every member's received view must be what the model says.
#include "rib/rib.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <tuple>
#include <vector>

namespace tw::rib {
namespace {

struct AttributeSet {
  std::vector<std::uint8_t> bytes;
  AttributeKey key;
};

// Few values each, so that every rung of the ladder gets to decide.
std::vector<AttributeSet> attribute_pool(std::mt19937& random) {
  std::vector<AttributeSet> pool;
  for (std::uint8_t i = 0; i < 60; ++i) {
    AttributeSet set;
    set.bytes.assign(3 + random() % 60, i);
    set.key = {.local_pref = 100 + static_cast<std::uint32_t>(random() % 8 == 0),
               .med = static_cast<std::uint32_t>(random() % 3),
               .originator_id = random() % 4 == 0 ? static_cast<std::uint32_t>(random() % 3) : 0,
               .neighbor_as = {static_cast<std::uint32_t>(random() % 3)},
               .as_path_length = static_cast<std::uint16_t>(random() % 8 == 0 ? 1 : 2),
               .cluster_list_length = static_cast<std::uint16_t>(random() % 2),
               .origin = random() % 8 == 0 ? Origin::kIgp : Origin::kEgp};
    pool.push_back(set);
  }
  return pool;
}

std::vector<Prefix> prefix_pool() {
  std::vector<Prefix> pool;
  for (std::uint32_t i = 0; i < 12; ++i) pool.push_back(make_prefix(IpAddress::v4(0x0A000000 + (i << 8)), 24));
  for (const char* text : {"::/0", "2001:db8::/32", "2001:db8:1::/48", "2001:db8::1/128", "10.0.0.0/8", "0.0.0.0/0"}) {
    pool.push_back(*parse_prefix(text));
  }
  return pool;
}

struct ModelPath {
  int received = 0, accepted = 0;  // indices into the pool; accepted -1: refused
  bool stale = false;
};
using PathKey = std::pair<PeerId, std::uint32_t>;  // source and path id

class Model {
 public:
  std::map<Prefix, std::map<PathKey, ModelPath>> paths;
  std::map<PeerId, SourceTraits> sources;
  const std::vector<AttributeSet>& pool;
  explicit Model(const std::vector<AttributeSet>& attribute_sets) : pool(attribute_sets) {}

  // RFC 4271 §9.1.2.2 as it is written: rule after rule removes routes from consideration.
  std::optional<std::pair<PathKey, ModelPath>> best(const Prefix& prefix) const {
    const auto found = paths.find(prefix);
    if (found == paths.end()) return std::nullopt;
    std::vector<std::pair<PathKey, ModelPath>> left;
    for (const auto& entry : found->second) {
      if (entry.second.accepted >= 0) left.push_back(entry);
    }
    if (left.empty()) return std::nullopt;
    const auto key = [&](const auto& path) -> const AttributeKey& {
      return pool[static_cast<std::size_t>(path.second.accepted)].key;
    };
    const auto traits = [&](const auto& path) -> const SourceTraits& { return sources.at(path.first.first); };
    const auto keep_lowest = [&](auto value) {
      auto lowest = value(left.front());
      for (const auto& path : left) lowest = std::min(lowest, value(path));
      std::erase_if(left, [&](const auto& path) { return value(path) != lowest; });
    };
    const auto internal = [&](const auto& path) {
      return traits(path).kind == SourceKind::kIbgp || traits(path).kind == SourceKind::kIbgpClient;
    };
    keep_lowest([&](const auto& path) { return traits(path).kind != SourceKind::kLocal; });
    keep_lowest([&](const auto& path) { return ~key(path).local_pref; });
    keep_lowest([&](const auto& path) { return key(path).as_path_length; });
    keep_lowest([&](const auto& path) { return key(path).origin; });
    const auto tied = left;
    std::erase_if(left, [&](const auto& path) {
      return std::ranges::any_of(tied, [&](const auto& other) {
        return key(other).neighbor_as == key(path).neighbor_as && key(other).med < key(path).med;
      });
    });
    keep_lowest(internal);
    keep_lowest([&](const auto& path) {
      return key(path).originator_id != 0 ? key(path).originator_id : traits(path).router_id;
    });
    keep_lowest([&](const auto& path) { return key(path).cluster_list_length; });
    keep_lowest([&](const auto& path) { return traits(path).address; });
    keep_lowest([&](const auto& path) { return path.first; });
    return left.front();
  }
};

// Three kinds of export: everything; half of the prefixes, IPv4 only; other attributes than accepted, not from iBGP.
class TestExporter : public Exporter {
 public:
  TestExporter(Rib& rib, std::uint64_t context, const std::vector<AttributeSet>& pool)
      : rib_(rib), context_(context), pool_(pool) {}
  static std::optional<int> exported_index(std::uint64_t context, const Prefix& prefix, int accepted,
                                           const SourceTraits& source, std::size_t pool_size) {
    if (context == 1 && (prefix.octets[2] % 2 != 0 || prefix.family != Family::kIpv4Unicast)) return std::nullopt;
    if (context != 2) return accepted;
    if (source.kind == SourceKind::kIbgp) return std::nullopt;
    return (accepted / 2) % static_cast<int>(pool_size);
  }
  AttributeId exported(const Prefix& prefix, AttributeId accepted, PeerId source) override {
    const int index = rib_.attributes().bytes(accepted)[0];
    const auto result = exported_index(context_, prefix, index, rib_.source(source), pool_.size());
    if (!result) return kNoAttributes;
    if (*result == index) {
      rib_.attributes().retain(accepted);
      return accepted;
    }
    const AttributeSet& set = pool_[static_cast<std::size_t>(*result)];
    return rib_.attributes().intern(set.bytes, set.key);
  }
  FamilySet families() const override {
    FamilySet set;
    set.add(Family::kIpv4Unicast);
    if (context_ != 1) set.add(Family::kIpv6Unicast);
    return set;
  }

 private:
  Rib& rib_;
  std::uint64_t context_;
  const std::vector<AttributeSet>& pool_;
};

class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed), pool_(attribute_pool(random_)), model_(pool_) {
    rib_.on_owing = [this](GroupId group) {
      EXPECT_TRUE(owing_.insert(group).second) << "told twice without being drained empty";
    };
    rib_.on_merged = [this](GroupId from, GroupId into) {
      EXPECT_NE(from, into);
      owing_.erase(from);
    };
  }

  void step() {
    switch (random_() % 24) {
      case 0: return add_source();
      case 1: return remove_source();
      case 2: return join();
      case 3: return random_() % 2 == 0 ? leave() : reconsider();
      case 4: return random_() % 2 == 0 ? detach() : reexport();
      case 5: return resend();
      case 6: return refresh();
      case 7:
      case 8:
      case 9: return drain_some();
      case 10:
      case 11:
      case 12:
      case 13: return withdraw();
      default: return announce();
    }
  }

  // Everybody takes what it is owed; then all must agree with the model.
  void settle() {
    // Twice: a group may only merge once the other has been drained empty, too.
    for (int round = 0; round < 2; ++round) {
      for (const GroupId group : groups()) {
        while (drain(group, 1 + random_() % 7)) {
        }
      }
    }
    check_loc_rib();
    check_views();
    check_groups();
  }

  void tear_down() {
    while (!members_.empty()) leave();
    while (!model_.sources.empty()) remove_source();
    rib_.drain({0}, 1);
    EXPECT_EQ(rib_.attributes().size(), 0U);
    EXPECT_EQ(rib_.prefix_end(), PrefixId{0});
    EXPECT_EQ(rib_.counts().paths + rib_.counts().prefixes + rib_.counts().best, 0U);
  }

 private:
  struct MemberModel {
    std::uint64_t context;
    PeerId self;
    std::map<Prefix, int> view;    // what it was told, as pool indices
    std::set<Prefix> told_again;   // since the last resend() of the family
    std::optional<Family> resent;  // awaiting everything of it again
  };

  template <class Map>
  auto any_of(Map& map) {
    return std::next(map.begin(), static_cast<std::ptrdiff_t>(random_() % map.size()));
  }
  AttributeId intern(int index) {
    if (index < 0) return kNoAttributes;
    const AttributeSet& set = pool_[static_cast<std::size_t>(index)];
    return rib_.attributes().intern(set.bytes, set.key);
  }
  int index_of_set(AttributeId id) const {
    if (id == kNoAttributes) return -1;
    const auto bytes = rib_.attributes().bytes(id);
    EXPECT_TRUE(std::ranges::equal(bytes, pool_[bytes[0]].bytes));
    EXPECT_EQ(rib_.attributes().key(id), pool_[bytes[0]].key);
    return bytes[0];
  }
  std::uint32_t some_path_id(PeerId source) {
    return source.value % 3 == 0 ? static_cast<std::uint32_t>(random_() % 3) : 0;
  }

  void add_source() {
    if (model_.sources.size() >= 7) return;
    SourceTraits traits{.kind = static_cast<SourceKind>(random_() % 4),
                        .as = {static_cast<std::uint32_t>(random_() % 3)},
                        .router_id = static_cast<std::uint32_t>(random_() % 3),
                        .address = IpAddress::v4(static_cast<std::uint32_t>(random_() % 3))};
    const auto id = rib_.add_source(traits);
    ASSERT_TRUE(id);
    ASSERT_NE(*id, kNoPeer);
    for (const auto& [member, m] : members_) {
      if (m.self != kNoPeer) {
        ASSERT_NE(m.self, *id);
      }
    }
    ASSERT_TRUE(model_.sources.emplace(*id, traits).second) << "the id is still in use";
    for (const auto& [member, m] : members_) {
      for (const Prefix& prefix : prefixes_) {
        if (const auto known = rib_.find(prefix)) {
          const auto advertised = rib_.advertised(member, *known);
          ASSERT_FALSE(advertised && advertised->second == *id) << "an Adj-RIB-Out still names it";
        }
      }
    }
  }
  void remove_source() {
    if (model_.sources.empty()) return;
    const PeerId id = any_of(model_.sources)->first;
    std::erase_if(members_, [&](const auto& entry) {
      if (entry.second.self != id) return false;
      forget(entry.first);
      return true;
    });
    rib_.remove_source(id);
    model_.sources.erase(id);
    for (auto& [prefix, paths] : model_.paths) std::erase_if(paths, [&](const auto& p) { return p.first.first == id; });
  }
  void announce() {
    if (model_.sources.empty()) return;
    const PeerId source = any_of(model_.sources)->first;
    const Prefix& prefix = prefixes_[random_() % prefixes_.size()];
    const std::uint32_t path_id = some_path_id(source);
    ModelPath path{.received = static_cast<int>(random_() % pool_.size()), .accepted = 0, .stale = false};
    path.accepted = accept(path.received);
    model_.paths[prefix][{source, path_id}] = path;
    const AttributeId received = intern(path.received), accepted = intern(path.accepted);
    rib_.announce(source, prefix, path_id, received, accepted);
  }
  int accept(int received) {
    if (received % 5 == policy_ % 5) return -1;
    return received % 3 == policy_ % 3 ? (received + 1) % static_cast<int>(pool_.size()) : received;
  }
  void withdraw() {
    if (model_.sources.empty()) return;
    const PeerId source = any_of(model_.sources)->first;
    const Prefix& prefix = prefixes_[random_() % prefixes_.size()];
    const std::uint32_t path_id = some_path_id(source);
    const bool existed = model_.paths[prefix].erase({source, path_id}) > 0;
    EXPECT_EQ(rib_.withdraw(source, prefix, path_id), existed);
  }
  void reconsider() {
    if (model_.sources.empty()) return;
    const PeerId source = any_of(model_.sources)->first;
    ++policy_;
    for (auto& [prefix, paths] : model_.paths) {
      for (auto& [key, path] : paths) {
        if (key.first == source) path.accepted = accept(path.received);
      }
    }
    rib_.reconsider(source, [&](const Prefix& prefix, AttributeId received) {
      EXPECT_TRUE(model_.paths.contains(prefix));
      return intern(accept(index_of_set(received)));
    });
  }
  void refresh() {
    if (model_.sources.empty()) return;
    const PeerId source = any_of(model_.sources)->first;
    const Family family = kAllFamilies[random_() % 2];
    const auto each_path = [&](auto visit) {
      for (auto& [prefix, paths] : model_.paths) {
        if (prefix.family == family) visit(paths);
      }
    };
    rib_.begin_refresh(source, family);
    each_path([&](auto& paths) {
      for (auto& [key, path] : paths) path.stale = path.stale || key.first == source;
    });
    for (int i = 0; i < 20; ++i) announce();
    if (random_() % 2 == 0) reconsider();
    rib_.end_refresh(source, family);
    each_path([&](auto& paths) {
      std::erase_if(paths, [&](const auto& entry) { return entry.first.first == source && entry.second.stale; });
    });
  }
  void join() {
    if (members_.size() >= 8) return;
    PeerId self = kNoPeer;
    if (!model_.sources.empty() && random_() % 4 != 0) {
      self = any_of(model_.sources)->first;
      if (std::ranges::any_of(members_, [&](const auto& entry) { return entry.second.self == self; })) return;
    }
    const std::uint64_t context = random_() % 3;
    const auto id = rib_.join(context, std::make_shared<TestExporter>(rib_, context, pool_), self);
    ASSERT_TRUE(members_.emplace(id, MemberModel{context, self, {}, {}, {}}).second);
  }
  void leave() {
    if (members_.empty()) return;
    const auto member = any_of(members_);
    forget(member->first);
    members_.erase(member);
  }
  void forget(Rib::MemberId member) {
    const GroupId group = rib_.group_of(member);
    rib_.leave(member);
    if (rib_.members(group).empty()) owing_.erase(group);
  }
  void detach() {
    if (members_.empty()) return;
    const auto member = any_of(members_)->first;
    rib_.detach(member);
    EXPECT_EQ(rib_.members(rib_.group_of(member)).size(), 1U);
  }
  void reexport() {
    if (members_.empty()) return;
    auto& [id, member] = *any_of(members_);
    member.context = random_() % 3;
    const GroupId old_group = rib_.group_of(id);
    rib_.reexport(id, member.context, std::make_shared<TestExporter>(rib_, member.context, pool_));
    EXPECT_TRUE(rib_.group_of(id) == old_group || rib_.members(old_group).size() > 0);
  }
  void resend() {
    if (members_.empty()) return;
    const auto member = any_of(members_);
    if (member->second.resent) return;
    const Family family = kAllFamilies[random_() % 2];
    rib_.resend(member->first, family);
    member->second.resent = family;
    member->second.told_again.clear();
  }

  std::set<GroupId> groups() const {
    std::set<GroupId> all;
    for (const auto& [id, member] : members_) all.insert(rib_.group_of(id));
    return all;
  }
  void drain_some() {
    const auto all = groups();
    if (!all.empty()) drain(*any_of(all), 1 + random_() % 5);
  }
  bool drain(GroupId group, std::size_t limit) {
    const std::vector<Rib::MemberId> members(rib_.members(group).begin(), rib_.members(group).end());
    const auto changes = rib_.drain(group, limit);
    EXPECT_LE(changes.size(), limit);
    check_order(changes);
    if (changes.empty()) {
      owing_.erase(group);
      EXPECT_FALSE(rib_.owes(group));
    }
    std::set<Prefix> seen;
    for (const Change& change : changes) {
      EXPECT_TRUE(seen.insert(rib_.prefix(change.prefix)).second) << "a prefix appears once";
      EXPECT_TRUE(change.now != change.before || change.now_source != change.before_source);
      for (const auto member : members) apply(members_.at(member), change);
    }
    return !changes.empty();
  }
  void apply(MemberModel& member, const Change& change) {
    const Prefix prefix = rib_.prefix(change.prefix);
    const bool foreign = member.self == kNoPeer || change.now_source != member.self;
    const bool had = change.before != kNoAttributes && (member.self == kNoPeer || change.before_source != member.self);
    const bool again = member.resent == prefix.family && change.before == kNoAttributes;
    if (!again) {
      EXPECT_EQ(member.view.contains(prefix), had) << to_string(prefix);
    }
    if (had) {
      EXPECT_EQ(member.view[prefix], index_of_set(change.before));
    }
    if (change.now != kNoAttributes && foreign) {
      member.view[prefix] = index_of_set(change.now);
      member.told_again.insert(prefix);
    } else {
      member.view.erase(prefix);
    }
  }
  void check_order(std::span<const Change> changes) const {
    const auto rank = [&](const Change& c) {
      const bool announced = c.now != kNoAttributes;
      return std::tuple(announced, rib_.prefix(c.prefix).family, announced ? c.now_source : c.before_source, c.now);
    };
    EXPECT_TRUE(std::ranges::is_sorted(changes, {}, rank));
  }

  void check_loc_rib() {
    RibCounts expected;
    std::map<std::pair<PeerId, Family>, std::pair<std::size_t, std::size_t>> by_source;
    std::vector<PathView> views;
    for (const Prefix& prefix : prefixes_) {
      const auto& paths = model_.paths[prefix];
      const auto best = model_.best(prefix);
      expected.prefixes += !paths.empty();
      expected.paths += paths.size();
      expected.best += best.has_value();
      const auto id = rib_.find(prefix);
      if (paths.empty()) {
        if (id) {
          rib_.paths(*id, views);
          EXPECT_TRUE(views.empty());
        }
        continue;
      }
      ASSERT_TRUE(id) << to_string(prefix);
      EXPECT_EQ(rib_.prefix(*id), prefix);
      rib_.paths(*id, views);
      ASSERT_EQ(views.size(), paths.size());
      for (const PathView& view : views) {
        const auto found = paths.find({view.source, view.path_id});
        ASSERT_NE(found, paths.end());
        EXPECT_EQ(index_of_set(view.received), found->second.received);
        EXPECT_EQ(index_of_set(view.accepted), found->second.accepted);
        auto& [received, accepted] = by_source[{view.source, prefix.family}];
        ++received;
        accepted += view.accepted != kNoAttributes;
      }
      const auto chosen = rib_.best(*id);
      ASSERT_EQ(chosen.has_value(), best.has_value());
      if (best) {
        EXPECT_EQ(PathKey(chosen->source, chosen->path_id), best->first) << to_string(prefix);
        EXPECT_TRUE(views.front().best);
        EXPECT_EQ(views.front().source, chosen->source);
      }
    }
    EXPECT_EQ(rib_.counts().prefixes, expected.prefixes);
    EXPECT_EQ(rib_.counts().paths, expected.paths);
    EXPECT_EQ(rib_.counts().best, expected.best);
    for (const auto& [source, traits] : model_.sources) {
      for (const Family family : kAllFamilies) {
        EXPECT_EQ(rib_.path_count(source, family), (by_source[{source, family}].first));
        EXPECT_EQ(rib_.accepted_count(source, family), (by_source[{source, family}].second));
      }
    }
  }

  void check_views() {
    for (auto& [id, member] : members_) {
      std::map<Prefix, int> expected;
      std::size_t count[kFamilies] = {};
      const FamilySet families = TestExporter(rib_, member.context, pool_).families();
      for (const Prefix& prefix : prefixes_) {
        const auto best = model_.best(prefix);
        if (!best || !families.has(prefix.family)) continue;
        const PeerId source = best->first.first;
        const auto index = TestExporter::exported_index(member.context, prefix, best->second.accepted,
                                                        model_.sources.at(source), pool_.size());
        if (!index) continue;
        if (member.self != kNoPeer && member.self == source) continue;
        expected[prefix] = *index;
        ++count[index_of(prefix.family)];
        const auto advertised = rib_.advertised(id, *rib_.find(prefix));
        ASSERT_TRUE(advertised);
        EXPECT_EQ(index_of_set(advertised->first), *index);
        EXPECT_EQ(advertised->second, source);
      }
      EXPECT_EQ(member.view, expected);
      for (const Family family : kAllFamilies) {
        EXPECT_EQ(rib_.advertised_count(id, family), count[index_of(family)]);
      }
      if (member.resent) {
        for (const auto& [prefix, index] : member.view) {
          EXPECT_TRUE(prefix.family != *member.resent || member.told_again.contains(prefix))
              << to_string(prefix) << " was not sent again";
        }
        member.resent.reset();
      }
    }
  }

  void check_groups() {
    std::map<std::uint64_t, std::set<GroupId>> by_context;
    for (const auto& [id, member] : members_) {
      const GroupId group = rib_.group_of(id);
      by_context[member.context].insert(group);
      EXPECT_EQ(std::ranges::count(rib_.members(group), id), 1);
      EXPECT_FALSE(rib_.owes(group));
    }
    for (const auto& [context, in_use] : by_context) EXPECT_EQ(in_use.size(), 1U) << "groups of one context merge";
    EXPECT_TRUE(owing_.empty());
  }

  std::mt19937 random_;
  std::vector<AttributeSet> pool_;
  std::vector<Prefix> prefixes_ = prefix_pool();
  Model model_;
  Rib rib_;
  std::map<Rib::MemberId, MemberModel> members_;
  std::set<GroupId> owing_;  // told by on_owing, not yet drained empty
  int policy_ = 0;
};

TEST(RibModel, AgreesAfterAnySequenceOfEvents) {
  for (std::uint32_t seed = 1; seed <= 200 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed);
    for (int phase = 0; phase < 12; ++phase) {
      for (int i = 0; i < 60; ++i) world.step();
      world.settle();
    }
    world.tear_down();
  }
}

}  // namespace
}  // namespace tw::rib
