// One TCP connection of a session: hands over whole messages, takes octets to send.
//
// Reading is batched into one buffer for all connections (the routing thread reads one at a time); only the beginning
// of an unfinished message is kept per connection. Writing is queued by reference and vectored. Routing thread.
#pragma once

#include "bgpd/message/message.h"
#include "bgpd/speaker/endpoint.h"
#include "bgpd/speaker/socket_options.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tw::bgp {

class TcpConnection;

// None of these is called from within a member function of the connection but its own event handlers.
struct ConnectionEvents {
  std::function<void(const Frame&)> frame;
  std::function<void(const MessageError&)> bad_frame;  // nothing more is read
  std::function<void(std::string why)> closed;         // end of file or error; the connection is dead
  std::function<void()> stalled;                       // octets wait and the socket takes none
  std::function<void()> progress;                      // it took some, or none wait any more
  std::function<void()> drained;                       // fewer than kLowWater octets wait, having been more
};

class TcpConnection : public std::enable_shared_from_this<TcpConnection> {
 public:
  // How much may wait to be sent before more is encoded for this peer, and where it counts as slow (see fanout.h).
  static constexpr std::size_t kLowWater = 256 * 1024;
  static constexpr std::size_t kHighWater = 4 * 1024 * 1024;

  TcpConnection(boost::asio::io_context& io, Fd connected);
  ~TcpConnection();

  void start(ConnectionEvents events);
  // Takes what has already arrived, without waiting: before a timer is believed that says nothing has.
  void read_now();
  void set_extended(bool extended) { extended_ = extended; }  // RFC 8654 was negotiated

  // Queues octets; they go out when the event handler that runs now has returned, or with flush().
  void send(Bytes octets);
  void send(std::shared_ptr<const Bytes> owner, std::size_t offset, std::size_t size);
  void flush();
  std::size_t queued() const { return queued_; }
  // Sends a few small portions of what waits, and holds back the rest until called again, for at most kHeldBack:
  // whoever watches how segments arrive needs some that have not been sent yet. What ends the connection does not wait.
  void meter(std::chrono::steady_clock::time_point now);

  // Sends what waits, then FIN, then reads and drops what the peer still sends, for at most kFarewell: a close with
  // unread input would be a reset, and the peer would lose the NOTIFICATION. No more events; `done` is called once it
  // is closed.
  void finish(std::function<void()> done = {});
  // Resets the connection at once. No more events.
  void abort();

  int fd() { return descriptor_.native_handle(); }
  const Endpoint& local() const { return local_; }
  const Endpoint& remote() const { return remote_; }

 private:
  static constexpr std::chrono::seconds kFarewell{2};
  static constexpr std::chrono::milliseconds kHeldBack{3'000}, kReleased{600}, kPause{200};  // while metered
  static constexpr std::size_t kSmallestPortion = 8 * 1024;  // a burst of several segments
  static constexpr std::size_t kPortions = 16;               // that what waits is divided into, if they are larger
  struct Pending {
    std::shared_ptr<const Bytes> owner;
    std::size_t offset, size;
  };

  void wait_readable();
  void wait_writable();
  void pause();
  std::size_t portion() const;
  bool read_some();                // false: nothing more is to be read
  bool consume(std::size_t have);  // false: stopped being read
  void discard();
  void fail(std::string why);
  void close();
  void report_queue(bool took_some);

  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer farewell_, pause_;
  std::chrono::steady_clock::time_point metered_at_{};  // the epoch: never
  Endpoint local_, remote_;
  std::shared_ptr<const ConnectionEvents> events_;  // shared: a handler may end the connection that calls it
  std::function<void()> finished_;
  Bytes partial_;  // the beginning of a message whose rest has not arrived
  std::deque<Pending> queue_;
  std::size_t queued_ = 0;
  bool extended_ = false, open_ = true, finishing_ = false, reading_ = false;
  bool flush_posted_ = false, waiting_writable_ = false, above_low_water_ = false, stalled_ = false, pausing_ = false;
};

}  // namespace tw::bgp
