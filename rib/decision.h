// The decision process: which of several paths to a prefix is the best (RFC 4271 §9.1.2.2; RFC 4456 §9).
//
// Pure. The outcome depends on the paths only, never on the order in which they arrived.
#pragma once

#include "rib/attribute_store.h"
#include "rib/rib.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace tw::rib {

// An eligible path, as the decision process sees it. The pointers are borrowed.
struct Candidate {
  const AttributeKey* key;
  const SourceTraits* source;
  PeerId source_id;
  std::uint32_t path_id;
};

struct Preference {
  bool first;  // the first of the two is preferred
  Rung rung;   // the rung that decided
};

// Compares two paths, rung by rung. Not a total order over paths of several neighbour ASes, because MED counts only
// within one: use select() for the best of many. Of two paths that tie to the end, the second is preferred.
Preference prefer(const Candidate& a, const Candidate& b);

// The index of the best. REQUIRES: not empty. O(n) where MEDs do not matter, O(n²) at worst; allocates nothing.
std::size_t select(std::span<const Candidate> candidates);

// Whether a path that is preferred to the best of others, decided on `rung`, is the new best whatever the others are.
// Where it is not, a path of the same neighbour AS with a lower MED may rule it out, or the best that it ruled out by
// MED may have hidden a better one: then select() has to tell.
bool settles(Rung rung, const AttributeKey& preferred, const AttributeKey& other);

}  // namespace tw::rib
