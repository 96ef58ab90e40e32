// [[neighbor]], [[neighbor-group]] and [[neighbor-range]]: read, merged with their group, defaults filled in.
#pragma once

#include "bgpd/config/reading.h"
#include "bgpd/config/speaker_keys.h"

#include <optional>
#include <span>
#include <string>

namespace tw::bgp::config {

struct NeighborDraft {
  Place place;
  bool sound = false;  // nothing wrong was found in it: worth looking at further
  std::optional<rib::IpAddress> address;
  std::string scope;  // the interface in "fe80::1%eth0"
  SessionDraft session;
  std::string text;  // the address as in messages: "neighbor 192.0.2.1"
};
struct RangeDraft {
  Place place;
  bool sound = false;
  std::optional<rib::Prefix> prefix;
  std::uint32_t max_neighbors = NeighborRange{}.max_neighbors;
  SessionDraft session;
};
struct GroupDraft {
  std::string name;
  Place name_place;
  SessionDraft session;
};
std::span<const Key<NeighborDraft>> neighbor_keys();
std::span<const Key<RangeDraft>> range_keys();
std::span<const Key<GroupDraft>> group_keys();

void read_group(Reading& reading, const Value& value);  // into reading.groups; before neighbours and ranges
NeighborDraft read_neighbor(Reading& reading, const Value& value);
RangeDraft read_range(Reading& reading, const Value& value);

// Where a setting was given, or else `otherwise`.
Place place_of(const SessionDraft& session, std::string_view key, Place otherwise);

// What was not given: families, policies (RFC 8212) and the send hold time (RFC 9687 §4).
void fill_in_defaults(SessionDraft& session, rib::Family family, const SpeakerConfig& speaker);
// As seen from us, local-as included. REQUIRES: session.settings.as is not empty.
bool is_internal(const SessionSettings& settings, const SpeakerConfig& speaker);

}  // namespace tw::bgp::config
