// Control (control.h) over a running speaker: every call is posted to the routing thread and answered there.
//
// Calls come from any thread. At most kMaxPending wait at a time; beyond that, those whose answer has a Status are
// refused with kBusy at once, and the others wait: each of them belongs to a client that waits for its answer before it
// asks again.
#pragma once

#include "bgpd/speaker/control.h"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <memory>

namespace tw::bgp {

class Speaker;

class ControlServer final : public Control {
 public:
  ControlServer(boost::asio::io_context& io, Speaker& speaker) : io_(io), speaker_(speaker) {}

  void list_neighbors(std::optional<rib::IpAddress> only, Reply<std::vector<NeighborStatus>> reply) override;
  void list_routes(RouteQuery query, std::uint32_t cursor, std::size_t limit, Reply<RoutePage> reply) override;
  void add_routes(std::vector<RouteSpec> routes, Reply<std::vector<Status>> reply) override;
  void delete_routes(std::vector<rib::Prefix> prefixes, Reply<std::vector<Status>> reply) override;
  void reset_neighbor(rib::IpAddress address, bool soft, std::string text, Reply<Status> reply) override;
  void set_admin_state(rib::IpAddress address, bool up, std::string text, Reply<Status> reply) override;
  void reload(Reply<ReloadReport> reply) override;
  void readiness(Reply<Readiness> reply) override;
  void totals(Reply<SpeakerTotals> reply) override;
  void watch_routes(std::optional<rib::Family> family, std::function<void()> wake, Reply<WatchId> reply) override;
  void take_route_changes(WatchId id, std::size_t limit, Reply<RouteChanges> reply) override;
  void watch_neighbors(std::function<void()> wake, Reply<WatchId> reply) override;
  void take_neighbor_events(WatchId id, std::size_t limit, Reply<NeighborEvents> reply) override;
  void end_watch(WatchId id) override;

 private:
  // Runs `call` on the routing thread.
  template <class Call>
  void post(Call call);
  // The same, or answers with `busy` at once.
  template <class T, class Call>
  void post_or(T busy, const Reply<T>& reply, Call call);

  boost::asio::io_context& io_;
  Speaker& speaker_;
  std::atomic<std::size_t> pending_{0};
};

}  // namespace tw::bgp
