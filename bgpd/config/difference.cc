// What changes between two configurations, and what that costs.
#include "bgpd/config/session_keys.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace tw::bgp {

namespace {

using config::changed_keys;
using config::ChangedKey;

ReloadClass gravest(const std::vector<ChangedKey>& keys) {
  ReloadClass worst = ReloadClass::kNothing;
  for (const ChangedKey& key : keys) worst = std::max(worst, key.reload);
  return worst;
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

// Neighbours and ranges by what identifies them, as it stands in the report.
std::map<std::string, const NeighborConfig*> by_name(const std::vector<NeighborConfig>& neighbors) {
  std::map<std::string, const NeighborConfig*> all;
  for (const NeighborConfig& n : neighbors) {
    const bool scoped = n.address.v6 && n.address.is_link_local();
    all["neighbor " + rib::to_string(n.address) + (scoped ? "%" + n.settings.interface : "")] = &n;
  }
  return all;
}
std::map<std::string, const NeighborRange*> by_name(const std::vector<NeighborRange>& ranges) {
  std::map<std::string, const NeighborRange*> all;
  for (const NeighborRange& r : ranges) all["neighbor-range " + rib::to_string(r.prefix)] = &r;
  return all;
}

// Keys that only one of the two kinds has.
void add_own_keys(const NeighborConfig&, const NeighborConfig&, std::vector<std::string>&) {}
void add_own_keys(const NeighborRange& now, const NeighborRange& next, std::vector<std::string>& changed) {
  if (now.max_neighbors != next.max_neighbors) changed.emplace_back("max-neighbors");
}

template <class T>
void describe_sessions(const std::vector<T>& now, const std::vector<T>& next, std::vector<std::string>& lines) {
  const auto before = by_name(now), after = by_name(next);
  for (const auto& [name, old] : before) {
    if (!after.contains(name)) lines.push_back(name + ": removed");
  }
  for (const auto& [name, fresh] : after) {
    const auto old = before.find(name);
    if (old == before.end()) {
      lines.push_back(name + ": added");
      continue;
    }
    const auto keys = changed_keys(old->second->settings, fresh->settings);
    std::vector<std::string> words;
    words.reserve(keys.size() + 1);
    for (const ChangedKey& key : keys) words.emplace_back(key.name);
    add_own_keys(*old->second, *fresh, words);
    if (words.empty()) continue;
    const ReloadClass reload = std::max(gravest(keys), ReloadClass::kLive);
    lines.push_back(name + ": changed " + joined(words) + " (" + std::string(describe(reload)) + ")");
  }
}

// Each originated prefix with what it is announced with.
using Origination = std::pair<std::vector<std::uint32_t>, std::optional<std::uint32_t>>;
std::map<rib::Prefix, Origination> originations(const Config& config) {
  std::map<rib::Prefix, Origination> all;
  for (const Originate& group : config.originate) {
    for (const rib::Prefix& prefix : group.prefixes) all[prefix] = {group.communities, group.med};
  }
  return all;
}

void describe_originated(const Config& now, const Config& next, std::vector<std::string>& lines) {
  const auto before = originations(now), after = originations(next);
  for (const auto& [prefix, with] : before) {
    if (!after.contains(prefix)) lines.push_back("originate " + rib::to_string(prefix) + ": removed");
  }
  for (const auto& [prefix, with] : after) {
    const auto old = before.find(prefix);
    if (old == before.end()) {
      lines.push_back("originate " + rib::to_string(prefix) + ": added");
      continue;
    }
    std::vector<std::string> words;
    if (old->second.first != with.first) words.emplace_back("community");
    if (old->second.second != with.second) words.emplace_back("med");
    if (!words.empty()) lines.push_back("originate " + rib::to_string(prefix) + ": changed " + joined(words));
  }
}

void describe_verify(const VerifyConfig& now, const VerifyConfig& next, std::vector<std::string>& lines) {
  if (now.mode != next.mode) lines.push_back("verify.mode: changed to " + std::string(name(next.mode)));
  if (now.wire != next.wire) {
    lines.push_back("verify.wire: changed to " + (next.wire.empty() ? "nothing" : joined(next.wire)));
  }
  if (now.prove_on_resetting_drivers != next.prove_on_resetting_drivers) {
    lines.push_back(std::string("verify.proof-on-resetting-drivers: changed to ") +
                    (next.prove_on_resetting_drivers ? "true" : "false"));
  }
}

}  // namespace

std::string_view describe(ReloadClass reload) {
  switch (reload) {
    case ReloadClass::kNothing: return "nothing changes";
    case ReloadClass::kLive: return "session stays";
    case ReloadClass::kRefresh: return "session stays, routes are reconsidered";
    case ReloadClass::kReset: return "session is reset";
    case ReloadClass::kRestart: return "needs a restart of the daemon";
  }
  return "";
}

ReloadClass compare(const SessionSettings& now, const SessionSettings& next) {
  return gravest(changed_keys(now, next));
}

bool SessionSettings::operator==(const SessionSettings& other) const {
  return compare(*this, other) == ReloadClass::kNothing;
}

std::vector<std::string> needs_restart(const Config& now, const Config& next) {
  std::vector<std::string> keys;
  const auto add = [&](bool changed, const char* key) {
    if (changed) keys.emplace_back(key);
  };
  add(now.speaker.as != next.speaker.as, "speaker.as");
  add(now.speaker.router_id != next.speaker.router_id, "speaker.router-id");
  add(now.speaker.cluster_id != next.speaker.cluster_id, "speaker.cluster-id");
  add(now.speaker.port != next.speaker.port, "speaker.port");
  add(now.speaker.listen != next.speaker.listen, "speaker.listen");
  add(now.api_listen != next.api_listen, "api.listen");
  add(now.http != next.http, "http.listen");
  const ProbeListener before = now.probe.value_or(ProbeListener{}), after = next.probe.value_or(ProbeListener{});
  add(before.listen != after.listen, "probe.listen");
  add(before.certificate != after.certificate, "probe.certificate");
  add(before.private_key != after.private_key, "probe.private-key");
  add(before.client_ca != after.client_ca, "probe.client-ca");
  return keys;
}

std::vector<std::string> describe_difference(const Config& now, const Config& next) {
  std::vector<std::string> lines;
  for (const std::string& key : needs_restart(now, next)) {
    lines.push_back(key + ": changed (" + std::string(describe(ReloadClass::kRestart)) + ")");
  }
  describe_sessions(now.neighbors, next.neighbors, lines);
  describe_sessions(now.ranges, next.ranges, lines);
  describe_originated(now, next, lines);
  if (now.log_level != next.log_level) lines.push_back("log.level: changed to " + next.log_level);
  if (now.log_json != next.log_json)
    lines.push_back(std::string("log.format: changed to ") + (next.log_json ? "json" : "text"));
  describe_verify(now.verify, next.verify, lines);
  return lines;
}

}  // namespace tw::bgp
