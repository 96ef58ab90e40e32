// Checks between neighbours and ranges, and warnings about neighbours that are told nothing.
#include "bgpd/config/cross_checks.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace tw::bgp::config {

namespace {

std::string line_of(Place place) { return "line " + std::to_string(place.line); }

bool needs_scope(const rib::IpAddress& address) { return address.v6 && address.is_link_local(); }

// Two neighbours are two if their addresses differ, or the interfaces of link-local ones.
void check_duplicates(Reading& reading, const std::vector<NeighborDraft>& neighbors) {
  std::map<std::pair<rib::IpAddress, std::string>, Place> seen;
  for (const NeighborDraft& n : neighbors) {
    if (!n.address) continue;
    const std::string& interface = n.scope.empty() ? n.session.settings.interface : n.scope;
    const auto [first, is_new] =
        seen.try_emplace({*n.address, needs_scope(*n.address) ? interface : std::string()}, n.place);
    if (!is_new) {
      reading.error(place_of(n.session, "address", n.place),
                    n.text + " is there already, in " + line_of(first->second));
    }
  }
}

// Linux keeps a key by address and prefix length, whatever the interface: the keys of two link-local neighbours with
// one address collide.
void check_link_local_keys(Reading& reading, const std::vector<NeighborDraft>& neighbors) {
  std::map<rib::IpAddress, const NeighborDraft*> seen;
  for (const NeighborDraft& n : neighbors) {
    if (!n.address || !needs_scope(*n.address)) continue;
    const auto [first, is_new] = seen.try_emplace(*n.address, &n);
    if (is_new || first->second->session.settings.md5_key == n.session.settings.md5_key) continue;
    reading.error(place_of(n.session, "md5-key", n.place),
                  n.text + ": the kernel keeps one key for this address on all interfaces, and the neighbor in " +
                      line_of(first->second->place) + " has another; give both the same md5-key");
  }
}

// Within a keyed range the kernel demands a signature of everyone who has no key of its own.
void check_keyed_ranges(Reading& reading, const std::vector<NeighborDraft>& neighbors,
                        const std::vector<RangeDraft>& ranges) {
  for (const RangeDraft& range : ranges) {
    if (!range.prefix || !range.session.settings.md5_key) continue;
    const std::string text = "range " + rib::to_string(*range.prefix) + " in " + line_of(range.place);
    for (const NeighborDraft& n : neighbors) {
      if (!n.address || n.session.settings.md5_key || !range.prefix->contains(*n.address)) continue;
      reading.error(n.place, n.text + " has no md5-key but lies within the keyed " + text +
                                 ": the kernel would demand signed segments; give it an md5-key");
    }
    for (const RangeDraft& other : ranges) {
      if (&other == &range || !other.prefix || other.session.settings.md5_key) continue;
      if (*other.prefix == *range.prefix || !range.prefix->contains(*other.prefix)) continue;
      reading.error(other.place, "neighbor-range " + rib::to_string(*other.prefix) +
                                     " has no md5-key but lies within the keyed " + text +
                                     ": the kernel would demand signed segments; give it an md5-key");
    }
  }
}

void check_duplicate_ranges(Reading& reading, const std::vector<RangeDraft>& ranges) {
  std::map<rib::Prefix, Place> seen;
  for (const RangeDraft& range : ranges) {
    if (!range.prefix) continue;
    const auto [first, is_new] = seen.try_emplace(*range.prefix, range.place);
    if (is_new) continue;
    reading.error(
        place_of(range.session, "prefix", range.place),
        "neighbor-range " + rib::to_string(*range.prefix) + " is there already, in " + line_of(first->second));
  }
}

void warn_of_one(Reading& reading, const SpeakerConfig& speaker, const std::string& text, Place place,
                 const SessionDraft& session, const std::vector<Originate>& originate) {
  const SessionSettings& settings = session.settings;
  if (settings.shutdown) return;
  if (!session.given.contains("export") && !is_internal(settings, speaker)) {
    return reading.warn(place, text +
                                   " has no export policy: nothing is announced to it (RFC 8212); set export, to "
                                   "\"reject-all\" if that is meant");
  }
  if (*settings.export_ != Policy::as112()) return;
  for (const Originate& group : originate) {
    for (const rib::Prefix& prefix : group.prefixes) {
      const bool passes = Policy::as112().rules.front().match.prefix_lists.front().matches(prefix);
      if (passes && settings.families.has(prefix.family)) return;
    }
  }
  reading.warn(place_of(session, "export", place),
               text +
                   ": export is as112, but no [[originate]] has an AS112 prefix of its families: nothing is "
                   "announced to it");
}

}  // namespace

void check_together(Reading& reading, const std::vector<NeighborDraft>& neighbors,
                    const std::vector<RangeDraft>& ranges) {
  check_duplicates(reading, neighbors);
  check_duplicate_ranges(reading, ranges);
  check_link_local_keys(reading, neighbors);
  check_keyed_ranges(reading, neighbors, ranges);
}

void warn_of_silence(Reading& reading, const SpeakerConfig& speaker, const std::vector<NeighborDraft>& neighbors,
                     const std::vector<RangeDraft>& ranges, const std::vector<Originate>& originate) {
  if (neighbors.empty() && ranges.empty()) reading.warn({}, "there is no [[neighbor]] and no [[neighbor-range]]");
  for (const NeighborDraft& n : neighbors) warn_of_one(reading, speaker, n.text, n.place, n.session, originate);
  for (const RangeDraft& range : ranges) {
    warn_of_one(reading, speaker, "neighbor-range " + rib::to_string(*range.prefix), range.place, range.session,
                originate);
  }
}

}  // namespace tw::bgp::config
