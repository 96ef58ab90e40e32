#include "bgpd/speaker/watches.h"

#include <utility>

namespace tw::bgp {

Control::WatchId Watches::watch_routes(std::optional<rib::Family> family, std::function<void()> wake) {
  const Control::WatchId id = next_++;
  routes_[id].member = fanout_.add_watcher(family, std::move(wake));
  return id;
}

Control::RouteChanges Watches::take_routes(Control::WatchId id, std::size_t limit) {
  Control::RouteChanges out;
  const auto found = routes_.find(id);
  if (found == routes_.end()) return out;
  RouteWatch& watch = found->second;
  const rib::GroupId group = rib_.group_of(watch.member);
  for (const rib::Change& change : rib_.drain(group, limit)) {
    RouteChange told;
    told.prefix = rib_.prefix(change.prefix);
    told.withdrawn = change.now == rib::kNoAttributes;
    if (!told.withdrawn) told.route = queries_.best(change.prefix);
    out.changes.push_back(std::move(told));
  }
  if (!watch.initial_done && !rib_.owes(group)) watch.initial_done = out.initial_done = true;
  return out;
}

Control::WatchId Watches::watch_neighbors(std::function<void()> wake) {
  const Control::WatchId id = next_++;
  neighbors_[id].wake = std::move(wake);
  return id;
}

Control::NeighborEvents Watches::take_neighbors(Control::WatchId id, std::size_t limit) {
  Control::NeighborEvents out;
  const auto found = neighbors_.find(id);
  if (found == neighbors_.end()) return out;
  auto& events = found->second.events;
  while (!events.empty() && out.events.size() < limit) {
    out.events.push_back(std::move(events.front()));
    events.pop_front();
  }
  out.missed = std::exchange(found->second.missed, 0);
  return out;
}

void Watches::end(Control::WatchId id) {
  if (const auto found = routes_.find(id); found != routes_.end()) {
    fanout_.remove_watcher(found->second.member);
    routes_.erase(found);
  }
  neighbors_.erase(id);
}

void Watches::neighbor_event(const NeighborStatus& status, std::string_view text) {
  for (auto& [id, watch] : neighbors_) {
    if (watch.events.size() == kMaxEvents) {
      watch.events.pop_front();
      ++watch.missed;
    }
    watch.events.push_back({std::chrono::system_clock::now(), status, std::string(text)});
    if (watch.events.size() == 1 && watch.wake) watch.wake();
  }
}

}  // namespace tw::bgp
