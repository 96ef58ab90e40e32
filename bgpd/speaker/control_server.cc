#include "bgpd/speaker/control_server.h"

#include "bgpd/speaker/speaker.h"

#include <boost/asio/post.hpp>

#include <utility>

namespace tw::bgp {
namespace {

Status busy() { return {StatusCode::kBusy, "too many requests are waiting; try again"}; }

}  // namespace

template <class Call>
void ControlServer::post(Call call) {
  ++pending_;
  boost::asio::post(io_, [this, call = std::move(call)]() mutable {
    --pending_;
    call();
  });
}

template <class T, class Call>
void ControlServer::post_or(T busy_answer, const Reply<T>& reply, Call call) {
  if (pending_ >= kMaxPending) return reply(std::move(busy_answer));
  post(std::move(call));
}

void ControlServer::list_neighbors(std::optional<rib::IpAddress> only, Reply<std::vector<NeighborStatus>> reply) {
  post([this, only, reply] { reply(speaker_.neighbors(only)); });
}

void ControlServer::list_routes(RouteQuery query, std::uint32_t cursor, std::size_t limit, Reply<RoutePage> reply) {
  post_or(RoutePage{busy(), {}, {}}, reply,
          [this, query, cursor, limit, reply] { reply(speaker_.routes(query, cursor, limit)); });
}

void ControlServer::add_routes(std::vector<RouteSpec> routes, Reply<std::vector<Status>> reply) {
  post_or(std::vector(routes.size(), busy()), reply,
          [this, routes, reply] { reply(speaker_.local_routes().add(routes)); });
}

void ControlServer::delete_routes(std::vector<rib::Prefix> prefixes, Reply<std::vector<Status>> reply) {
  post_or(std::vector(prefixes.size(), busy()), reply,
          [this, prefixes, reply] { reply(speaker_.local_routes().remove(prefixes)); });
}

void ControlServer::reset_neighbor(rib::IpAddress address, bool soft, std::string text, Reply<Status> reply) {
  post_or(busy(), reply, [this, address, soft, text, reply] { reply(speaker_.reset(address, soft, text)); });
}

void ControlServer::set_admin_state(rib::IpAddress address, bool up, std::string text, Reply<Status> reply) {
  post_or(busy(), reply, [this, address, up, text, reply] { reply(speaker_.set_admin_state(address, up, text)); });
}

void ControlServer::reload(Reply<ReloadReport> reply) {
  post_or(ReloadReport{busy(), {}}, reply, [this, reply] { speaker_.reload(reply); });
}

void ControlServer::readiness(Reply<Readiness> reply) {
  post([this, reply] { reply(speaker_.readiness()); });
}

void ControlServer::totals(Reply<SpeakerTotals> reply) {
  post([this, reply] {
    SpeakerTotals totals = speaker_.totals();
    totals.control_queue_depth = pending_;
    reply(std::move(totals));
  });
}

void ControlServer::watch_routes(std::optional<rib::Family> family, std::function<void()> wake, Reply<WatchId> reply) {
  post([this, family, wake, reply] { reply(speaker_.watches().watch_routes(family, wake)); });
}

void ControlServer::take_route_changes(WatchId id, std::size_t limit, Reply<RouteChanges> reply) {
  post([this, id, limit, reply] { reply(speaker_.watches().take_routes(id, limit)); });
}

void ControlServer::watch_neighbors(std::function<void()> wake, Reply<WatchId> reply) {
  post([this, wake, reply] { reply(speaker_.watches().watch_neighbors(wake)); });
}

void ControlServer::take_neighbor_events(WatchId id, std::size_t limit, Reply<NeighborEvents> reply) {
  post([this, id, limit, reply] { reply(speaker_.watches().take_neighbors(id, limit)); });
}

void ControlServer::end_watch(WatchId id) {
  post([this, id] { speaker_.watches().end(id); });
}

}  // namespace tw::bgp
