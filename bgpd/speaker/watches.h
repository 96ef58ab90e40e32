// Who watches routes and neighbours, and what each has still to be told.
//
// A watcher of routes is a member of an update group without a session (fanout.h): what it has not taken is superseded,
// not queued. A watcher of neighbours has a queue of the last kMaxEvents; older events are dropped and counted. Routing
// thread.
#pragma once

#include "bgpd/speaker/control.h"
#include "bgpd/speaker/fanout.h"
#include "bgpd/speaker/route_queries.h"
#include "rib/rib.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>

namespace tw::bgp {

class Watches {
 public:
  static constexpr std::size_t kMaxEvents = 1024;

  Watches(rib::Rib& rib, Fanout& fanout, const RouteQueries& queries) : rib_(rib), fanout_(fanout), queries_(queries) {}

  Control::WatchId watch_routes(std::optional<rib::Family> family, std::function<void()> wake);
  Control::RouteChanges take_routes(Control::WatchId id, std::size_t limit);
  Control::WatchId watch_neighbors(std::function<void()> wake);
  Control::NeighborEvents take_neighbors(Control::WatchId id, std::size_t limit);
  void end(Control::WatchId id);

  void neighbor_event(const NeighborStatus& status, std::string_view text);

 private:
  struct RouteWatch {
    Fanout::MemberId member = 0;
    bool initial_done = false;
  };
  struct NeighborWatch {
    std::function<void()> wake;
    std::deque<NeighborEvent> events;
    std::uint64_t missed = 0;
  };

  rib::Rib& rib_;
  Fanout& fanout_;
  const RouteQueries& queries_;
  std::unordered_map<Control::WatchId, RouteWatch> routes_;
  std::unordered_map<Control::WatchId, NeighborWatch> neighbors_;
  Control::WatchId next_ = 1;
};

}  // namespace tw::bgp
