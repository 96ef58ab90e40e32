// From the document to the Config: tables are read in the order in which they refer to each other.
#include "bgpd/config/top_level.h"

#include "bgpd/config/cross_checks.h"
#include "bgpd/config/neighbor_keys.h"
#include "bgpd/config/policy_keys.h"
#include "bgpd/config/probe_keys.h"
#include "bgpd/config/session_keys.h"
#include "bgpd/config/speaker_keys.h"
#include "bgpd/config/values.h"
#include "bgpd/config/verify_keys.h"

#include <array>
#include <iterator>
#include <utility>

namespace tw::bgp::config {

namespace {

void one_table(Reading& reading, const KeyInfo& key, const Value& value, const Value*& out) {
  const std::string name(key.name);
  if (value.as<Table>()) {
    out = &value;
  } else if (value.as<Values>()) {
    reading.error(value.place, "there is one " + name + ": write [" + name + "] in single brackets");
  } else {
    wrong_type(reading, key, value, "a table: [" + name + "]");
  }
}

void many_tables(Reading& reading, const KeyInfo& key, const Value& value, std::vector<const Value*>& out) {
  const std::string header = "[[" + std::string(key.name) + "]]";
  const Values* items = value.as<Values>();
  if (!items) {
    return reading.error(value.place, "there may be several of these: write " + header + " in double brackets");
  }
  for (const Value& item : *items) {
    if (item.as<Table>()) {
      out.push_back(&item);
    } else {
      wrong_type(reading, key, item, "made of tables: " + header);
    }
  }
}

using O = Outline;

constexpr std::array<Key<O>, 13> kTopLevelKeys = {{
    key<O, one_table, &O::speaker>({.name = "speaker", .type = "table", .help = "Who we are.", .required = true}),
    key<O, many_tables, &O::neighbors>({.name = "neighbor", .type = "tables", .help = "A neighbor, by its address."}),
    key<O, many_tables, &O::groups>(
        {.name = "neighbor-group", .type = "tables", .help = "Settings that neighbors and ranges share."}),
    key<O, many_tables, &O::ranges>(
        {.name = "neighbor-range", .type = "tables", .help = "Neighbors accepted from a prefix."}),
    key<O, many_tables, &O::prefix_lists>(
        {.name = "prefix-list", .type = "tables", .help = "A named list of prefixes."}),
    key<O, many_tables, &O::policies>(
        {.name = "policy", .type = "tables", .help = "Which routes pass, and how changed."}),
    key<O, many_tables, &O::originate>({.name = "originate", .type = "tables", .help = "Prefixes announced as ours."}),
    key<O, one_table, &O::api>({.name = "api", .type = "table", .help = "The gRPC API."}),
    key<O, one_table, &O::http>({.name = "http", .type = "table", .help = "Health and metrics over HTTP."}),
    key<O, one_table, &O::log>({.name = "log", .type = "table", .help = "What is logged, and how."}),
    key<O, one_table, &O::verify>({.name = "verify", .type = "table", .help = "Watching our own signed segments."}),
    key<O, one_table, &O::probe>({.name = "probe", .type = "table", .help = "Where remote probes connect."}),
    {{.name = "check", .type = "tables", .help = "Health checks that routes depend on.", .supported = false}, nullptr},
}};

template <class Keys, class Draft>
void read_optional_table(Reading& reading, const Value* value, std::string_view section, const Keys& keys,
                         Draft& draft) {
  if (value) read_table(reading, *value->as<Table>(), value->place, section, part(keys, draft));
}

const Value* wire_of(const Outline& outline) {
  const Member* const wire = outline.verify ? outline.verify->as<Table>()->find("wire") : nullptr;
  return wire ? &wire->value : nullptr;
}

std::vector<Originate> read_originate(Reading& reading, const Outline& outline) {
  std::vector<Originate> all;
  std::map<rib::Prefix, Place> seen;
  for (const Value* value : outline.originate) {
    OriginateDraft draft;
    read_optional_table(reading, value, "[[originate]]", originate_keys(), draft);
    for (const auto& [prefix, place] : draft.prefixes) {
      const auto [first, is_new] = seen.try_emplace(prefix, place);
      if (!is_new) {
        reading.error(place,
                      rib::to_string(prefix) + " is originated already, in line " + std::to_string(first->second.line));
      }
      draft.originate.prefixes.push_back(prefix);
    }
    all.push_back(std::move(draft.originate));
  }
  return all;
}

// Reads, checks and, if nothing is wrong with them, completes one kind of neighbours.
template <auto Read, auto Check>
auto read_all(Reading& reading, const SpeakerConfig& speaker, const std::vector<const Value*>& values) {
  std::vector<decltype(Read(reading, *values.front()))> all;
  for (const Value* value : values) {
    all.push_back(Read(reading, *value));
    if (all.back().sound) Check(reading, speaker, all.back());
  }
  return all;
}

}  // namespace

std::span<const Key<Outline>> top_level_keys() { return kTopLevelKeys; }

Config read_document(Reading& reading, const Table& document) {
  Outline outline;
  read_table(reading, document, {}, "", part(kTopLevelKeys, outline));

  Config config;
  SpeakerDraft speaker;
  read_optional_table(reading, outline.speaker, "[speaker]", speaker_keys(), speaker);
  read_optional_table(reading, outline.api, "[api]", api_keys(), config);
  read_optional_table(reading, outline.http, "[http]", http_keys(), config);
  read_optional_table(reading, outline.log, "[log]", log_keys(), config);
  if (outline.verify) config.verify = read_verify(reading, *outline.verify);
  if (outline.probe) config.probe = read_probe(reading, *outline.probe);
  check_probes(reading, config.verify, wire_of(outline), outline.probe);
  config.speaker = speaker.speaker;
  config.originate = read_originate(reading, outline);
  for (const Value* value : outline.prefix_lists) read_prefix_list(reading, *value);
  for (const Value* value : outline.policies) read_policy(reading, *value);
  for (const Value* value : outline.groups) read_group(reading, *value);
  auto neighbors = read_all<read_neighbor, check_neighbor>(reading, config.speaker, outline.neighbors);
  auto ranges = read_all<read_range, check_range>(reading, config.speaker, outline.ranges);
  check_together(reading, neighbors, ranges);
  if (!reading.errors.empty()) return config;

  for (NeighborDraft& n : neighbors) {
    fill_in_defaults(n.session, n.address->v6 ? rib::Family::kIpv6Unicast : rib::Family::kIpv4Unicast, config.speaker);
    config.neighbors.push_back({*n.address, n.session.settings});
  }
  for (RangeDraft& range : ranges) {
    fill_in_defaults(range.session, range.prefix->family, config.speaker);
    config.ranges.push_back({*range.prefix, range.max_neighbors, range.session.settings});
  }
  warn_of_silence(reading, config.speaker, neighbors, ranges, config.originate);
  return config;
}

}  // namespace tw::bgp::config
