// The speaker as the API, the HTTP endpoints and the signal handlers see it.
//
// Control is called from any thread: it posts to the routing thread and answers there through the callback it was
// given. Everything it hands out is a value. Post queue bound: kMaxPending; beyond it a call is answered at once with
// kBusy.
#pragma once

#include "bgpd/message/message.h"
#include "bgpd/session/fsm.h"
#include "rib/prefix.h"
#include "rib/rib.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::bgp {

enum class StatusCode : std::uint8_t { kOk, kInvalid, kNotFound, kConflict, kStorage, kBusy };
struct Status {
  StatusCode code = StatusCode::kOk;
  std::string message;  // for people; empty when ok
  bool ok() const { return code == StatusCode::kOk; }
};

struct MessageCounts {
  std::uint64_t open = 0, update = 0, notification = 0, keepalive = 0, route_refresh = 0;
};
struct FamilyCounts {
  rib::Family family;
  std::size_t received = 0, accepted = 0, advertised = 0;
};

struct NeighborStatus {
  rib::IpAddress address;
  std::string interface;  // of a link-local neighbour
  std::string description;
  rib::AsNumber as{}, local_as{};  // as: what it said in OPEN, or what is configured
  bool dynamic = false, passive = false, keyed = false;
  State state = State::kIdle;
  bool admin_down = false;
  std::chrono::system_clock::time_point since;  // of the last change to or from Established
  std::uint32_t router_id = 0;                  // the neighbour's; 0 until known
  std::optional<Negotiated> negotiated;         // while Established
  std::string local_endpoint, remote_endpoint;  // "192.0.2.1:179", while connected
  MessageCounts sent, received;
  std::vector<FamilyCounts> families;  // while Established
  std::uint64_t established_count = 0, flaps = 0;
  std::map<std::string, std::uint64_t> update_faults;  // "treat-as-withdraw ORIGIN" → how often
  std::string last_error;                              // why it is or was down; empty: never was
  std::chrono::system_clock::time_point last_error_at;
  std::optional<std::chrono::milliseconds> retry_in;
  std::size_t send_queue_bytes = 0;
};

enum class Table : std::uint8_t { kLocRib, kAdjRibIn, kAdjRibOut };
struct RouteQuery {
  Table table = Table::kLocRib;
  std::optional<rib::IpAddress> neighbor;  // required for the Adj-RIBs; for kLocRib: only routes learned from it
  std::optional<rib::Family> family;
  std::optional<rib::Prefix> prefix;  // exactly this one …
  bool longer = false;                // … or what it contains, too
};
struct Route {
  rib::Prefix prefix;
  std::uint32_t path_id = 0;
  std::string source;  // neighbour's address, "configuration" or "api"
  rib::SourceKind source_kind = rib::SourceKind::kEbgp;
  std::vector<std::uint8_t> attributes;  // canonical (rib/attribute_store.h)
  bool best = false;
  bool accepted = true;  // by import policy
  bool stale = false;
  std::string decided_by;   // the rung, for best paths
  bool persistent = false;  // API routes
};
struct RoutePage {
  Status status;
  std::vector<Route> routes;
  std::optional<std::uint32_t> next;  // cursor of the next page; nothing: that was all
};

struct RouteChange {
  rib::Prefix prefix;
  bool withdrawn = false;
  std::optional<Route> route;
};
struct NeighborEvent {
  std::chrono::system_clock::time_point at;
  NeighborStatus status;
  std::string text;
};

struct RouteSpec {  // a route to add through the API
  rib::Prefix prefix;
  std::optional<rib::IpAddress> next_hop;  // default: ourselves
  std::vector<std::uint32_t> communities;
  std::vector<std::array<std::uint32_t, 3>> large_communities;
  std::optional<std::uint32_t> med, local_pref;
  std::vector<rib::AsNumber> as_path;  // put behind our own; normally empty
  bool persistent = false;             // survives a restart: on disk before it is acknowledged
};

struct ReloadReport {
  Status status;
  std::vector<std::string> lines;  // what was done, or each error with its place
};

struct Readiness {
  bool ready = false;
  std::vector<std::string> reasons;  // why not, one line each; or what is in order
};

struct SpeakerTotals {
  rib::RibCounts rib;
  rib::RibMemory memory;
  std::size_t attribute_sets = 0;
  std::size_t neighbors = 0, established = 0;
  std::uint64_t connections_accepted = 0, connections_refused = 0;
  std::uint64_t md5_not_found = 0, md5_unexpected = 0, md5_failure = 0;  // since the daemon started
  bool md5_counters_known = false;
  std::size_t control_queue_depth = 0;
  rib::AsNumber as{};
  std::uint32_t router_id = 0;
  std::chrono::system_clock::time_point started;
};

class Control {
 public:
  virtual ~Control() = default;
  static constexpr std::size_t kMaxPending = 1024;

  template <class T>
  using Reply = std::function<void(T)>;  // called once, on the routing thread; must not block

  virtual void list_neighbors(std::optional<rib::IpAddress> only, Reply<std::vector<NeighborStatus>> reply) = 0;
  // At most `limit` routes from `cursor` on (0: the beginning). Stable under change: a route that exists throughout is
  // listed once.
  virtual void list_routes(RouteQuery query, std::uint32_t cursor, std::size_t limit, Reply<RoutePage> reply) = 0;
  virtual void add_routes(std::vector<RouteSpec> routes, Reply<std::vector<Status>> reply) = 0;
  virtual void delete_routes(std::vector<rib::Prefix> prefixes, Reply<std::vector<Status>> reply) = 0;
  virtual void reset_neighbor(rib::IpAddress address, bool soft, std::string text, Reply<Status> reply) = 0;
  virtual void set_admin_state(rib::IpAddress address, bool up, std::string text, Reply<Status> reply) = 0;
  virtual void reload(Reply<ReloadReport> reply) = 0;
  virtual void readiness(Reply<Readiness> reply) = 0;
  virtual void totals(Reply<SpeakerTotals> reply) = 0;

  // Watches are pulled, so that a slow reader costs the speaker a bounded amount: `wake` is called (routing thread)
  // when there is something to take after a take that left nothing; take_… then returns at most `limit`.
  using WatchId = std::uint64_t;
  virtual void watch_routes(std::optional<rib::Family> family, std::function<void()> wake, Reply<WatchId> reply) = 0;
  struct RouteChanges {
    std::vector<RouteChange> changes;
    bool initial_done = false;
  };  // initial_done: all that existed at the start has been told
  virtual void take_route_changes(WatchId id, std::size_t limit, Reply<RouteChanges> reply) = 0;
  // Keeps the last 1024 events per watcher; older ones are dropped and counted in `missed`.
  virtual void watch_neighbors(std::function<void()> wake, Reply<WatchId> reply) = 0;
  struct NeighborEvents {
    std::vector<NeighborEvent> events;
    std::uint64_t missed = 0;
  };
  virtual void take_neighbor_events(WatchId id, std::size_t limit, Reply<NeighborEvents> reply) = 0;
  virtual void end_watch(WatchId id) = 0;
};

}  // namespace tw::bgp
