// Neighbours, groups and ranges.
#include "bgpd/config/neighbor_keys.h"

#include "bgpd/config/session_keys.h"
#include "bgpd/config/values.h"

#include <algorithm>
#include <array>

namespace tw::bgp::config {

namespace {

constexpr std::size_t kMaxInterfaceName = 15;  // IFNAMSIZ less the closing NUL

bool can_be_a_peer(const rib::IpAddress& address) {
  const bool multicast = address.v6 ? address.octets[0] == 0xFF : address.octets[0] >= 0xE0;
  return !multicast && !address.is_unspecified();
}

// ::ffff:192.0.2.1 (RFC 4291 §2.5.5.2)
bool is_mapped(const rib::IpAddress& address) {
  return address.v6 &&
         std::all_of(address.octets.begin(), address.octets.begin() + 10, [](auto o) { return o == 0; }) &&
         address.octets[10] == 0xFF && address.octets[11] == 0xFF;
}

void read_peer_address(Reading& reading, const KeyInfo& key, const Value& value, NeighborDraft& draft) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  const std::size_t percent = text->find('%');
  const auto address = rib::parse_address(std::string_view(*text).substr(0, percent));
  if (!address) {
    const std::string hint = rib::parse_prefix(*text, false) ? "; a whole prefix goes into [[neighbor-range]]" : "";
    return reading.error(value.place,
                         "address must be an IPv4 or IPv6 address; " + in_quotes(*text) + " is none" + hint);
  }
  if (is_mapped(*address)) return reading.error(value.place, "write " + in_quotes(*text) + " as an IPv4 address");
  if (!can_be_a_peer(*address)) return reading.error(value.place, in_quotes(*text) + " cannot be a neighbor's address");
  if (percent != std::string::npos) {
    draft.scope = text->substr(percent + 1);
    if (!address->v6 || !address->is_link_local()) {
      return reading.error(value.place, "only link-local IPv6 addresses take an interface: write " +
                                            in_quotes(rib::to_string(*address)) + " and interface = …");
    }
    if (draft.scope.empty() || draft.scope.size() > kMaxInterfaceName ||
        draft.scope.find_first_of(" /%\t\n") != std::string::npos) {
      return reading.error(value.place, "the name of an interface must follow '%', as in \"fe80::1%eth0\"");
    }
  }
  draft.address = *address;
}

// The settings of the group were put in before any other key was read; here only its name is checked.
template <class Draft>
void read_group_name(Reading& reading, const KeyInfo& key, const Value& value, Draft&) {
  const auto text = text_value(reading, key, value);
  if (!text || reading.groups.contains(*text)) return;
  reading.error(value.place,
                "there is no neighbor-group " + in_quotes(*text) + did_you_mean(*text, names(reading.groups)));
}

void read_group_title(Reading& reading, const KeyInfo& key, const Value& value, GroupDraft& draft) {
  draft.name_place = value.place;
  read_name(reading, key, value, draft.name);
}

void read_range_prefix(Reading& reading, const KeyInfo& key, const Value& value, std::optional<rib::Prefix>& out) {
  rib::Prefix prefix;
  const std::size_t before = reading.errors.size();
  read_prefix(reading, key, value, prefix);
  if (reading.errors.size() == before) out = prefix;
}

constexpr std::array<Key<NeighborDraft>, 2> kNeighborKeys = {{
    {{.name = "address",
      .type = "address",
      .values = "link-local: with `%interface`, or with `interface` beside it",
      .reload = ReloadClass::kReset,
      .help = "The neighbor's address. Another address is another neighbor.",
      .example = "\"192.0.2.1\"",
      .required = true},
     read_peer_address},
    {{.name = "group",
      .type = "name",
      .default_text = "none",
      .reload = ReloadClass::kLive,
      .help = "The `[[neighbor-group]]` whose settings hold where the neighbor has none of its own. What a reload does "
              "follows from the settings that come out different.",
      .example = "\"ix\""},
     read_group_name<NeighborDraft>},
}};

constexpr std::array<Key<RangeDraft>, 3> kRangeKeys = {{
    key<RangeDraft, read_range_prefix, &RangeDraft::prefix>(
        {.name = "prefix",
         .type = "prefix",
         .reload = ReloadClass::kReset,
         .help = "Whoever connects from here with a legal AS number becomes a neighbor. Another prefix is another "
                 "range.",
         .example = "\"198.51.100.0/24\"",
         .required = true}),
    {{.name = "group",
      .type = "name",
      .default_text = "none",
      .reload = ReloadClass::kLive,
      .help = "As for a neighbor.",
      .example = "\"ix\""},
     read_group_name<RangeDraft>},
    key<RangeDraft, read_number<std::uint32_t>, &RangeDraft::max_neighbors>(
        {.name = "max-neighbors",
         .type = "whole number",
         .min = 1,
         .max = 65534,
         .unit = "sessions",
         .default_text = "1000",
         .reload = ReloadClass::kLive,
         .help = "How many neighbors the range may have at a time.",
         .example = "50"}),
}};

constexpr std::array<Key<GroupDraft>, 1> kGroupKeys = {{
    {{.name = "name",
      .type = "text",
      .reload = ReloadClass::kLive,
      .help = "What neighbors and ranges call it.",
      .example = "\"ix\"",
      .required = true},
     read_group_title},
}};

// A draft that has the settings of the group it names, if any.
SessionDraft of_group(const Reading& reading, const Table& table) {
  const Member* member = table.find("group");
  const std::string* name = member ? member->value.as<std::string>() : nullptr;
  const auto found = name ? reading.groups.find(*name) : reading.groups.end();
  return found == reading.groups.end() ? SessionDraft{} : found->second;
}

}  // namespace

std::span<const Key<NeighborDraft>> neighbor_keys() { return kNeighborKeys; }
std::span<const Key<RangeDraft>> range_keys() { return kRangeKeys; }
std::span<const Key<GroupDraft>> group_keys() { return kGroupKeys; }

void read_group(Reading& reading, const Value& value) {
  GroupDraft draft;
  read_table(reading, *value.as<Table>(), value.place, "[[neighbor-group]]", part(group_keys(), draft),
             part(session_keys(), draft.session));
  if (draft.name.empty()) return;
  if (!reading.groups.emplace(draft.name, std::move(draft.session)).second) {
    reading.error(draft.name_place, "there is another neighbor-group " + in_quotes(draft.name) + " before this one");
  }
}

NeighborDraft read_neighbor(Reading& reading, const Value& value) {
  const Table& table = *value.as<Table>();
  const std::size_t before = reading.errors.size();
  NeighborDraft draft;
  draft.place = value.place;
  draft.session = of_group(reading, table);
  read_table(reading, table, value.place, "[[neighbor]]", part(neighbor_keys(), draft),
             part(session_keys(), draft.session));
  if (draft.address) draft.text = "neighbor " + rib::to_string(*draft.address);
  draft.sound = reading.errors.size() == before && draft.address;
  return draft;
}

RangeDraft read_range(Reading& reading, const Value& value) {
  const Table& table = *value.as<Table>();
  const std::size_t before = reading.errors.size();
  RangeDraft draft;
  draft.place = value.place;
  draft.session = of_group(reading, table);
  read_table(reading, table, value.place, "[[neighbor-range]]", part(range_keys(), draft),
             part(session_keys(), draft.session));
  draft.sound = reading.errors.size() == before && draft.prefix;
  return draft;
}

Place place_of(const SessionDraft& session, std::string_view key, Place otherwise) {
  const auto found = session.given.find(key);
  return found == session.given.end() ? otherwise : found->second;
}

bool is_internal(const SessionSettings& settings, const SpeakerConfig& speaker) {
  return settings.as.front() == settings.local_as.value_or(speaker.as);
}

void fill_in_defaults(SessionDraft& session, rib::Family family, const SpeakerConfig& speaker) {
  SessionSettings& settings = session.settings;
  if (settings.families.empty()) settings.families.add(family);
  const Policy& policy = is_internal(settings, speaker) ? Policy::accept_all() : Policy::reject_all();
  const std::shared_ptr<const Policy> by_default(std::shared_ptr<const Policy>(), &policy);
  if (!settings.import) settings.import = by_default;
  if (!settings.export_) settings.export_ = by_default;
  if (!session.given.contains("send-hold-time")) {
    settings.timers.send_hold = std::max(settings.timers.send_hold, 2 * settings.timers.hold);
  }
}

}  // namespace tw::bgp::config
