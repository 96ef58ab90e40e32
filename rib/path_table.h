// The paths of every prefix: a list per prefix in a slab, the best one first.
//
// 12 octets a path; a path identifier (RFC 7911) and an accepted set that differs from the received one cost four more
// each, in side tables that stay unmapped until needed. 4 octets a prefix for the head of its list. Holds no attribute
// references of its own: whoever puts ids in answers for them. Not thread-safe.
#pragma once

#include "rib/id_pool.h"
#include "rib/ids.h"
#include "rib/paged_array.h"

#include <cstddef>
#include <cstdint>

namespace tw::rib {

class PathTable {
 public:
  // A path; kNone is no path. Stable until the path is removed.
  using Index = std::uint32_t;
  static constexpr Index kNone = 0;

  Index first(PrefixId prefix) const { return prefix.value < heads_.size() ? heads_[prefix.value] : kNone; }
  Index next(Index path) const { return paths_[path].next; }

  PeerId source(Index path) const { return paths_[path].source; }
  AttributeId received(Index path) const { return paths_[path].received; }
  AttributeId accepted(Index path) const {
    const Path& p = paths_[path];
    if ((p.flags & (kRefused | kChanged)) == 0) return p.received;
    return (p.flags & kRefused) != 0 ? kNoAttributes : accepted_[path];
  }
  std::uint32_t path_id(Index path) const { return (paths_[path].flags & kHasPathId) != 0 ? path_ids_[path] : 0; }
  bool stale(Index path) const { return (paths_[path].flags & kStale) != 0; }
  bool eligible(Index path) const { return (paths_[path].flags & kRefused) == 0; }
  // The best path of the prefix, or kNone: the first one, if it is eligible.
  Index best(PrefixId prefix) const {
    const Index path = first(prefix);
    return path != kNone && eligible(path) ? path : kNone;
  }

  // Adds a path to the list of `prefix`, as the first or right behind the first.
  Index add(PrefixId prefix, bool in_front, PeerId source, std::uint32_t path_id, AttributeId received,
            AttributeId accepted);
  void set_attributes(Index path, AttributeId received, AttributeId accepted);
  void set_stale(Index path, bool stale);
  void move_to_front(PrefixId prefix, Index path);
  void remove(PrefixId prefix, Index path);
  // Prefix ids from `end` on are no longer in use.
  void cut_prefixes(PrefixId end);

  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const;

 private:
  static constexpr std::uint8_t kRefused = 1, kChanged = 2, kHasPathId = 4, kStale = 8;
  struct Path {
    AttributeId received;
    Index next;
    PeerId source;
    std::uint8_t flags;
  };
  static_assert(sizeof(Path) == 12);

  void put_in_front(PrefixId prefix, Index path);
  void unlink(PrefixId prefix, Index path);

  PagedArray<Index> heads_;
  PagedArray<Path> paths_;
  PagedArray<AttributeId> accepted_;    // where kChanged
  PagedArray<std::uint32_t> path_ids_;  // where kHasPathId
  IdPool ids_{1};
  std::size_t size_ = 0;
};

}  // namespace tw::rib
