// One neighbour: carries out what its session machine (bgpd/session/fsm.h) decides, and keeps what people ask about it.
//
// The driver half of the pair: sockets, the timer, and the Established session's two ends (Importer and Fanout). What
// is decided is decided in the machine. Routing thread. Always held by shared_ptr: handlers in flight keep it alive
// until they return.
#pragma once

#include "bgpd/config/config.h"
#include "bgpd/session/fsm.h"
#include "bgpd/speaker/control.h"
#include "bgpd/speaker/fanout.h"
#include "bgpd/speaker/importer.h"
#include "bgpd/speaker/log.h"
#include "bgpd/speaker/tcp_connection.h"
#include "tcpmd5/key.h"
#include "tcpmd5/keyed_socket.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::bgp {

// What tells neighbours apart: a link-local address only together with its interface.
struct NeighborName {
  rib::IpAddress address;
  std::string interface;  // empty unless the address is link-local
  auto operator<=>(const NeighborName&) const = default;
};
std::string to_string(const NeighborName& name);  // "fe80::1%eth0"

class Neighbor;

// What a neighbour uses of the speaker. Outlives every neighbour.
struct NeighborServices {
  boost::asio::io_context& io;
  rib::Rib& rib;
  Fanout& fanout;
  std::function<void(Neighbor&, std::string_view what)> changed;  // its state changed; for watchers
  std::function<void(Neighbor&)> forget;                          // a dynamic neighbour's session is over
};

class Neighbor : public std::enable_shared_from_this<Neighbor> {
 public:
  Neighbor(NeighborServices& services, NeighborName name, SessionSettings settings, const SpeakerConfig& speaker,
           tcpmd5::Key key, tcpmd5::PeerSpec admitted_as, bool dynamic);
  ~Neighbor();

  // Comes up, unless the settings say shutdown.
  void start();
  // A connection that the listener accepted; it is closed when the machine does not want it.
  void accept(Fd connection);
  // Down for good, telling the peer why; the object may be dropped afterwards.
  void stop(std::uint8_t cease_subcode, const std::string& text);
  // Down for good without a session: says why, e.g. that the key file cannot be read. start() takes it back.
  void hold_down(std::string why);

  // Applies new settings with the least disturbance that they allow (ReloadClass). Gaining or losing a key ends the
  // session; another key waits for rekey(). `done` is called once nothing of an ended session is left that could send
  // under the old rules (at once when nothing had to end). What ended, or may begin, then waits for start():
  // awaits_start() says so.
  void reconfigure(SessionSettings settings, const SpeakerConfig& speaker, tcpmd5::Key key, std::function<void()> done);
  bool held_down() const { return !held_down_.empty(); }
  bool awaits_start() const { return awaits_start_; }
  // Calls back once no connection of ours is still being closed; at once when there is none.
  void when_closed(std::function<void()> done);
  bool closing() const { return closing_ > 0; }
  bool idle() const { return !connections_[0] && !connections_[1] && !offered_; }
  // Replaces the key of a signed neighbour, on running connections too, without a reset.
  void rekey(const tcpmd5::Key& key);
  void reset(const std::string& text);  // hard
  void refresh();                       // soft: asks for the peer's routes again, and sends ours
  void set_admin_state(bool up, const std::string& text);

  const NeighborName& name() const { return name_; }
  const SessionSettings& settings() const { return settings_; }
  const tcpmd5::Key& key() const { return key_; }
  // Whose key is its: its own address, or the range that it came from.
  const tcpmd5::PeerSpec& admitted_as() const { return admitted_as_; }
  bool dynamic() const { return dynamic_; }
  bool established() const { return session_ != nullptr; }
  // Somebody needs to see segments go to this peer, now and again. Established: some of what is to be sent anyway goes
  // out, the rest is held back for the next time (TcpConnection::meter), for kHoldBack in all; and a KEEPALIVE ahead of
  // time, at most one a second (RFC 4271 §4.4). Otherwise nothing.
  void provide_traffic();
  std::chrono::seconds hold_time() const;  // as negotiated while Established; 0: none is kept
  bool initial_sent() const;
  // The kernel refused segments for their signature and this neighbour may be meant.
  void note_refused_signatures(std::string_view what);

  rib::PeerId source() const;                      // kNoPeer unless Established
  std::optional<Fanout::MemberId> member() const;  // its Adj-RIB-Out, while Established
  NeighborStatus status() const;

 private:
  static constexpr std::chrono::seconds kHoldBack{60}, kHoldBackAgain{300};
  struct Session;
  std::shared_ptr<TcpConnection>& slot(Connection c) { return connections_[static_cast<std::size_t>(index_of(c))]; }

  void feed(const Event& event);
  void carry_out(const Action& action);
  void arm_timer();

  void connect();
  void connect_finished(std::uint64_t attempt, const boost::system::error_code& error);
  void attach(Connection which, Fd fd);
  void detach(Connection which);
  void refuse(Bytes message);
  void on_frame(Connection which, const Frame& frame);
  void on_update(Connection which, const Frame& frame);
  void on_route_refresh(Connection which, const Frame& frame);

  void session_up(const SessionUp& up);
  void session_down(const SessionDown& down);
  void attempt_failed(const AttemptFailed& failed);
  void apply_import_outcome(Connection which, const Importer::Outcome& outcome);
  void check_prefix_warning(rib::Family family);
  void trip_max_prefix(rib::Family family, bool received);
  void remember_error(std::string text);
  void join_fanout();

  void restart(bool signing_changed, std::function<void()> done);
  void apply_live(const SessionSettings& before);

  SessionConfig session_config() const;
  TransportOptions transport_options() const;
  ImportSettings import_settings(const Negotiated& negotiated, const TcpConnection& connection) const;
  ExportContext export_context(const Negotiated& negotiated, const TcpConnection& connection) const;
  bool internal(rib::AsNumber peer_as) const { return peer_as == local_as(); }
  rib::AsNumber local_as() const { return settings_.local_as.value_or(speaker_.as); }
  std::uint32_t cluster_id() const { return speaker_.cluster_id.value_or(speaker_.router_id); }
  std::string label() const { return to_string(name_); }

  NeighborServices& services_;
  const NeighborName name_;
  SessionSettings settings_;
  SpeakerConfig speaker_;
  tcpmd5::Key key_;
  const tcpmd5::PeerSpec admitted_as_;
  const bool dynamic_;

  SessionFsm fsm_;
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> armed_for_;
  std::deque<Event> backlog_;  // events that came while actions were carried out; a handful at most
  bool carrying_out_ = false, awaits_start_ = false;

  std::unique_ptr<boost::asio::posix::stream_descriptor> connecting_;
  std::uint64_t attempt_ = 0;  // which connect() is meant
  std::array<std::shared_ptr<TcpConnection>, kConnections> connections_;
  Fd offered_;  // what accept() brought, until the machine has admitted or refused it
  std::unique_ptr<Session> session_;
  std::vector<std::function<void()>> when_closed_;  // to be called when the connections that are being closed are gone
  int closing_ = 0;                                 // how many of them are left

  MessageCounts sent_, received_;
  std::uint64_t established_count_ = 0, flaps_ = 0;
  TimePoint holding_back_since_{};
  TimePoint solicited_at_{};  // when provide_traffic() last sent one
  std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
  std::string last_error_, held_down_;
  std::chrono::system_clock::time_point last_error_at_{};
  log::Throttle fault_log_, failure_log_;
};

}  // namespace tw::bgp
