// Set actions and attribute conditions of policy rules.
#include "bgpd/policy/set_actions.h"

#include <algorithm>

namespace tw::bgp {

namespace {

constexpr std::size_t kMaxSegment = 255;  // AS numbers in one AS_PATH segment (RFC 4271 §4.3)

template <class T>
bool has(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

template <class T>
bool share_any(const std::vector<T>& wanted, const std::vector<T>& present) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const T& value) { return has(present, value); });
}

template <class T>
void add_missing(const std::vector<T>& values, std::vector<T>& to) {
  for (const T& value : values) {
    if (!has(to, value)) to.push_back(value);
  }
}

// RFC 4271 §5.1.2 b: in front of the first AS_SEQUENCE, in a new one when that is full or there is none.
void prepend(rib::AsNumber as, int times, std::vector<AsPathSegment>& path) {
  for (int i = 0; i < times; ++i) {
    if (path.empty() || path.front().type != SegmentType::kSequence || path.front().numbers.size() >= kMaxSegment) {
      path.insert(path.begin(), {SegmentType::kSequence, {}});
    }
    path.front().numbers.insert(path.front().numbers.begin(), as);
  }
}

}  // namespace

bool attributes_match(const Match& match, const PathAttributes& attributes) {
  if (match.as_path && !match.as_path->matches(attributes.as_path)) return false;
  if (!match.communities.empty() && !share_any(match.communities, attributes.communities)) return false;
  return match.large_communities.empty() || share_any(match.large_communities, attributes.large_communities);
}

bool looks_at_attributes(const Match& match) {
  return match.as_path || !match.communities.empty() || !match.large_communities.empty();
}

bool changes_anything(const Set& set) { return set != Set{}; }

void apply_set(const Set& set, rib::AsNumber local_as, rib::Family prefix_family, PathAttributes& attributes) {
  if (set.med) attributes.med = set.med;
  if (set.local_pref) attributes.local_pref = set.local_pref;
  if (set.set_communities) {
    attributes.communities.clear();
    add_missing(set.communities, attributes.communities);
  }
  std::erase_if(attributes.communities, [&](std::uint32_t c) { return has(set.delete_communities, c); });
  add_missing(set.add_communities, attributes.communities);
  add_missing(set.add_large_communities, attributes.large_communities);
  prepend(local_as, set.prepend, attributes.as_path);
  if (set.next_hop && set.next_hop->v6 == (prefix_family == rib::Family::kIpv6Unicast)) {
    attributes.next_hop = set.next_hop;
    attributes.link_local_next_hop.reset();  // it belonged to the former next hop (RFC 2545 §3)
  }
}

}  // namespace tw::bgp
