// The ladder, and the selection that walks it.
#include "rib/decision.h"

namespace tw::rib {
namespace {

bool internal(const SourceTraits& source) {
  return source.kind == SourceKind::kIbgp || source.kind == SourceKind::kIbgpClient;
}

// The BGP Identifier that counts: of a reflected route, that of the router which brought it into the AS.
std::uint32_t identifier(const Candidate& c) {
  return c.key->originator_id != 0 ? c.key->originator_id : c.source->router_id;
}

// 9.1.2.2 c: whether `c` falls to a path of the same neighbour AS with a lower MED, among those that tie with it up
// to there.
bool ruled_out_by_med(const Candidate& c, std::span<const Candidate> candidates) {
  if (c.key->med == 0) return false;
  for (const Candidate& other : candidates) {
    if (other.key->med >= c.key->med || other.key->neighbor_as != c.key->neighbor_as) continue;
    if (const Preference p = prefer(other, c); p.first && p.rung == Rung::kMed) return true;
  }
  return false;
}

}  // namespace

Preference prefer(const Candidate& a, const Candidate& b) {
  const AttributeKey &x = *a.key, &y = *b.key;

  // What is originated here is preferred to what is learned.
  const bool a_local = a.source->kind == SourceKind::kLocal, b_local = b.source->kind == SourceKind::kLocal;
  if (a_local != b_local) return {a_local, Rung::kLocal};

  // 9.1.1, 9.1.2: the highest degree of preference.
  if (x.local_pref != y.local_pref) return {x.local_pref > y.local_pref, Rung::kLocalPref};

  // 9.1.2.2 a: the smallest number of AS numbers in AS_PATH; a set counts as one.
  if (x.as_path_length != y.as_path_length) return {x.as_path_length < y.as_path_length, Rung::kAsPathLength};

  // 9.1.2.2 b: the lowest ORIGIN.
  if (x.origin != y.origin) return {x.origin < y.origin, Rung::kOrigin};

  // 9.1.2.2 c: the lowest MULTI_EXIT_DISC, only between routes from the same neighbouring AS; absent is the lowest.
  if (x.neighbor_as == y.neighbor_as && x.med != y.med) return {x.med < y.med, Rung::kMed};

  // 9.1.2.2 d: EBGP over IBGP.
  const bool a_internal = internal(*a.source), b_internal = internal(*b.source);
  if (a_internal != b_internal) return {b_internal, Rung::kEbgpOverIbgp};

  // 9.1.2.2 e, the interior cost, is the same for all: we know no interior routes.

  // 9.1.2.2 f: the lowest BGP Identifier; RFC 4456 §9: ORIGINATOR_ID instead, where there is one. RFC 5004's exception
  // for the oldest path is not made: it would let the order of arrival decide.
  if (identifier(a) != identifier(b)) return {identifier(a) < identifier(b), Rung::kRouterId};

  // RFC 4456 §9: the shortest CLUSTER_LIST; absent is the shortest.
  if (x.cluster_list_length != y.cluster_list_length) {
    return {x.cluster_list_length < y.cluster_list_length, Rung::kClusterListLength};
  }

  // 9.1.2.2 g: the lowest peer address. Sources without a session share one address: the one added first.
  if (a.source->address != b.source->address) return {a.source->address < b.source->address, Rung::kPeerAddress};
  if (a.source_id != b.source_id) return {a.source_id < b.source_id, Rung::kPeerAddress};

  // RFC 7911 leaves several paths of one peer to us: the lowest path identifier.
  return {a.path_id < b.path_id, Rung::kPathId};
}

// Let S be the paths that tie on the rungs before MED. Within each neighbour AS those of S with the lowest MED stay;
// among these MED no longer tells any two apart, so that the ladder orders them totally.
std::size_t select(std::span<const Candidate> candidates) {
  // A member of S: nobody beats it before MED.
  std::size_t leader = 0;
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    if (const Preference p = prefer(candidates[i], candidates[leader]); p.first && p.rung < Rung::kMed) leader = i;
  }
  // The best of S: a path that would win is only then checked against its own neighbour AS.
  std::size_t best = candidates.size();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i != leader && prefer(candidates[i], candidates[leader]).rung < Rung::kMed) continue;
    if (best != candidates.size() && !prefer(candidates[i], candidates[best]).first) continue;
    if (!ruled_out_by_med(candidates[i], candidates)) best = i;
  }
  return best;
}

bool settles(Rung rung, const AttributeKey& preferred, const AttributeKey& other) {
  if (rung < Rung::kMed) return true;
  if (rung == Rung::kMed) return false;
  return preferred.neighbor_as == other.neighbor_as || preferred.med == 0;
}

}  // namespace tw::rib
