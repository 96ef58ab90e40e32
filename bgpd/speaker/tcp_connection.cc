#include "bgpd/speaker/tcp_connection.h"

#include <boost/asio/post.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tw::bgp {
namespace {

constexpr std::size_t kReadSize = 256 * 1024;
constexpr int kReadsPerWake = 4;  // then others get their turn
constexpr int kMaxVectors = 64;

// Shared by all connections: it is only in use while one of them reads. Room for the unfinished message in front.
Bytes& read_buffer() {
  static thread_local Bytes buffer(kMaxExtendedMessage + kReadSize);
  return buffer;
}

}  // namespace

TcpConnection::TcpConnection(boost::asio::io_context& io, Fd connected)
    : io_(io),
      descriptor_(io),
      farewell_(io),
      pause_(io),
      local_(local_endpoint(connected.get())),
      remote_(remote_endpoint(connected.get())) {
  descriptor_.assign(connected.release());
}

TcpConnection::~TcpConnection() = default;

void TcpConnection::start(ConnectionEvents events) {
  events_ = std::make_shared<const ConnectionEvents>(std::move(events));
  reading_ = true;
  wait_readable();
}

void TcpConnection::wait_readable() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           if (error || !self->open_) return;
                           if (self->finishing_)
                             self->discard();
                           else if (self->reading_ && self->read_some())
                             self->wait_readable();
                         });
}

void TcpConnection::read_now() {
  const auto self = shared_from_this();
  if (open_ && reading_ && !finishing_) read_some();
}

bool TcpConnection::read_some() {
  Bytes& buffer = read_buffer();
  for (int round = 0; round < kReadsPerWake; ++round) {
    const std::size_t kept = partial_.size();
    std::copy(partial_.begin(), partial_.end(), buffer.begin());
    const ssize_t n = ::recv(fd(), buffer.data() + kept, kReadSize, 0);
    if (n == 0) return fail("the peer closed the connection"), false;
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      return fail(std::strerror(errno)), false;
    }
    if (!consume(kept + static_cast<std::size_t>(n))) return false;
    if (static_cast<std::size_t>(n) < kReadSize) break;
  }
  return true;
}

bool TcpConnection::consume(std::size_t have) {
  const auto events = events_;
  const ByteView stream(read_buffer().data(), have);
  std::size_t done = 0;
  while (open_ && reading_ && !finishing_) {
    const auto frame = next_frame(stream.subspan(done), extended_);
    if (!frame) {
      reading_ = false;
      if (events && events->bad_frame) events->bad_frame(frame.error());
      return false;
    }
    if (!*frame) break;
    done += (*frame)->whole.size();
    if (events && events->frame) events->frame(**frame);
  }
  if (!open_ || !reading_ || finishing_) return false;
  partial_.assign(stream.begin() + static_cast<std::ptrdiff_t>(done), stream.end());
  return true;
}

void TcpConnection::send(Bytes octets) {
  const auto owner = std::make_shared<const Bytes>(std::move(octets));
  send(owner, 0, owner->size());
}

void TcpConnection::send(std::shared_ptr<const Bytes> owner, std::size_t offset, std::size_t size) {
  if (!open_ || finishing_ || size == 0) return;
  queued_ += size;
  queue_.push_back({std::move(owner), offset, size});
  above_low_water_ = above_low_water_ || queued_ >= kLowWater;
  if (flush_posted_ || waiting_writable_ || pausing_) return;
  flush_posted_ = true;
  boost::asio::post(io_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void TcpConnection::flush() {
  if (!open_ || waiting_writable_ || pausing_) return;
  bool took_some = false;
  std::size_t allowed = portion();
  while (!queue_.empty() && allowed > 0) {
    std::array<iovec, kMaxVectors> vectors;
    std::size_t count = 0, octets = 0;
    for (const Pending& p : queue_) {
      if (count == vectors.size() || octets == allowed) break;
      const std::size_t part = std::min(p.size, allowed - octets);
      vectors[count++] = {const_cast<std::uint8_t*>(p.owner->data() + p.offset), part};
      octets += part;
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t n = ::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      const int error = errno;  // seen by the reader, too; told later so that no caller is called back from within
      boost::asio::post(io_, [self = shared_from_this(), error] { self->fail(std::strerror(error)); });
      return;
    }
    took_some = took_some || n > 0;
    queued_ -= static_cast<std::size_t>(n);
    allowed -= static_cast<std::size_t>(n);
    for (std::size_t left = static_cast<std::size_t>(n); left > 0;) {
      Pending& front = queue_.front();
      const std::size_t part = std::min(left, front.size);
      front.offset += part;
      front.size -= part;
      left -= part;
      if (front.size == 0) queue_.pop_front();
    }
  }
  if (!queue_.empty()) allowed == 0 ? pause() : wait_writable();
  report_queue(took_some);
}

// How much may be sent now.
std::size_t TcpConnection::portion() const {
  const auto since = std::chrono::steady_clock::now() - metered_at_;
  if (finishing_ || since >= kHeldBack) return queued_;
  return since < kReleased ? std::max(kSmallestPortion, queued_ / kPortions) : 0;
}

void TcpConnection::meter(std::chrono::steady_clock::time_point now) { metered_at_ = now; }

void TcpConnection::pause() {
  pausing_ = true;
  pause_.expires_after(kPause);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code&) {
    self->pausing_ = false;
    self->flush();
  });
}

void TcpConnection::wait_writable() {
  waiting_writable_ = true;
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           self->waiting_writable_ = false;
                           if (error || !self->open_) return;
                           self->flush();
                         });
}

void TcpConnection::report_queue(bool took_some) {
  if (finishing_) {
    if (queue_.empty()) ::shutdown(fd(), SHUT_WR);
    return;
  }
  const bool stalled = !queue_.empty();
  const bool progressed = stalled_ && (took_some || !stalled);
  const bool began = stalled && !stalled_;
  stalled_ = stalled;
  const bool drained = above_low_water_ && queued_ < kLowWater;
  if (drained) above_low_water_ = false;
  if (!progressed && !began && !drained) return;
  boost::asio::post(io_, [self = shared_from_this(), progressed, began, drained] {
    const auto events = self->events_;
    if (!events) return;
    if (progressed && events->progress) events->progress();
    if (began && events->stalled) events->stalled();
    if (drained && events->drained) events->drained();
  });
}

void TcpConnection::finish(std::function<void()> done) {
  if (!open_ || finishing_) {
    if (done) boost::asio::post(io_, std::move(done));
    return;
  }
  finishing_ = true;  // and so no longer held back
  pausing_ = false;
  flush();
  finished_ = std::move(done);
  events_ = nullptr;
  partial_ = {};
  if (queue_.empty()) ::shutdown(fd(), SHUT_WR);
  farewell_.expires_after(kFarewell);
  farewell_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->abort();  // no orphan that goes on sending after we have forgotten it
  });
  // The wait for input that is under way, if any, will find finishing_; a second one does no harm.
  wait_readable();
}

void TcpConnection::discard() {
  Bytes& buffer = read_buffer();
  for (int round = 0; round < kReadsPerWake; ++round) {
    const ssize_t n = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return close();
    if (n < 0) break;
  }
  wait_readable();
}

void TcpConnection::abort() {
  if (!open_) return;
  const linger reset{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  events_ = nullptr;
  close();
}

void TcpConnection::fail(std::string why) {
  if (!open_) return;
  const auto events = std::exchange(events_, nullptr);
  close();
  if (events && events->closed) events->closed(std::move(why));
}

void TcpConnection::close() {
  open_ = false;
  reading_ = false;
  queue_.clear();
  queued_ = 0;
  partial_ = {};
  farewell_.cancel();
  pause_.cancel();
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  if (finished_) boost::asio::post(io_, std::exchange(finished_, nullptr));
}

}  // namespace tw::bgp
