// The sources of paths: their traits, which prefixes each has paths for, and how many.
//
// A source that was removed keeps its id and traits while any Adj-RIB-Out names it. Not thread-safe.
#pragma once

#include "rib/id_set.h"
#include "rib/ids.h"
#include "rib/prefix.h"
#include "rib/rib.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace tw::rib {

class SourceTable {
 public:
  struct Source {
    SourceTraits traits;
    IdSet prefixes;                                   // that it has at least one path for
    std::array<std::uint32_t, kFamilies> paths{};     // Adj-RIB-In entries
    std::array<std::uint32_t, kFamilies> accepted{};  // of these, eligible
    std::size_t named = 0;                            // entries of Adj-RIB-Outs that say they came from it
    bool present = false;                             // added and not removed
  };

  static constexpr std::size_t kMaxSources = 65534;

  SourceTable() : sources_(1) {}

  std::optional<PeerId> add(const SourceTraits& traits);
  void remove(PeerId id);  // REQUIRES: it has no paths left

  Source& operator[](PeerId id) { return sources_[id.value]; }
  const Source& operator[](PeerId id) const { return sources_[id.value]; }

  // An Adj-RIB-Out entry names the source, or no longer does. kNoPeer is ignored.
  void name(PeerId id) { ++sources_[id.value].named; }
  void unname(PeerId id) {
    Source& source = sources_[id.value];
    if (--source.named == 0 && !source.present) free(id);
  }

  std::size_t memory_bytes() const;

 private:
  void free(PeerId id);

  std::deque<Source> sources_;  // by id; references stay valid. [0] is kNoPeer
  std::deque<PeerId> free_;     // oldest first, so that an id rests as long as possible before it is used again
};

}  // namespace tw::rib
