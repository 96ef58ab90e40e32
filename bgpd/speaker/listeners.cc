#include "bgpd/speaker/listeners.h"

#include "tcpmd5/kernel_counters.h"

#include <fmt/format.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <variant>

namespace tw::bgp {

using log::Level;
namespace {

constexpr int kBacklog = 4096;        // bounded again by net.core.somaxconn
constexpr int kAcceptsPerWake = 256;  // then sessions get their turn, however many strangers knock

std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

struct Accepted {
  Fd fd;
  Endpoint from;
};
Accepted accept_now(int listener) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  const int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return {Fd(fd), from_sockaddr(storage)};
}

}  // namespace

struct Listeners::Listener {
  Listener(boost::asio::io_context& io, Fd fd, bool is_v6) : descriptor(io), resume(io), v6(is_v6) {
    descriptor.assign(fd.release());
  }
  int fd() { return descriptor.native_handle(); }

  boost::asio::posix::stream_descriptor descriptor;
  boost::asio::steady_timer resume;  // after the process ran out of descriptors
  bool v6;
};

Listeners::Listeners(boost::asio::io_context& io, ListenerEvents events)
    : io_(io), events_(std::move(events)), timer_(io), drain_again_(io) {}

Listeners::~Listeners() = default;

std::optional<std::string> Listeners::open(const std::vector<rib::IpAddress>& addresses, std::uint16_t port,
                                           const std::vector<tcpmd5::WantedKey>& keys) {
  port_ = port;
  std::vector<rib::IpAddress> where = addresses;
  if (where.empty()) {
    where.push_back(rib::IpAddress::v4(0));
    rib::IpAddress any6;
    any6.v6 = true;
    where.push_back(any6);
  }
  for (const rib::IpAddress& address : where) {
    SocketOrError made = make_listener({address, port, 0});
    if (made.no_such_family && addresses.empty()) continue;
    if (!made.fd) {
      listeners_.clear();
      return made.error;
    }
    listeners_.push_back(std::make_shared<Listener>(io_, std::move(made.fd), address.v6));
  }
  want(keys);
  for (const auto& listener : listeners_) {
    if (::listen(listener->fd(), kBacklog) != 0) {
      const std::string error = std::strerror(errno);
      listeners_.clear();
      return fmt::format("cannot listen on port {}: {}", port, error);
    }
    wait(listener);
  }
  return std::nullopt;
}

void Listeners::want(const std::vector<tcpmd5::WantedKey>& keys) {
  carry_out(keys_.want(keys, now()));
  arm_timer();
}

void Listeners::arm_timer() {
  const auto next = keys_.next_tick();
  if (!next) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*next);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    carry_out(keys_.tick(now()));
    arm_timer();
    events_.keys_settled();
  });
}

template <class Call>
std::optional<std::string> Listeners::on_each(bool v6, Call call) {
  std::optional<std::string> failed;
  for (const auto& listener : listeners_)
    if (listener->v6 == v6)
      if (auto error = call(listener->fd())) failed = std::move(error);
  return failed;
}

void Listeners::carry_out(const tcpmd5::KeyActions& actions) {
  struct Visitor {
    Listeners& l;
    void operator()(const tcpmd5::SetListenerKey& it) const {
      const bool v6 = it.peer.address.is_v6();
      const std::size_t count = l.keys_.installed_count(v6);
      const auto error = l.on_each(v6, [&](int fd) { return tcpmd5::set_key(fd, it.peer, it.key, count); });
      if (error) log::line(Level::kError, "key-refused", tcpmd5::to_string(it.peer), "{}", *error);
      l.carry_out(l.keys_.key_set(it.peer, error, now()));
    }
    void operator()(const tcpmd5::RemoveListenerKey& it) const {
      const auto error = l.on_each(it.peer.address.is_v6(), [&](int fd) { return tcpmd5::remove_key(fd, it.peer); });
      l.carry_out(l.keys_.key_removed(it.peer, error, now()));
    }
    void operator()(const tcpmd5::DrainAcceptQueue&) const { l.drain_queues(); }
    void operator()(const tcpmd5::CloseSessions& it) const { l.events_.close_sessions(it.as, it.within); }
    void operator()(const tcpmd5::RekeySessions& it) const { l.events_.rekey_sessions(it.peer, it.key); }
    void operator()(const tcpmd5::CountSockets& it) const {
      const auto count = tcpmd5::sockets_towards(it.peer, l.port_);
      l.carry_out(l.keys_.sockets_counted(it.peer, count, now()));
    }
  };
  for (const tcpmd5::KeyAction& action : actions) std::visit(Visitor{*this}, action);
}

// What waited in the accept queues arrived under the old keys. Only an empty queue proves that all of it has been seen.
void Listeners::drain_queues() {
  bool drained = true;
  for (const auto& listener : listeners_) {
    Accepted got;
    while ((got = accept_now(listener->fd())).fd) judge(std::move(got.fd), got.from);
    const bool not_listening_yet = errno == EINVAL;
    drained = drained && (errno == EAGAIN || errno == EWOULDBLOCK || not_listening_yet);
  }
  if (drained) {
    keys_.queue_drained();
    return;
  }
  log::line(Level::kError, "accept-failed", {}, "cannot empty the accept queue: {}; nobody whose key changed is let in",
            std::strerror(errno));
  drain_again_.expires_after(std::chrono::seconds(1));
  drain_again_.async_wait([this](const boost::system::error_code& error) {
    if (!error) drain_queues();
  });
}

void Listeners::wait(const std::shared_ptr<Listener>& listener) {
  listener->descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                  [this, listener](const boost::system::error_code& error) {
                                    if (error) return;
                                    accept_from(*listener);
                                  });
}

void Listeners::accept_from(Listener& listener) {
  const auto self =
      *std::find_if(listeners_.begin(), listeners_.end(), [&](const auto& held) { return held.get() == &listener; });
  for (int count = 0; count < kAcceptsPerWake; ++count) {
    Accepted got = accept_now(listener.fd());
    if (got.fd) {
      judge(std::move(got.fd), got.from);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The connection stays in the queue and would wake us at once: let sessions go on and try again a little later.
      log::line(Level::kError, "accept-failed", {}, "cannot accept connections: {}; raise LimitNOFILE",
                std::strerror(errno));
      self->resume.expires_after(std::chrono::seconds(1));
      self->resume.async_wait([this, self](const boost::system::error_code& error) {
        if (!error) wait(self);
      });
      return;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
  }
  wait(self);
}

void Listeners::judge(Fd connection, const Endpoint& from) {
  const auto as = keys_.admits(to_asio(from.address));
  if (!as) return refuse(from, "no neighbour or range has this address, or its key is not in force yet");
  if (events_.admit(from, *as, connection))
    ++accepted_;
  else
    refuse(from, "no neighbour of this address on this interface, or too many from its range");
}

void Listeners::refuse(const Endpoint& from, std::string_view why) {
  ++refused_;
  std::uint64_t suppressed = 0;
  if (!stranger_log_.pass(now(), suppressed)) return;
  log::line(Level::kWarning, "connection-refused", rib::to_string(from.address), "connection from {} closed: {}{}",
            to_string(from), why, suppressed > 0 ? fmt::format(" ({} more not shown)", suppressed) : "");
}

}  // namespace tw::bgp
