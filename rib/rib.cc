// The RIB: paths come in, the best is kept first in each prefix's list, and the update groups are told what changed.
#include "rib/rib.h"

#include "rib/decision.h"
#include "rib/path_table.h"
#include "rib/prefix_table.h"
#include "rib/source_table.h"
#include "rib/update_groups.h"

#include <algorithm>
#include <cassert>

namespace tw::rib {

using PathIndex = PathTable::Index;

struct Rib::Impl {
  AttributeStore attributes;
  PrefixTable prefixes;
  SourceTable sources;
  PathTable paths;
  UpdateGroups groups{attributes, prefixes, paths, sources};
  std::vector<Candidate> candidates;  // scratch of choose()
  std::vector<PathIndex> candidate_paths;
  std::size_t prefixes_with_paths = 0, prefixes_with_best = 0;
  std::uint32_t tables_sized_for = 0;  // prefix ids that the tables indexed by them may have room for

  Impl() {
    groups.on_let_go = [this](PrefixId id) { free_if_unused(id); };
  }

  Candidate candidate(PathIndex path) const {
    const PeerId source = paths.source(path);
    return {&attributes.key(paths.accepted(path)), &sources[source].traits, source, paths.path_id(path)};
  }
  void gather(PrefixId id, PathIndex except);
  PathIndex choose(PrefixId id, PathIndex except = PathTable::kNone);

  PathIndex find_path(PrefixId id, PeerId source, std::uint32_t path_id) const;
  void add(PrefixId id, PeerId source, std::uint32_t path_id, AttributeId received, AttributeId accepted);
  void replace(PrefixId id, PathIndex path, AttributeId received, AttributeId accepted);
  void remove(PrefixId id, PathIndex path);
  void reselect(PrefixId id);
  void best_changed(PrefixId id, bool had, bool has);
  void count(PeerId source, PrefixId id, AttributeId accepted, int delta);
  void free_if_unused(PrefixId id);
};

// --- best path ------------------------------------------------------------------------------------------------------

// Collects the eligible paths of the prefix.
void Rib::Impl::gather(PrefixId id, PathIndex except) {
  candidates.clear();
  candidate_paths.clear();
  for (PathIndex path = paths.first(id); path != PathTable::kNone; path = paths.next(path)) {
    if (path == except || !paths.eligible(path)) continue;
    candidates.push_back(candidate(path));
    candidate_paths.push_back(path);
  }
}

// The best of the eligible paths; kNone: there are none.
PathIndex Rib::Impl::choose(PrefixId id, PathIndex except) {
  gather(id, except);
  return candidates.empty() ? PathTable::kNone : candidate_paths[select(candidates)];
}

void Rib::Impl::reselect(PrefixId id) {
  if (const PathIndex best = choose(id); best != PathTable::kNone) paths.move_to_front(id, best);
}

void Rib::Impl::best_changed(PrefixId id, bool had, bool has) {
  prefixes_with_best = prefixes_with_best + has - had;
  groups.changed(id, prefixes.family(id));
}

// --- Adj-RIB-In -----------------------------------------------------------------------------------------------------

PathIndex Rib::Impl::find_path(PrefixId id, PeerId source, std::uint32_t path_id) const {
  if (!sources[source].prefixes.contains(id.value)) return PathTable::kNone;
  PathIndex path = paths.first(id);
  while (path != PathTable::kNone && (paths.source(path) != source || paths.path_id(path) != path_id)) {
    path = paths.next(path);
  }
  return path;
}

void Rib::Impl::count(PeerId source, PrefixId id, AttributeId accepted, int delta) {
  const auto family = static_cast<std::size_t>(index_of(prefixes.family(id)));
  const auto step = static_cast<std::uint32_t>(delta);
  sources[source].paths[family] += step;
  if (accepted != kNoAttributes) sources[source].accepted[family] += step;
}

void Rib::Impl::add(PrefixId id, PeerId source, std::uint32_t path_id, AttributeId received, AttributeId accepted) {
  sources[source].prefixes.insert(id.value);
  count(source, id, accepted, 1);
  const PathIndex old_best = paths.best(id);
  if (paths.first(id) == PathTable::kNone) ++prefixes_with_paths;
  if (accepted == kNoAttributes) {
    paths.add(id, false, source, path_id, received, accepted);
    return;
  }
  if (old_best == PathTable::kNone) {
    paths.add(id, true, source, path_id, received, accepted);
    best_changed(id, false, true);
    return;
  }
  const Candidate newcomer{&attributes.key(accepted), &sources[source].traits, source, path_id};
  const Candidate best = candidate(old_best);
  const Preference preference = prefer(newcomer, best);
  const bool wins = preference.first && settles(preference.rung, *newcomer.key, *best.key);
  paths.add(id, wins, source, path_id, received, accepted);
  if (preference.first && !wins) reselect(id);
  if (paths.first(id) != old_best) best_changed(id, true, true);
}

void Rib::Impl::replace(PrefixId id, PathIndex path, AttributeId received, AttributeId accepted) {
  const AttributeId old_received = paths.received(path), old_accepted = paths.accepted(path);
  const PathIndex old_best = paths.best(id);
  paths.set_attributes(path, received, accepted);
  paths.set_stale(path, false);
  if (accepted != old_accepted) {
    const PeerId source = paths.source(path);
    count(source, id, old_accepted, -1);
    count(source, id, accepted, 1);
    reselect(id);
    const PathIndex best = paths.best(id);
    if (best != old_best || best == path) best_changed(id, old_best != PathTable::kNone, best != PathTable::kNone);
  }
  attributes.release(old_received);
  attributes.release(old_accepted);
}

void Rib::Impl::remove(PrefixId id, PathIndex path) {
  const PeerId source = paths.source(path);
  const AttributeId received = paths.received(path), accepted = paths.accepted(path);
  const PathIndex old_best = paths.best(id);
  // A path that fell to the best before MED was compared ruled out no other.
  const bool matters = old_best == path ||
                       (accepted != kNoAttributes && prefer(candidate(old_best), candidate(path)).rung >= Rung::kMed);
  paths.remove(id, path);
  count(source, id, accepted, -1);
  bool more = false;  // RFC 7911: the source may have other paths to this prefix
  for (PathIndex p = paths.first(id); p != PathTable::kNone && !more; p = paths.next(p))
    more = paths.source(p) == source;
  if (!more) sources[source].prefixes.erase(id.value);
  if (matters) {
    reselect(id);
    const PathIndex best = paths.best(id);
    if (best != old_best || old_best == path) best_changed(id, true, best != PathTable::kNone);
  }
  attributes.release(received);
  attributes.release(accepted);
  if (paths.first(id) == PathTable::kNone) {
    --prefixes_with_paths;
    free_if_unused(id);
  }
}

void Rib::Impl::free_if_unused(PrefixId id) {
  if (!prefixes.in_use(id) || paths.first(id) != PathTable::kNone || groups.hold(id)) return;
  prefixes.remove(id);
  const std::uint32_t end = prefixes.end().value;
  if (end * 4 >= tables_sized_for) return;
  tables_sized_for = end;
  paths.cut_prefixes({end});
  groups.cut_prefixes({end});
}

Rib::Rib() : impl_(std::make_unique<Impl>()) {
  impl_->groups.on_owing = [this](GroupId group) {
    if (on_owing) on_owing(group);
  };
  impl_->groups.on_merged = [this](GroupId from, GroupId into) {
    if (on_merged) on_merged(from, into);
  };
}
Rib::~Rib() { impl_->groups.on_let_go = nullptr; }

AttributeStore& Rib::attributes() { return impl_->attributes; }
const AttributeStore& Rib::attributes() const { return impl_->attributes; }

void Rib::announce(PeerId source, const Prefix& prefix, std::uint32_t path_id, AttributeId received,
                   AttributeId accepted) {
  Impl& m = *impl_;
  const PrefixId id = m.prefixes.find_or_add(prefix);
  m.tables_sized_for = std::max(m.tables_sized_for, id.value + 1);
  if (const PathIndex path = m.find_path(id, source, path_id); path != PathTable::kNone) {
    m.replace(id, path, received, accepted);
  } else {
    m.add(id, source, path_id, received, accepted);
  }
}

void Rib::prefetch(const Prefix& prefix) const { impl_->prefixes.prefetch(prefix); }

bool Rib::withdraw(PeerId source, const Prefix& prefix, std::uint32_t path_id) {
  Impl& m = *impl_;
  const auto id = m.prefixes.find(prefix);
  if (!id) return false;
  const PathIndex path = m.find_path(*id, source, path_id);
  if (path == PathTable::kNone) return false;
  m.remove(*id, path);
  return true;
}

// --- sources --------------------------------------------------------------------------------------------------------

namespace {

// Calls visit(prefix id, path) for each path of the source. `visit` may change or remove that path. The paths of a
// prefix are collected first, more than one only with RFC 7911, since selecting the best reorders them.
template <class Visit>
void for_each_path(const PathTable& paths, const IdSet& prefixes, PeerId source, Visit visit) {
  std::vector<PathIndex> own;
  for (std::uint32_t id = prefixes.next(0); id != IdSet::kEnd; id = prefixes.next(id + 1)) {
    own.clear();
    for (PathIndex path = paths.first({id}); path != PathTable::kNone; path = paths.next(path)) {
      if (paths.source(path) == source) own.push_back(path);
    }
    for (const PathIndex path : own) visit(PrefixId{id}, path);
  }
}

}  // namespace

std::optional<PeerId> Rib::add_source(const SourceTraits& traits) { return impl_->sources.add(traits); }
const SourceTraits& Rib::source(PeerId id) const { return impl_->sources[id].traits; }

void Rib::remove_source(PeerId id) {
  Impl& m = *impl_;
  for_each_path(m.paths, m.sources[id].prefixes, id, [&](PrefixId prefix, PathIndex path) { m.remove(prefix, path); });
  m.sources.remove(id);
}

std::size_t Rib::path_count(PeerId id, Family family) const {
  return impl_->sources[id].paths[static_cast<std::size_t>(index_of(family))];
}

std::size_t Rib::accepted_count(PeerId id, Family family) const {
  return impl_->sources[id].accepted[static_cast<std::size_t>(index_of(family))];
}

void Rib::begin_refresh(PeerId source, Family family) {
  Impl& m = *impl_;
  for_each_path(m.paths, m.sources[source].prefixes, source, [&](PrefixId prefix, PathIndex path) {
    if (m.prefixes.family(prefix) == family) m.paths.set_stale(path, true);
  });
}

void Rib::end_refresh(PeerId source, Family family) {
  Impl& m = *impl_;
  for_each_path(m.paths, m.sources[source].prefixes, source, [&](PrefixId prefix, PathIndex path) {
    if (m.prefixes.family(prefix) == family && m.paths.stale(path)) m.remove(prefix, path);
  });
}

void Rib::reconsider(PeerId source, const Accept& accept) {
  Impl& m = *impl_;
  for_each_path(m.paths, m.sources[source].prefixes, source, [&](PrefixId id, PathIndex path) {
    const AttributeId received = m.paths.received(path);
    const bool stale = m.paths.stale(path);
    m.attributes.retain(received);  // replace() takes a reference of each
    m.replace(id, path, received, accept(m.prefixes.get(id), received));
    m.paths.set_stale(path, stale);
  });
}

// --- queries --------------------------------------------------------------------------------------------------------

namespace {

PathView view(const PathTable& paths, PathIndex path, bool best) {
  return {.source = paths.source(path),
          .path_id = paths.path_id(path),
          .received = paths.received(path),
          .accepted = paths.accepted(path),
          .best = best,
          .stale = paths.stale(path)};
}

}  // namespace

std::optional<PrefixId> Rib::find(const Prefix& prefix) const { return impl_->prefixes.find(prefix); }
PrefixId Rib::prefix_end() const { return impl_->prefixes.end(); }
Prefix Rib::prefix(PrefixId id) const { return impl_->prefixes.get(id); }
Family Rib::family(PrefixId id) const { return impl_->prefixes.family(id); }

void Rib::paths(PrefixId id, std::vector<PathView>& out) const {
  const PathTable& paths = impl_->paths;
  out.clear();
  const PathIndex best = paths.best(id);
  for (PathIndex path = paths.first(id); path != PathTable::kNone; path = paths.next(path)) {
    out.push_back(view(paths, path, path == best));
  }
}

std::optional<PathView> Rib::best(PrefixId id) const {
  const PathIndex path = impl_->paths.best(id);
  if (path == PathTable::kNone) return std::nullopt;
  return view(impl_->paths, path, true);
}

Rung Rib::decided_by(PrefixId id) const {
  Impl& m = *impl_;  // only its scratch changes
  const PathIndex best = m.paths.best(id);
  if (best == PathTable::kNone) return Rung::kOnlyPath;
  const PathIndex rival = m.choose(id, best);
  return rival == PathTable::kNone ? Rung::kOnlyPath : prefer(m.candidate(best), m.candidate(rival)).rung;
}

RibCounts Rib::counts() const {
  return {.prefixes = impl_->prefixes_with_paths, .paths = impl_->paths.size(), .best = impl_->prefixes_with_best};
}

RibMemory Rib::memory() const {
  return {.prefixes = impl_->prefixes.memory_bytes(),
          .paths = impl_->paths.memory_bytes() + impl_->sources.memory_bytes(),
          .attributes = impl_->attributes.memory_bytes(),
          .advertised = impl_->groups.memory_bytes()};
}

std::string_view name(Rung rung) {
  switch (rung) {
    case Rung::kOnlyPath: return "only path";
    case Rung::kLocal: return "originated here";
    case Rung::kLocalPref: return "local preference";
    case Rung::kAsPathLength: return "AS path length";
    case Rung::kOrigin: return "origin";
    case Rung::kMed: return "MED";
    case Rung::kEbgpOverIbgp: return "eBGP over iBGP";
    case Rung::kRouterId: return "router ID";
    case Rung::kClusterListLength: return "cluster list length";
    case Rung::kPeerAddress: return "peer address";
    case Rung::kPathId: return "path identifier";
  }
  return "unknown";
}

// --- update groups --------------------------------------------------------------------------------------------------

Rib::MemberId Rib::join(std::uint64_t context, std::shared_ptr<Exporter> exporter, PeerId self) {
  return impl_->groups.join(context, std::move(exporter), self);
}
void Rib::leave(MemberId member) { impl_->groups.leave(member); }
GroupId Rib::group_of(MemberId member) const { return impl_->groups.group_of(member); }
std::span<const Rib::MemberId> Rib::members(GroupId group) const { return impl_->groups.members(group); }
void Rib::detach(MemberId member) { impl_->groups.detach(member); }
std::span<const Change> Rib::drain(GroupId group, std::size_t limit) { return impl_->groups.drain(group, limit); }
bool Rib::owes(GroupId group) const { return impl_->groups.owes(group); }
void Rib::reexport(MemberId member, std::uint64_t context, std::shared_ptr<Exporter> exporter) {
  impl_->groups.reexport(member, context, std::move(exporter));
}
void Rib::resend(MemberId member, Family family) { impl_->groups.resend(member, family); }
std::optional<std::pair<AttributeId, PeerId>> Rib::advertised(MemberId member, PrefixId prefix) const {
  return impl_->groups.advertised(member, prefix);
}
std::size_t Rib::advertised_count(MemberId member, Family family) const {
  return impl_->groups.advertised_count(member, family);
}

}  // namespace tw::rib
