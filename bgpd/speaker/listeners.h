// The listening sockets, the keys on them, and who is let in.
//
// What is decided about keys is decided in tcpmd5::ListenerKeys; this carries it out. One socket per address listened
// on, for as long as the process lives: the kernel signs what it sends for closed connections only with a keyed
// listener's help. Routing thread.
#pragma once

#include "bgpd/speaker/endpoint.h"
#include "bgpd/speaker/log.h"
#include "bgpd/speaker/socket_options.h"
#include "tcpmd5/listener_keys.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::bgp {

struct ListenerEvents {
  // A connection of somebody who may be admitted as `as`; whether it is taken. Not taken, it is closed.
  std::function<bool(const Endpoint& from, const tcpmd5::PeerSpec& as, Fd& connection)> admit;
  std::function<void(const tcpmd5::PeerSpec& as, const tcpmd5::PeerSpec& within)> close_sessions;
  std::function<void(const tcpmd5::PeerSpec& peer, const tcpmd5::Key& key)> rekey_sessions;
  std::function<void()> keys_settled;  // some may be in force now that were not before
};

class Listeners {
 public:
  Listeners(boost::asio::io_context& io, ListenerEvents events);
  ~Listeners();

  // Binds, keys and then listens. Addresses empty: any, of both families (a host without IPv6 does without it).
  // Nothing: done; otherwise one line for people, and nothing listens.
  std::optional<std::string> open(const std::vector<rib::IpAddress>& addresses, std::uint16_t port,
                                  const std::vector<tcpmd5::WantedKey>& keys);
  // The whole table of keys from now on.
  void want(const std::vector<tcpmd5::WantedKey>& keys);
  // Why nobody is admitted as `peer`; nothing: no reason.
  std::optional<std::string> problem(const tcpmd5::PeerSpec& peer) const { return keys_.problem(peer); }

  // Whether the listeners hold what they need to answer this neighbour's late segments.
  bool may_connect(const tcpmd5::PeerSpec& peer) const { return keys_.may_connect(peer); }

  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t refused() const { return refused_; }

 private:
  struct Listener;
  void carry_out(const tcpmd5::KeyActions& actions);
  void drain_queues();
  void accept_from(Listener& listener);
  void wait(const std::shared_ptr<Listener>& listener);
  void judge(Fd connection, const Endpoint& from);
  void refuse(const Endpoint& from, std::string_view why);
  void arm_timer();
  template <class Call>
  std::optional<std::string> on_each(bool v6, Call call);

  boost::asio::io_context& io_;
  ListenerEvents events_;
  tcpmd5::ListenerKeys keys_;
  boost::asio::steady_timer timer_, drain_again_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::uint16_t port_ = 0;
  std::uint64_t accepted_ = 0, refused_ = 0;
  log::Throttle stranger_log_;
};

}  // namespace tw::bgp
