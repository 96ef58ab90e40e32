// A speaker without BGP: tables that a test fills, answered on a routing thread of its own, which a test can hold up.
//
// Everything that a test reads or changes while a server uses it goes through locked(). wait_until() waits for a state,
// told by whatever changes it.
#pragma once

#include "bgpd/message/attributes.h"
#include "bgpd/speaker/control.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace tw::api::testing {

class FakeControl final : public bgp::Control {
 public:
  // What it holds and what it was asked; guarded by the mutex.
  struct State {
    std::vector<bgp::NeighborStatus> neighbors;
    bgp::Readiness readiness{.ready = true, .reasons = {}};
    bgp::SpeakerTotals totals;
    bgp::ReloadReport reload_report;
    std::function<bgp::Route(std::uint32_t)> route;  // the i-th route …
    std::uint32_t routes = 0;                        // … of so many
    bgp::Status list_status;
    bgp::Status answer;                          // to reset and admin state, and to each route added or deleted
    std::map<std::string, bgp::Status> answers;  // by prefix; else `answer`

    std::vector<std::string> asked;  // "reset 192.0.2.1 soft: text"
    std::vector<bgp::RouteSpec> added;
    std::optional<bgp::RouteQuery> query;
    int readiness_asked = 0;
    std::uint32_t pages_asked = 0;

    struct Watch {
      std::function<void()> wake;
      std::deque<bgp::RouteChange> changes;
      bool initial_done = false, initial_told = false;
      std::deque<bgp::NeighborEvent> events;
      std::uint64_t missed = 0;
    };
    std::map<WatchId, Watch> watches;
    WatchId next_watch = 1;  // 0: watches are refused
    int watches_ended = 0;
    std::vector<bgp::RouteChange> initial;  // what a route watch begins with
  };

  FakeControl() : thread_([this] { run(); }) {}
  ~FakeControl() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  template <class F>
  auto locked(F f) {
    const std::lock_guard lock(mutex_);
    struct Notify {
      std::condition_variable& changed;
      ~Notify() { changed.notify_all(); }
    } notify{changed_};
    return f(state_);
  }
  // Waits until `f(state)` holds; false: it did not within half a minute.
  template <class F>
  bool wait_until(F f) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return f(state_); });
  }
  // Answers are held up …
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  // … and given again.
  void release() {
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
    }
    changed_.notify_all();
  }
  bool wait_until_waiting(std::size_t questions) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return tasks_.size() >= questions; });
  }

  void publish(const bgp::RouteChange& change) {
    on_routing_thread([this, change] { each_watch([&](State::Watch& w) { w.changes.push_back(change); }); });
  }
  void publish(const bgp::NeighborEvent& event, std::uint64_t missed = 0) {
    on_routing_thread([this, event, missed] {
      each_watch([&](State::Watch& w) {
        w.events.push_back(event);
        w.missed += missed;
      });
    });
  }

  void list_neighbors(std::optional<rib::IpAddress> only, Reply<std::vector<bgp::NeighborStatus>> reply) override {
    on_routing_thread([this, only, reply] {
      auto neighbors = locked([](State& s) { return s.neighbors; });
      if (only) std::erase_if(neighbors, [&](const auto& n) { return n.address != *only; });
      reply(std::move(neighbors));
    });
  }
  void list_routes(bgp::RouteQuery query, std::uint32_t cursor, std::size_t limit,
                   Reply<bgp::RoutePage> reply) override {
    on_routing_thread([this, query, cursor, limit, reply] {
      reply(locked([&](State& s) {
        s.query = query;
        s.pages_asked++;
        bgp::RoutePage page{.status = s.list_status, .routes = {}, .next = {}};
        if (!page.status.ok()) return page;
        std::uint32_t i = cursor;
        for (; i < s.routes && page.routes.size() < limit; i++) page.routes.push_back(s.route(i));
        if (i < s.routes) page.next = i;
        return page;
      }));
    });
  }
  void add_routes(std::vector<bgp::RouteSpec> routes, Reply<std::vector<bgp::Status>> reply) override {
    on_routing_thread([this, routes, reply] {
      reply(locked([&](State& s) {
        std::vector<bgp::Status> statuses;
        for (const auto& route : routes) statuses.push_back(answer_for(s, route.prefix));
        s.added = routes;
        return statuses;
      }));
    });
  }
  void delete_routes(std::vector<rib::Prefix> prefixes, Reply<std::vector<bgp::Status>> reply) override {
    on_routing_thread([this, prefixes, reply] {
      reply(locked([&](State& s) {
        std::vector<bgp::Status> statuses;
        for (const auto& prefix : prefixes) statuses.push_back(answer_for(s, prefix));
        return statuses;
      }));
    });
  }
  void reset_neighbor(rib::IpAddress address, bool soft, std::string text, Reply<bgp::Status> reply) override {
    answer("reset " + rib::to_string(address) + (soft ? " soft: " : " hard: ") + text, reply);
  }
  void set_admin_state(rib::IpAddress address, bool up, std::string text, Reply<bgp::Status> reply) override {
    answer(std::string(up ? "enable " : "shutdown ") + rib::to_string(address) + ": " + text, reply);
  }
  void reload(Reply<bgp::ReloadReport> reply) override {
    on_routing_thread([this, reply] { reply(locked([](State& s) { return s.reload_report; })); });
  }
  void readiness(Reply<bgp::Readiness> reply) override {
    locked([](State& s) { s.readiness_asked++; });
    on_routing_thread([this, reply] { reply(locked([](State& s) { return s.readiness; })); });
  }
  void totals(Reply<bgp::SpeakerTotals> reply) override {
    on_routing_thread([this, reply] { reply(locked([](State& s) { return s.totals; })); });
  }
  void watch_routes(std::optional<rib::Family>, std::function<void()> wake, Reply<WatchId> reply) override {
    on_routing_thread([this, wake, reply] { reply(open_watch(wake)); });
  }
  void watch_neighbors(std::function<void()> wake, Reply<WatchId> reply) override {
    on_routing_thread([this, wake, reply] { reply(open_watch(wake)); });
  }
  void take_route_changes(WatchId id, std::size_t limit, Reply<RouteChanges> reply) override {
    on_routing_thread([this, id, limit, reply] {
      reply(locked([&](State& s) {
        RouteChanges out;
        const auto found = s.watches.find(id);
        if (found == s.watches.end()) return out;
        State::Watch& watch = found->second;
        while (!watch.changes.empty() && out.changes.size() < limit) {
          out.changes.push_back(std::move(watch.changes.front()));
          watch.changes.pop_front();
        }
        if (watch.changes.empty() && !std::exchange(watch.initial_told, true)) out.initial_done = true;
        return out;
      }));
    });
  }
  void take_neighbor_events(WatchId id, std::size_t limit, Reply<NeighborEvents> reply) override {
    on_routing_thread([this, id, limit, reply] {
      reply(locked([&](State& s) {
        NeighborEvents out;
        const auto found = s.watches.find(id);
        if (found == s.watches.end()) return out;
        State::Watch& watch = found->second;
        while (!watch.events.empty() && out.events.size() < limit) {
          out.events.push_back(std::move(watch.events.front()));
          watch.events.pop_front();
        }
        out.missed = std::exchange(watch.missed, 0);
        return out;
      }));
    });
  }
  void end_watch(WatchId id) override {
    on_routing_thread(
        [this, id] { locked([&](State& s) { s.watches_ended += static_cast<int>(s.watches.erase(id)); }); });
  }

 private:
  static bgp::Status answer_for(const State& s, const rib::Prefix& prefix) {
    const auto found = s.answers.find(rib::to_string(prefix));
    return found == s.answers.end() ? s.answer : found->second;
  }
  void answer(const std::string& asked, const Reply<bgp::Status>& reply) {
    on_routing_thread([this, asked, reply] {
      reply(locked([&](State& s) {
        s.asked.push_back(asked);
        return s.answer;
      }));
    });
  }
  WatchId open_watch(const std::function<void()>& wake) {
    return locked([&](State& s) -> WatchId {
      if (s.next_watch == 0) return 0;
      const WatchId id = s.next_watch++;
      s.watches[id].wake = wake;
      s.watches[id].changes.assign(s.initial.begin(), s.initial.end());
      return id;
    });
  }
  // Changes every watch, and wakes those that had nothing.
  template <class F>
  void each_watch(F f) {
    std::vector<std::function<void()>> wakes;
    locked([&](State& s) {
      for (auto& [id, watch] : s.watches) {
        const bool idle = watch.changes.empty() && watch.events.empty();
        f(watch);
        if (idle) wakes.push_back(watch.wake);
      }
    });
    for (const auto& wake : wakes) wake();
  }
  void on_routing_thread(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_all();
  }
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return over_ || (!held_ && !tasks_.empty()); });
      if (over_) return;
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_;
  std::deque<std::function<void()>> tasks_;
  bool held_ = false;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace tw::api::testing
