#include "bgpd/speaker/speaker.h"

#include "bgpd/speaker/key_table.h"

#include <boost/asio/post.hpp>

#include <net/if.h>

#include <algorithm>
#include <utility>

namespace tw::bgp {

using log::Level;

Speaker::Speaker(boost::asio::io_context& io, Config config, SpeakerPaths paths)
    : io_(io),
      config_(std::move(config)),
      paths_(std::move(paths)),
      fanout_(io, rib_),
      local_(rib_),
      queries_(rib_, local_, [this](rib::PeerId id) { return source_name(id); }),
      watches_(rib_, fanout_, queries_),
      farewell_(io),
      services_{io, rib_, fanout_,
                [this](Neighbor& n, std::string_view what) {
                  watches_.neighbor_event(n.status(), what);
                  verification_.sessions_changed();
                },
                [this](Neighbor& n) { forget(n); }},
      listeners_(io,
                 {[this](const Endpoint& from, const tcpmd5::PeerSpec& as, Fd& fd) { return admit(from, as, fd); },
                  [this](const tcpmd5::PeerSpec& as, const tcpmd5::PeerSpec& within) { close_sessions(as, within); },
                  [this](const tcpmd5::PeerSpec& peer, const tcpmd5::Key& key) { rekey_sessions(peer, key); },
                  [this] { start_those_that_wait(); }}),
      signatures_(
          io,
          [this] {
            SignatureMonitor::Suspects out;
            out.unexpected_told = verification_.told_of_unexpected();
            for (const auto& [name, neighbor] : neighbors_)
              if (!neighbor->established())
                (neighbor->key().empty() ? out.unkeyed : out.keyed).push_back(to_string(name));
            return out;
          },
          [this](const std::string& who, const std::string& line) {
            for (const auto& [name, neighbor] : neighbors_)
              if (to_string(name) == who) neighbor->note_refused_signatures(line);
          }),
      verification_(io, config_.verify, paths_.state, neighbors_) {}

Speaker::~Speaker() = default;

std::optional<std::string> Speaker::start() {
  KeyTable table = load_keys(config_);
  keys_ = table.keys;
  key_errors_ = table.errors;
  verification_.keys_changed(keys_);
  for (const NeighborConfig& entry : config_.neighbors) {
    const NeighborName name = name_of(entry);
    neighbors_.emplace(name, make_neighbor(name, entry.settings, peer_spec(entry.address), false));
  }
  if (const auto error = listeners_.open(config_.speaker.listen, config_.speaker.port, table.wanted())) return error;
  if (const auto error = local_.restore(paths_.state)) {
    store_problem_ = *error;
    log::line(Level::kError, "state", {}, "{}", *error);
  }
  local_.originate(config_.originate);
  signatures_.start();
  verification_.wait_until_ready();
  for (const auto& range : config_.ranges)
    if (const auto it = key_errors_.find(peer_spec(range.prefix)); it != key_errors_.end())
      log::line(Level::kError, "held-down", rib::to_string(range.prefix), "{}; nobody is accepted from it", it->second);
  for (const auto& [name, neighbor] : neighbors_) start_neighbor(*neighbor);
  return std::nullopt;
}

std::string Speaker::key_problem(const tcpmd5::PeerSpec& peer) const {
  if (const auto it = key_errors_.find(peer); it != key_errors_.end()) return it->second;
  return listeners_.problem(peer).value_or("");
}

// Never unsigned for want of a key: what cannot be keyed stays down.
void Speaker::start_neighbor(Neighbor& neighbor) {
  const std::string problem = key_problem(neighbor.admitted_as());
  if (!problem.empty())
    neighbor.hold_down(problem);
  else if (!listeners_.may_connect(neighbor.admitted_as()))
    neighbor.hold_down("its MD5 key is not in force yet");
  else
    neighbor.start();
}

void Speaker::start_those_that_wait() {
  for (const auto& [name, neighbor] : std::map(neighbors_))
    if (neighbor->held_down() && key_problem(neighbor->admitted_as()).empty() &&
        listeners_.may_connect(neighbor->admitted_as()))
      neighbor->start();
}

std::shared_ptr<Neighbor> Speaker::make_neighbor(const NeighborName& name, const SessionSettings& settings,
                                                 const tcpmd5::PeerSpec& as, bool dynamic) {
  const auto key = keys_.find(as);
  return std::make_shared<Neighbor>(services_, name, settings, config_.speaker,
                                    key == keys_.end() ? tcpmd5::Key() : key->second, as, dynamic);
}

void Speaker::stop(const std::string& text, std::function<void()> done) {
  stopping_ = true;
  for (const auto& [name, neighbor] : std::map(neighbors_)) neighbor->stop(cease::kAdministrativeShutdown, text);
  stopped_ = std::move(done);
  wait_for_farewells(kFarewellPolls);
}

// Connections say goodbye by themselves; this only waits for them, and no longer than they may take.
void Speaker::wait_for_farewells(int polls_left) {
  const bool closed =
      std::all_of(neighbors_.begin(), neighbors_.end(), [](const auto& entry) { return !entry.second->closing(); });
  if (closed || polls_left == 0) return stopped_();
  farewell_.expires_after(std::chrono::milliseconds(100));
  farewell_.async_wait([this, polls_left](const boost::system::error_code& error) {
    if (!error) wait_for_farewells(polls_left - 1);
  });
}

// --- who connects ----------------------------------------------------------------------------------------------------

bool Speaker::admit(const Endpoint& from, const tcpmd5::PeerSpec& as, Fd& connection) {
  if (stopping_) return false;
  NeighborName name{from.address, {}};
  if (from.address.v6 && from.address.is_link_local()) {
    char interface[IF_NAMESIZE];
    if (::if_indextoname(from.scope, interface) == nullptr) return false;
    name.interface = interface;
  }
  const auto known = neighbors_.find(name);
  if (known != neighbors_.end()) {
    if (known->second->admitted_as() != as) return false;  // its own key is not in force
    known->second->accept(std::move(connection));
    return true;
  }
  return admit_from_range(from, as, connection);
}

bool Speaker::admit_from_range(const Endpoint& from, const tcpmd5::PeerSpec& as, Fd& connection) {
  for (const NeighborRange& range : config_.ranges) {
    if (peer_spec(range.prefix) != as || range.settings.shutdown) continue;
    const auto used =
        static_cast<std::uint32_t>(std::count_if(neighbors_.begin(), neighbors_.end(), [&](const auto& entry) {
          return entry.second->dynamic() && entry.second->admitted_as() == as;
        }));
    if (used >= range.max_neighbors || from.address.is_link_local()) return false;
    const NeighborName name{from.address, {}};
    const auto neighbor = make_neighbor(name, range.settings, as, true);
    neighbors_.emplace(name, neighbor);
    neighbor->start();
    neighbor->accept(std::move(connection));
    return true;
  }
  return false;
}

void Speaker::forget(Neighbor& neighbor) {
  boost::asio::post(io_, [this, name = neighbor.name()] {
    const auto found = neighbors_.find(name);
    if (found != neighbors_.end() && found->second->dynamic() && found->second->idle()) neighbors_.erase(found);
  });
}

// Their key changes hands, or the kernel refused it.
void Speaker::close_sessions(const tcpmd5::PeerSpec& as, const tcpmd5::PeerSpec& within) {
  const auto range = rib::make_prefix(from_asio(within.address), within.prefix_length);
  for (const auto& [name, neighbor] : std::map(neighbors_)) {
    if (neighbor->admitted_as() != as || !range.contains(name.address)) continue;
    if (neighbor->dynamic()) {
      neighbor->stop(cease::kPeerDeconfigured, {});
      neighbors_.erase(name);
    } else if (!neighbor->awaits_start()) {  // else a reload has ended it already, and will start it
      const std::string problem = key_problem(as);
      neighbor->hold_down(problem.empty() ? "its MD5 key is not in force yet" : problem);
    }
  }
}

void Speaker::rekey_sessions(const tcpmd5::PeerSpec& peer, const tcpmd5::Key& key) {
  for (const auto& [name, neighbor] : std::map(neighbors_))
    if (neighbor->admitted_as() == peer) neighbor->rekey(key);
}

// --- questions and orders --------------------------------------------------------------------------------------------

Neighbor* Speaker::find(const rib::IpAddress& address) const {
  const auto found = neighbors_.lower_bound({address, {}});
  return found != neighbors_.end() && found->first.address == address ? found->second.get() : nullptr;
}

std::string Speaker::source_name(rib::PeerId source) const {
  if (source == local_.configured()) return "configuration";
  if (source == local_.added()) return "api";
  return rib::to_string(rib_.source(source).address);
}

std::vector<NeighborStatus> Speaker::neighbors(const std::optional<rib::IpAddress>& only) const {
  std::vector<NeighborStatus> out;
  for (const auto& [name, neighbor] : neighbors_)
    if (!only || *only == name.address) out.push_back(neighbor->status());
  return out;
}

RoutePage Speaker::routes(const RouteQuery& query, std::uint32_t cursor, std::size_t limit) const {
  return queries_.list(query, query.neighbor ? find(*query.neighbor) : nullptr, cursor, limit);
}

Status Speaker::reset(const rib::IpAddress& address, bool soft, const std::string& text) {
  Neighbor* neighbor = find(address);
  if (!neighbor) return {StatusCode::kNotFound, "there is no neighbour " + rib::to_string(address)};
  if (soft && !neighbor->established())
    return {StatusCode::kConflict, "neighbour " + rib::to_string(address) + " is not Established; nothing to refresh"};
  if (soft)
    neighbor->refresh();
  else
    neighbor->reset(text);
  return {};
}

Status Speaker::set_admin_state(const rib::IpAddress& address, bool up, const std::string& text) {
  Neighbor* neighbor = find(address);
  if (!neighbor) return {StatusCode::kNotFound, "there is no neighbour " + rib::to_string(address)};
  if (up) {
    const std::string problem = key_problem(neighbor->admitted_as());
    if (!problem.empty()) return {StatusCode::kConflict, problem};
  }
  neighbor->set_admin_state(up, text);
  return {};
}

Readiness Speaker::readiness() const {
  Readiness out;
  std::size_t up = 0, wanted = 0;
  for (const auto& [name, neighbor] : neighbors_) {
    if (neighbor->dynamic() || neighbor->settings().shutdown) {
      up += neighbor->established() ? 1 : 0;
      continue;
    }
    ++wanted;
    if (neighbor->established()) {
      ++up;
      if (!neighbor->initial_sent())
        out.reasons.push_back(fmt::format("neighbor {}: the table is still being sent", to_string(name)));
      continue;
    }
    const NeighborStatus status = neighbor->status();
    out.reasons.push_back(fmt::format("neighbor {}: {}{}{}", to_string(name), tw::bgp::name(status.state),
                                      status.last_error.empty() ? "" : ": ", status.last_error));
  }
  if (stopping_) out.reasons.insert(out.reasons.begin(), "shutting down");
  // One neighbour that hears us is what an anycast node needs to be of use; one that is down is told, but no reason to
  // give up.
  out.ready = !stopping_ && (up > 0 || (wanted == 0 && config_.ranges.empty()));
  if (!store_problem_.empty()) out.reasons.push_back(store_problem_);
  out.reasons.insert(out.reasons.begin(), fmt::format("{} of {} neighbours Established", up, std::max(wanted, up)));
  return out;
}

SpeakerTotals Speaker::totals() const {
  SpeakerTotals out;
  out.rib = rib_.counts();
  out.memory = rib_.memory();
  out.attribute_sets = rib_.attributes().size();
  out.neighbors = neighbors_.size();
  for (const auto& [name, neighbor] : neighbors_) out.established += neighbor->established() ? 1 : 0;
  out.connections_accepted = listeners_.accepted();
  out.connections_refused = listeners_.refused();
  if (const auto counters = signatures_.since_start()) {
    out.md5_counters_known = true;
    out.md5_not_found = counters->not_found;
    out.md5_unexpected = counters->unexpected;
    out.md5_failure = counters->failure;
  }
  out.as = config_.speaker.as;
  out.router_id = config_.speaker.router_id;
  out.started = started_;
  return out;
}

}  // namespace tw::bgp
