// The speaker: the neighbours, the RIB, the listeners and the configuration that ties them together.
//
// Everything here runs on the routing thread, that is in handlers of the io_context given. Other threads go through
// Control (control_server.h).
#pragma once

#include "bgpd/config/config.h"
#include "bgpd/speaker/control.h"
#include "bgpd/speaker/fanout.h"
#include "bgpd/speaker/listeners.h"
#include "bgpd/speaker/local_routes.h"
#include "bgpd/speaker/neighbor.h"
#include "bgpd/speaker/route_queries.h"
#include "bgpd/speaker/signature_monitor.h"
#include "bgpd/speaker/verification.h"
#include "bgpd/speaker/watches.h"
#include "rib/rib.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::bgp {

struct SpeakerPaths {
  std::string config;  // read again by reload()
  std::string state;   // directory of what survives a restart
};

class Speaker {
 public:
  Speaker(boost::asio::io_context& io, Config config, SpeakerPaths paths);
  ~Speaker();

  // Opens the listeners and starts the neighbours. Nothing: done; otherwise one line for people, and nothing runs.
  std::optional<std::string> start();
  // Tells every neighbour, then calls `done` once the connections are closed or have had their time.
  void stop(const std::string& text, std::function<void()> done);
  // Reads the configuration again and applies the difference; an error changes nothing. `reply` comes when new
  // neighbours have been started.
  void reload(std::function<void(ReloadReport)> reply);

  std::vector<NeighborStatus> neighbors(const std::optional<rib::IpAddress>& only) const;
  RoutePage routes(const RouteQuery& query, std::uint32_t cursor, std::size_t limit) const;
  LocalRoutes& local_routes() { return local_; }
  Watches& watches() { return watches_; }
  const Verification& verification() const { return verification_; }
  Status reset(const rib::IpAddress& address, bool soft, const std::string& text);
  Status set_admin_state(const rib::IpAddress& address, bool up, const std::string& text);
  Readiness readiness() const;
  SpeakerTotals totals() const;

 private:
  // What a reload works on, until the last old session is gone.
  struct Reloading;
  static constexpr int kFarewellPolls = 30;  // a tenth of a second each

  Neighbor* find(const rib::IpAddress& address) const;
  std::shared_ptr<Neighbor> make_neighbor(const NeighborName& name, const SessionSettings& settings,
                                          const tcpmd5::PeerSpec& as, bool dynamic);
  bool admit(const Endpoint& from, const tcpmd5::PeerSpec& as, Fd& connection);
  bool admit_from_range(const Endpoint& from, const tcpmd5::PeerSpec& as, Fd& connection);
  void close_sessions(const tcpmd5::PeerSpec& as, const tcpmd5::PeerSpec& within);
  void rekey_sessions(const tcpmd5::PeerSpec& peer, const tcpmd5::Key& key);
  void forget(Neighbor& neighbor);
  void start_neighbor(Neighbor& neighbor);
  void start_those_that_wait();
  void wait_for_farewells(int polls_left);
  void finish_reload(const std::shared_ptr<Reloading>& reloading);
  std::string source_name(rib::PeerId source) const;
  std::string key_problem(const tcpmd5::PeerSpec& peer) const;

  boost::asio::io_context& io_;
  Config config_;
  SpeakerPaths paths_;
  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();

  rib::Rib rib_;
  Fanout fanout_;
  LocalRoutes local_;
  RouteQueries queries_;
  Watches watches_;
  boost::asio::steady_timer farewell_;
  std::function<void()> stopped_;
  NeighborServices services_;
  // The keys in force, by whom they are for; an entry with an empty key: unsigned.
  std::map<tcpmd5::PeerSpec, tcpmd5::Key> keys_;
  std::map<tcpmd5::PeerSpec, std::string> key_errors_;  // whose key could not be loaded at the start
  std::map<NeighborName, std::shared_ptr<Neighbor>> neighbors_;
  Listeners listeners_;
  SignatureMonitor signatures_;
  Verification verification_;
  std::string store_problem_;
  bool reloading_ = false, stopping_ = false;
};

}  // namespace tw::bgp
