#include "bgpd/speaker/neighbor.h"

#include "bgpd/speaker/neighbor_session.h"

#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <cstring>
#include <utility>

namespace tw::bgp {

using log::Level;

std::string to_string(const NeighborName& name) {
  std::string text = rib::to_string(name.address);
  if (!name.interface.empty()) text += "%" + name.interface;
  return text;
}

Neighbor::Neighbor(NeighborServices& services, NeighborName name, SessionSettings settings,
                   const SpeakerConfig& speaker, tcpmd5::Key key, tcpmd5::PeerSpec admitted_as, bool dynamic)
    : services_(services),
      name_(std::move(name)),
      settings_(std::move(settings)),
      speaker_(speaker),
      key_(std::move(key)),
      admitted_as_(std::move(admitted_as)),
      dynamic_(dynamic),
      fsm_(session_config(), Clock::now()),
      timer_(services.io) {}

Neighbor::~Neighbor() = default;

// --- the machine and its timer -------------------------------------------------------------------------------------

void Neighbor::feed(const Event& event) {
  backlog_.push_back(event);
  if (carrying_out_) return;
  const auto self = shared_from_this();
  carrying_out_ = true;
  while (!backlog_.empty()) {
    const Event next = std::move(backlog_.front());
    backlog_.pop_front();
    Actions actions;
    fsm_.on(next, Clock::now(), actions);
    for (const Action& action : actions) carry_out(action);
  }
  carrying_out_ = false;
  arm_timer();
}

void Neighbor::arm_timer() {
  const auto deadline = fsm_.deadline();
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  if (!deadline) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*deadline);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error) return;
    self->armed_for_.reset();
    // What has already arrived counts before its absence does.
    for (const auto& connection : std::array(self->connections_))
      if (connection) connection->read_now();
    self->feed(Tick{});
    self->arm_timer();
  });
}

void Neighbor::carry_out(const Action& action) {
  struct Visitor {
    Neighbor& n;
    void operator()(const Connect&) const { n.connect(); }
    void operator()(const AbandonConnect&) const {
      ++n.attempt_;
      n.connecting_.reset();
    }
    void operator()(const Admit&) const { n.attach(Connection::kIncoming, std::move(n.offered_)); }
    void operator()(const Refuse& refuse) const { n.refuse(refuse.message); }
    void operator()(const Send& send) const {
      if (const auto& connection = n.slot(send.connection)) {
        count(n.sent_, static_cast<MessageType>(send.message[kHeaderSize - 1]));
        connection->send(send.message);
        connection->flush();
      }
    }
    void operator()(const CloseConnection& close) const { n.detach(close.connection); }
    void operator()(const SessionUp& up) const { n.session_up(up); }
    void operator()(const SessionDown& down) const { n.session_down(down); }
    void operator()(const AttemptFailed& failed) const { n.attempt_failed(failed); }
    void operator()(const StateChanged& change) const {
      log::line(Level::kDebug, "state", n.label(), "{} to {}", tw::bgp::name(change.from), tw::bgp::name(change.to));
      n.services_.changed(n, "state");
    }
    void operator()(const Forget&) const { n.services_.forget(n); }

    static void count(MessageCounts& counts, MessageType type) {
      switch (type) {
        case MessageType::kOpen: ++counts.open; break;
        case MessageType::kUpdate: ++counts.update; break;
        case MessageType::kNotification: ++counts.notification; break;
        case MessageType::kKeepalive: ++counts.keepalive; break;
        case MessageType::kRouteRefresh: ++counts.route_refresh; break;
      }
    }
  };
  std::visit(Visitor{*this}, action);
}

// --- what the speaker asks for -------------------------------------------------------------------------------------

void Neighbor::start() {
  held_down_.clear();
  awaits_start_ = false;
  if (settings_.shutdown) return;
  feed(Start{});
}

void Neighbor::stop(std::uint8_t cease_subcode, const std::string& text) { feed(Stop{cease_subcode, text}); }

void Neighbor::hold_down(std::string why) {
  log::line(Level::kError, "held-down", label(), "{}; the session stays down", why);
  feed(Stop{cease::kOtherConfigurationChange, {}});
  held_down_ = why;
  remember_error(std::move(why));
}

void Neighbor::reset(const std::string& text) { feed(Reset{cease::kAdministrativeReset, text}); }

void Neighbor::set_admin_state(bool up, const std::string& text) {
  if (up)
    feed(Start{});
  else
    feed(Stop{cease::kAdministrativeShutdown, text});
}

void Neighbor::accept(Fd connection) {
  if (const auto error = apply_options(connection.get(), name_.address.v6, transport_options())) {
    log::line(Level::kWarning, "accept-failed", label(), "{}", *error);
    return;
  }
  offered_ = std::move(connection);
  feed(Accepted{});
}

void Neighbor::note_refused_signatures(std::string_view what) {
  if (!established()) remember_error(std::string(what));
}

bool Neighbor::initial_sent() const { return session_ && services_.fanout.initial_sent(session_->member); }

void Neighbor::provide_traffic() {
  const auto now = Clock::now();
  if (!session_) return;
  if (now - holding_back_since_ >= kHoldBackAgain) holding_back_since_ = now;
  if (now - holding_back_since_ < kHoldBack) slot(session_->which)->meter(now);
  if (now - solicited_at_ < std::chrono::seconds(1)) return;
  solicited_at_ = now;
  carry_out(Send{session_->which, encode_keepalive()});
}

std::chrono::seconds Neighbor::hold_time() const {
  return session_ ? std::chrono::duration_cast<std::chrono::seconds>(session_->negotiated.hold)
                  : std::chrono::seconds(0);
}

// --- connections ---------------------------------------------------------------------------------------------------

TransportOptions Neighbor::transport_options() const {
  TransportOptions options;
  if (settings_.ttl_security > 0) {
    options.ttl = 255;
    options.minimum_ttl = 256 - settings_.ttl_security;  // RFC 5082 §3: 255 from a directly connected peer
  } else if (settings_.multihop > 0) {
    options.ttl = settings_.multihop;
  } else if (!settings_.as.empty() && !internal(settings_.as.front())) {
    options.ttl = 1;
  }
  options.local_address = settings_.local_address;
  options.interface = name_.address.is_link_local() ? interface_index(name_.interface) : 0;
  return options;
}

void Neighbor::connect() {
  const std::uint64_t attempt = ++attempt_;
  const TransportOptions options = transport_options();
  std::string error;
  if (name_.address.is_link_local() && name_.address.v6 && options.interface == 0)
    error = fmt::format("there is no interface {}", name_.interface);
  SocketOrError made;
  if (error.empty()) {
    made = start_connect({name_.address, settings_.port, options.interface}, options, key_);
    error = made.error;
  }
  if (!made.fd) return feed(ConnectFailed{error});
  connecting_ = std::make_unique<boost::asio::posix::stream_descriptor>(services_.io, made.fd.release());
  connecting_->async_wait(boost::asio::posix::stream_descriptor::wait_write,
                          [self = shared_from_this(), attempt](const boost::system::error_code& waited) {
                            self->connect_finished(attempt, waited);
                          });
}

void Neighbor::connect_finished(std::uint64_t attempt, const boost::system::error_code& error) {
  if (attempt != attempt_ || !connecting_ || error) return;
  Fd fd(connecting_->release());
  connecting_.reset();
  int failure = 0;
  socklen_t size = sizeof failure;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure != 0) {
    const bool silence = failure == ETIMEDOUT || failure == EHOSTUNREACH || failure == ENETUNREACH;
    return feed(ConnectFailed{silence ? fmt::format("{} ({})", session_config().silence_means, std::strerror(failure))
                                      : std::string(std::strerror(failure))});
  }
  attach(Connection::kOutgoing, std::move(fd));
  feed(Connected{});
}

void Neighbor::attach(Connection which, Fd fd) {
  const auto connection = std::make_shared<TcpConnection>(services_.io, std::move(fd));
  slot(which) = connection;
  const std::weak_ptr<Neighbor> weak = weak_from_this();
  // Events reach the neighbour only while it still has this very connection.
  const auto mine = [weak, which, raw = connection.get()]() -> std::shared_ptr<Neighbor> {
    auto self = weak.lock();
    return self && self->slot(which).get() == raw ? self : nullptr;
  };
  connection->start({
      .frame =
          [mine, which](const Frame& frame) {
            if (const auto n = mine()) n->on_frame(which, frame);
          },
      .bad_frame =
          [mine, which](const MessageError& error) {
            if (const auto n = mine()) n->feed(BadMessage{which, error});
          },
      .closed =
          [mine, which](const std::string& why) {
            if (const auto n = mine()) {
              n->slot(which).reset();
              n->feed(Disconnected{which, why});
            }
          },
      .stalled =
          [mine, which] {
            if (const auto n = mine()) n->feed(SendStalled{which});
          },
      .progress =
          [mine, which] {
            if (const auto n = mine()) n->feed(SendProgress{which});
          },
      .drained =
          [mine] {
            if (const auto n = mine(); n && n->session_) n->services_.fanout.room(n->session_->member);
          },
  });
}

void Neighbor::detach(Connection which) {
  const auto connection = std::exchange(slot(which), nullptr);
  if (!connection) return;
  ++closing_;
  connection->finish([self = shared_from_this()] {
    if (--self->closing_ > 0) return;
    for (const auto& done : std::exchange(self->when_closed_, {})) done();
  });
}

void Neighbor::refuse(Bytes message) {
  const auto connection = std::make_shared<TcpConnection>(services_.io, std::move(offered_));
  if (!message.empty()) {
    ++sent_.notification;
    connection->send(std::move(message));
  }
  connection->finish();
}

void Neighbor::on_frame(Connection which, const Frame& frame) {
  const auto self = shared_from_this();
  switch (frame.type) {
    case MessageType::kUpdate: return on_update(which, frame);
    case MessageType::kOpen: {
      ++received_.open;
      const Result<Open> open = decode_open(frame.body);
      return open ? feed(OpenReceived{which, *open}) : feed(BadMessage{which, open.error()});
    }
    case MessageType::kKeepalive: ++received_.keepalive; return feed(KeepaliveReceived{which});
    case MessageType::kNotification:
      ++received_.notification;
      return feed(NotificationReceived{which, decode_notification(frame.body)});
    case MessageType::kRouteRefresh: return on_route_refresh(which, frame);
  }
}

void Neighbor::on_update(Connection which, const Frame& frame) {
  ++received_.update;
  if (!session_ || session_->which != which) return feed(UpdateReceived{which});
  fsm_.update_received(which, Clock::now());
  apply_import_outcome(which, session_->importer.take(frame.body));
}

void Neighbor::on_route_refresh(Connection which, const Frame& frame) {
  ++received_.route_refresh;
  if (!session_ || session_->which != which) return feed(RefreshReceived{which});
  const bool enhanced = session_->negotiated.enhanced_route_refresh;
  const auto decoded = decode_route_refresh(frame, enhanced);
  if (!decoded) return feed(BadMessage{which, decoded.error()});
  feed(RefreshReceived{which});
  if (!*decoded || !session_) return;
  const RouteRefresh& refresh = **decoded;
  switch (refresh.subtype) {
    case RefreshSubtype::kRequest: services_.fanout.resend(session_->member, refresh.family, enhanced); break;
    case RefreshSubtype::kBegin: services_.rib.begin_refresh(session_->source, refresh.family); break;
    case RefreshSubtype::kEnd: services_.rib.end_refresh(session_->source, refresh.family); break;
  }
}

}  // namespace tw::bgp
