// Applying another configuration to a running speaker: only what the difference names is touched.
#include "bgpd/speaker/key_table.h"
#include "bgpd/speaker/speaker.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace tw::bgp {

using log::Level;

struct Speaker::Reloading {
  Config next;
  KeyTable table;
  ReloadReport report;
  int pending = 1;  // old sessions that are still closing, and one for reload() itself
  std::function<void(ReloadReport)> reply;
};

namespace {

ReloadReport refused(std::vector<std::string> lines) {
  for (const std::string& line : lines) log::line(Level::kError, "reload-refused", {}, "{}", line);
  return {{StatusCode::kInvalid, "the configuration is not changed"}, std::move(lines)};
}

std::vector<std::string> unloadable(const KeyTable& table) {
  std::vector<std::string> lines;
  for (const auto& [peer, error] : table.errors) lines.push_back(fmt::format("{}: {}", tcpmd5::to_string(peer), error));
  return lines;
}

}  // namespace

void Speaker::reload(std::function<void(ReloadReport)> reply) {
  if (reloading_ || stopping_)
    return reply({{StatusCode::kConflict, stopping_ ? "shutting down" : "a reload is under way"}, {}});
  auto loaded = load_config(paths_.config);
  if (!loaded) {
    std::vector<std::string> lines;
    for (const ConfigError& error : loaded.error()) lines.push_back(error.text());
    return reply(refused(std::move(lines)));
  }
  KeyTable table = load_keys(*loaded);
  if (!table.errors.empty()) return reply(refused(unloadable(table)));
  if (const auto keys = needs_restart(config_, *loaded); !keys.empty())
    return reply(refused({fmt::format("{} can only change with a restart", fmt::join(keys, ", "))}));

  const auto reloading = std::make_shared<Reloading>();
  reloading->report.lines = describe_difference(config_, *loaded);
  reloading->next = std::move(*loaded);
  reloading->table = std::move(table);
  reloading->reply = std::move(reply);
  reloading_ = true;

  const auto one_less = [this, reloading] {
    if (--reloading->pending == 0) finish_reload(reloading);
  };
  std::map<NeighborName, const NeighborConfig*> wanted;
  for (const NeighborConfig& entry : reloading->next.neighbors) wanted.emplace(name_of(entry), &entry);
  for (const auto& [name, neighbor] : std::map(neighbors_)) {
    const auto found = wanted.find(name);
    if (found != wanted.end() && !neighbor->dynamic()) {
      ++reloading->pending;
      neighbor->reconfigure(found->second->settings, reloading->next.speaker,
                            reloading->table.keys.at(neighbor->admitted_as()), one_less);
      continue;
    }
    const auto range = std::find_if(reloading->next.ranges.begin(), reloading->next.ranges.end(),
                                    [&](const auto& r) { return peer_spec(r.prefix) == neighbor->admitted_as(); });
    if (neighbor->dynamic() && found == wanted.end() && range != reloading->next.ranges.end() &&
        neighbor->key().empty() == reloading->table.keys.at(neighbor->admitted_as()).empty()) {
      ++reloading->pending;
      neighbor->reconfigure(range->settings, reloading->next.speaker, reloading->table.keys.at(neighbor->admitted_as()),
                            one_less);
      continue;
    }
    ++reloading->pending;
    neighbors_.erase(name);
    neighbor->stop(cease::kPeerDeconfigured, {});
    neighbor->when_closed(one_less);
  }
  one_less();
}

// Nothing is left of the sessions that ended: the keys may change, and what is new may begin.
void Speaker::finish_reload(const std::shared_ptr<Reloading>& reloading) {
  reloading_ = false;
  if (stopping_) return reloading->reply({{StatusCode::kConflict, "shutting down"}, {}});
  config_ = std::move(reloading->next);
  keys_ = reloading->table.keys;
  key_errors_.clear();
  verification_.reconfigure(config_.verify);
  verification_.keys_changed(keys_);
  log::configure(log::level_named(config_.log_level), config_.log_json);
  listeners_.want(reloading->table.wanted());
  local_.originate(config_.originate);
  for (const NeighborConfig& entry : config_.neighbors) {
    const NeighborName name = name_of(entry);
    if (neighbors_.contains(name)) continue;
    const auto neighbor = make_neighbor(name, entry.settings, peer_spec(entry.address), false);
    neighbors_.emplace(name, neighbor);
    start_neighbor(*neighbor);
  }
  for (const auto& [name, neighbor] : std::map(neighbors_))
    if (neighbor->awaits_start() || neighbor->held_down()) start_neighbor(*neighbor);
  for (const std::string& line : reloading->report.lines) log::line(Level::kInfo, "reload", {}, "{}", line);
  log::line(Level::kInfo, "reload", {}, "{} is in force", paths_.config);
  reloading->reply(std::move(reloading->report));
}

}  // namespace tw::bgp
