// PathTable: singly linked lists in a slab.
#include "rib/path_table.h"

namespace tw::rib {

PathTable::Index PathTable::add(PrefixId prefix, bool in_front, PeerId source, std::uint32_t path_id,
                                AttributeId received, AttributeId accepted) {
  const Index path = ids_.take();
  paths_.grow_to(path + 1);
  heads_.grow_to(prefix.value + 1);
  paths_[path] = {.received = kNoAttributes, .next = kNone, .source = source, .flags = 0};
  if (path_id != 0) {
    path_ids_.grow_to(path + 1);
    path_ids_[path] = path_id;
    paths_[path].flags |= kHasPathId;
  }
  set_attributes(path, received, accepted);
  const Index head = heads_[prefix.value];
  if (in_front || head == kNone) {
    put_in_front(prefix, path);
  } else {
    paths_[path].next = paths_[head].next;
    paths_[head].next = path;
  }
  ++size_;
  return path;
}

void PathTable::set_attributes(Index path, AttributeId received, AttributeId accepted) {
  Path& p = paths_[path];
  p.received = received;
  p.flags = static_cast<std::uint8_t>(p.flags & ~(kRefused | kChanged));
  if (accepted == kNoAttributes) {
    p.flags |= kRefused;
  } else if (accepted != received) {
    p.flags |= kChanged;
    accepted_.grow_to(path + 1);
    accepted_[path] = accepted;
  }
}

void PathTable::set_stale(Index path, bool stale) {
  std::uint8_t& flags = paths_[path].flags;
  flags = static_cast<std::uint8_t>(stale ? flags | kStale : flags & ~kStale);
}

void PathTable::put_in_front(PrefixId prefix, Index path) {
  paths_[path].next = heads_[prefix.value];
  heads_[prefix.value] = path;
}

void PathTable::unlink(PrefixId prefix, Index path) {
  Index* link = &heads_[prefix.value];
  while (*link != path) link = &paths_[*link].next;
  *link = paths_[path].next;
}

void PathTable::move_to_front(PrefixId prefix, Index path) {
  if (heads_[prefix.value] == path) return;
  unlink(prefix, path);
  put_in_front(prefix, path);
}

void PathTable::remove(PrefixId prefix, Index path) {
  unlink(prefix, path);
  ids_.give_back(path);
  --size_;
  if (ids_.end() * 4 >= paths_.size()) return;
  paths_.resize(ids_.end());
  if (accepted_.size() > ids_.end()) accepted_.resize(ids_.end());
  if (path_ids_.size() > ids_.end()) path_ids_.resize(ids_.end());
}

void PathTable::cut_prefixes(PrefixId end) {
  if (end.value * 4 < heads_.size()) heads_.resize(end.value);
}

std::size_t PathTable::memory_bytes() const {
  return heads_.memory_bytes() + paths_.memory_bytes() + accepted_.memory_bytes() + path_ids_.memory_bytes() +
         ids_.memory_bytes();
}

}  // namespace tw::rib
