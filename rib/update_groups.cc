// Update groups: membership, what is owed, and draining it.
#include "rib/update_groups.h"

#include <algorithm>
#include <cassert>

namespace tw::rib {

void AdvertisedTable::set(PrefixId id, Family family, Advertisement advertisement) {
  const auto f = static_cast<std::size_t>(index_of(family));
  if (const Advertisement old = at(id); old.attributes != kNoAttributes) {
    --count_[f];
    --by_source_[old.source.value][f];
  } else if (advertisement.attributes == kNoAttributes) {
    return;
  }
  attributes_.grow_to(id.value + 1);
  sources_.grow_to(id.value + 1);
  attributes_[id.value] = advertisement.attributes;
  sources_[id.value] = advertisement.source;
  if (advertisement.attributes == kNoAttributes) return;
  ++count_[f];
  if (advertisement.source.value >= by_source_.size()) by_source_.resize(advertisement.source.value + 1U);
  ++by_source_[advertisement.source.value][f];
}

std::size_t AdvertisedTable::count_from(PeerId source, Family family) const {
  if (source.value >= by_source_.size()) return 0;
  return by_source_[source.value][static_cast<std::size_t>(index_of(family))];
}

void AdvertisedTable::cut(PrefixId end) {
  if (attributes_.size() <= end.value) return;
  attributes_.resize(end.value);
  sources_.resize(end.value);
}

std::size_t AdvertisedTable::memory_bytes() const {
  return attributes_.memory_bytes() + sources_.memory_bytes() + by_source_.capacity() * sizeof(Counts);
}

// --- membership -----------------------------------------------------------------------------------------------------

UpdateGroups::~UpdateGroups() {
  finish_batch();
  while (!all_.empty()) dissolve(all_.back().first);
}

GroupId UpdateGroups::make_group(std::uint64_t context, std::shared_ptr<Exporter> exporter) {
  const GroupId id{next_group_++};
  Group& group = groups_[id];
  group.context = context;
  group.families = exporter->families();
  group.exporter = std::move(exporter);
  all_.emplace_back(id, &group);
  return id;
}

UpdateGroups::MemberId UpdateGroups::join(std::uint64_t context, std::shared_ptr<Exporter> exporter, PeerId self) {
  const MemberId member = next_member_++;
  // A group that has announced nothing yet owes the newcomer exactly what it owes its members.
  const auto fresh = std::ranges::find_if(
      all_, [&](const auto& entry) { return entry.second->context == context && entry.second->advertised.empty(); });
  if (fresh != all_.end()) {
    members_[member] = {fresh->first, self};
    fresh->second->members.push_back(member);
    return member;
  }
  const GroupId id = make_group(context, std::move(exporter));
  Group& group = groups_[id];
  members_[member] = {id, self};
  group.members.push_back(member);
  owe_everything(group);
  group.caught_up = group.owed.empty();
  tell_owing(id, group);
  return member;
}

// All of Loc-RIB that is of the group's families.
void UpdateGroups::owe_everything(Group& group) {
  for (std::uint32_t prefix = 0; prefix < prefixes_.end().value; ++prefix) {
    if (paths_.best({prefix}) != PathTable::kNone && group.families.has(prefixes_.family({prefix}))) {
      group.owed.insert(prefix);
    }
  }
}

void UpdateGroups::leave(MemberId member) {
  const GroupId id = members_.at(member).group;
  members_.erase(member);
  Group& group = groups_.at(id);
  std::erase(group.members, member);
  if (group.members.empty()) dissolve(id);
}

std::span<const UpdateGroups::MemberId> UpdateGroups::members(GroupId group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return {};
  return found->second.members;
}

GroupId UpdateGroups::split(MemberId member) {
  const GroupId old_id = members_.at(member).group;
  Group& old = groups_.at(old_id);
  if (old.members.size() == 1) return old_id;
  const GroupId id = make_group(old.context, old.exporter);
  Group& group = groups_.at(id);
  for (std::uint32_t prefix = 0; prefix < old.advertised.end().value; ++prefix) {
    const Advertisement copy = old.advertised.at({prefix});
    if (copy.attributes == kNoAttributes) continue;
    attributes_.retain(copy.attributes);
    sources_.name(copy.source);
    group.advertised.set({prefix}, prefixes_.family({prefix}), copy);
  }
  group.owed = IdSet(old.owed);
  std::erase(old.members, member);
  group.members.push_back(member);
  members_.at(member).group = id;
  return id;
}

void UpdateGroups::detach(MemberId member) {
  const GroupId id = split(member);
  Group& group = groups_.at(id);
  group.caught_up = false;
  tell_owing(id, group);
}

void UpdateGroups::dissolve(GroupId id) {
  const auto found = groups_.find(id);
  const Group group = std::move(found->second);
  std::erase_if(all_, [&](const auto& entry) { return entry.first == id; });
  groups_.erase(found);
  for (std::uint32_t prefix = 0; prefix < group.advertised.end().value; ++prefix) {
    const Advertisement gone = group.advertised.at({prefix});
    if (gone.attributes == kNoAttributes) continue;
    attributes_.release(gone.attributes);
    sources_.unname(gone.source);
    if (on_let_go) on_let_go({prefix});
  }
  for (std::uint32_t prefix = group.owed.next(0); prefix != IdSet::kEnd; prefix = group.owed.next(prefix + 1)) {
    if (on_let_go) on_let_go({prefix});
  }
}

void UpdateGroups::merge_if_possible(GroupId id) {
  Group* group = &groups_.at(id);
  const auto found = std::ranges::find_if(all_, [&](const auto& entry) {
    return entry.first != id && entry.second->caught_up && entry.second->context == group->context;
  });
  if (found == all_.end()) return;
  GroupId into_id = found->first;
  Group* into = found->second;
  assert(same_tables(*group, *into));
  // The larger one stays, so that fewer members have to be told.
  if (into->members.size() < group->members.size()) {
    std::swap(into_id, id);
    std::swap(into, group);
  }
  for (const MemberId member : group->members) {
    members_.at(member).group = into_id;
    into->members.push_back(member);
  }
  group->members.clear();
  dissolve(id);
  if (on_merged) on_merged(id, into_id);
}

bool UpdateGroups::same_tables(const Group& a, const Group& b) {
  const std::uint32_t end = std::max(a.advertised.end().value, b.advertised.end().value);
  for (std::uint32_t prefix = 0; prefix < end; ++prefix) {
    if (a.advertised.at({prefix}) != b.advertised.at({prefix})) return false;
  }
  return a.owed.empty() && b.owed.empty();
}

// --- what is owed ---------------------------------------------------------------------------------------------------

void UpdateGroups::changed(PrefixId id, Family family) {
  for (const auto& [group_id, group] : all_) {
    if (!group->families.has(family)) continue;
    group->owed.insert(id.value);
    group->caught_up = false;
    if (!group->told) tell_owing(group_id, *group);
  }
}

void UpdateGroups::tell_owing(GroupId id, Group& group) {
  if (group.told || group.owed.empty()) return;
  group.told = true;
  if (on_owing) on_owing(id);
}

bool UpdateGroups::hold(PrefixId id) const {
  return std::ranges::any_of(all_, [&](const auto& entry) {
    return entry.second->owed.contains(id.value) || entry.second->advertised.at(id).attributes != kNoAttributes;
  });
}

bool UpdateGroups::owes(GroupId group) const {
  const auto found = groups_.find(group);
  return found != groups_.end() && !found->second.owed.empty();
}

void UpdateGroups::reexport(MemberId member, std::uint64_t context, std::shared_ptr<Exporter> exporter) {
  const GroupId id = split(member);
  Group& group = groups_.at(id);
  group.context = context;
  group.families = exporter->families();
  group.exporter = std::move(exporter);
  owe_everything(group);
  for (std::uint32_t prefix = 0; prefix < group.advertised.end().value; ++prefix) {
    if (group.advertised.at({prefix}).attributes != kNoAttributes) group.owed.insert(prefix);
  }
  group.caught_up = group.owed.empty();
  tell_owing(id, group);
}

void UpdateGroups::resend(MemberId member, Family family) {
  const GroupId id = split(member);
  Group& group = groups_.at(id);
  for (std::uint32_t prefix = 0; prefix < group.advertised.end().value; ++prefix) {
    if (group.advertised.at({prefix}).attributes == kNoAttributes || prefixes_.family({prefix}) != family) continue;
    group.owed.insert(prefix);
    group.again.insert(prefix);
  }
  group.caught_up = false;
  tell_owing(id, group);
}

// --- draining -------------------------------------------------------------------------------------------------------

void UpdateGroups::finish_batch() {
  for (const Change& change : batch_) {
    if (change.before != kNoAttributes) {
      attributes_.release(change.before);
      sources_.unname(change.before_source);
    }
    if (change.now == kNoAttributes && on_let_go) on_let_go(change.prefix);
  }
  batch_.clear();
}

void UpdateGroups::drain_one(Group& group, PrefixId id) {
  const bool again = group.again.erase(id.value);
  const Advertisement before = group.advertised.at(id);
  Advertisement now;
  const PathTable::Index path = paths_.best(id);
  if (path != PathTable::kNone && group.families.has(prefixes_.family(id))) {
    now.source = paths_.source(path);
    now.attributes = group.exporter->exported(prefixes_.get(id), paths_.accepted(path), now.source);
    if (now.attributes == kNoAttributes) now.source = kNoPeer;
  }
  if (now == before) {
    attributes_.release(now.attributes);  // the table has a reference already
    if (now.attributes == kNoAttributes) {
      if (on_let_go) on_let_go(id);
    } else if (again) {
      batch_.push_back({id, now.attributes, now.source, kNoAttributes, kNoPeer});
    }
    return;
  }
  group.advertised.set(id, prefixes_.family(id), now);
  if (now.attributes != kNoAttributes) sources_.name(now.source);
  Change change{id, now.attributes, now.source, before.attributes, before.source};
  // A refresh wants the route whatever went before, unless it is to be withdrawn from the one member, its new source.
  const bool withdrawn_from_source = now.source != kNoPeer && now.source == members_.at(group.members.front()).self;
  if (again && change.now != kNoAttributes && change.before != kNoAttributes && !withdrawn_from_source) {
    attributes_.release(change.before);
    sources_.unname(change.before_source);
    change.before = kNoAttributes;
    change.before_source = kNoPeer;
  }
  batch_.push_back(change);
}

std::span<const Change> UpdateGroups::drain(GroupId id, std::size_t limit) {
  finish_batch();
  const auto found = groups_.find(id);
  if (found == groups_.end()) return {};
  Group& group = found->second;
  while (batch_.size() < limit && !group.owed.empty()) {
    const std::uint32_t prefix = group.owed.next(group.cursor);
    if (prefix == IdSet::kEnd) {
      group.cursor = 0;
      continue;
    }
    group.owed.erase(prefix);
    group.cursor = prefix + 1;
    drain_one(group, {prefix});
  }
  if (batch_.empty()) {
    group.told = false;
    group.caught_up = true;
    batch_ = {};
    order_ = {};
    unordered_ = {};
    merge_if_possible(id);
    return {};
  }
  order_batch();
  return batch_;
}

// Withdrawals first; then by family, by the member that is left out, and by attributes.
void UpdateGroups::order_batch() {
  const auto rank = [&](const Change& change) {
    const bool announced = change.now != kNoAttributes;
    const PeerId source = announced ? change.now_source : change.before_source;
    return static_cast<std::uint64_t>(announced) << 49 |
           static_cast<std::uint64_t>(index_of(prefixes_.family(change.prefix))) << 48 |
           static_cast<std::uint64_t>(source.value) << 32 | change.now.value;
  };
  order_.clear();
  bool ordered = true;
  for (std::uint32_t i = 0; i < batch_.size(); ++i) {
    order_.emplace_back(rank(batch_[i]), i);
    ordered = ordered && (i == 0 || order_[i - 1].first <= order_[i].first);
  }
  if (ordered) return;
  std::ranges::sort(order_);
  unordered_.swap(batch_);
  batch_.clear();
  for (const auto& [rank_of_it, i] : order_) batch_.push_back(unordered_[i]);
}

// --- queries --------------------------------------------------------------------------------------------------------

std::optional<std::pair<AttributeId, PeerId>> UpdateGroups::advertised(MemberId member, PrefixId prefix) const {
  const Member& m = members_.at(member);
  const Advertisement a = groups_.at(m.group).advertised.at(prefix);
  if (a.attributes == kNoAttributes || (m.self != kNoPeer && a.source == m.self)) return std::nullopt;
  return std::pair{a.attributes, a.source};
}

std::size_t UpdateGroups::advertised_count(MemberId member, Family family) const {
  const Member& m = members_.at(member);
  const AdvertisedTable& table = groups_.at(m.group).advertised;
  return table.count(family) - (m.self != kNoPeer ? table.count_from(m.self, family) : 0);
}

void UpdateGroups::cut_prefixes(PrefixId end) {
  for (const auto& [id, group] : all_) group->advertised.cut(end);
}

std::size_t UpdateGroups::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, group] : all_) {
    bytes +=
        sizeof(Group) + group->advertised.memory_bytes() + group->owed.memory_bytes() + group->again.memory_bytes();
  }
  return bytes;
}

}  // namespace tw::rib
