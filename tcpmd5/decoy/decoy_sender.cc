#include "tcpmd5/decoy/decoy_sender.h"

#include "tcpmd5/keyed_socket.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tw::tcpmd5 {

namespace {

using boost::asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr unsigned kUserTimeoutMilliseconds = 10'000;  // the kernel's own patience, should we lose ours

int single(const boost::asio::ip::address& address) { return address.is_v4() ? 32 : 128; }

void set_tcp(int fd, int option, unsigned value) {
  const int number = static_cast<int>(value);
  (void)::setsockopt(fd, IPPROTO_TCP, option, &number, sizeof number);  // an old kernel's refusal changes little
}

std::size_t mss_of(int fd) {
  int mss = 0;
  socklen_t size = sizeof mss;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &size) != 0 || mss <= 0) return DecoyPattern::kMinMss;
  return static_cast<std::size_t>(mss);
}

}  // namespace

DecoySender::DecoySender(boost::asio::io_context& io, DecoyTarget target)
    : io_(io), target_(std::move(target)), socket_(io), retry_(io), pause_(io), look_timer_(io) {}

void DecoySender::run() {
  running_ = true;
  if (attempts_begun()) {
    write_on();
  } else {
    connect();
  }
}

void DecoySender::provoke(const TrafficKind& kind) {
  if (stopped_) return;
  wanted_ = kind;
  if (!attempts_begun()) return connect();
  const TimePoint now = steady_clock::now();
  take_progress();
  const bool stuck = up_ ? written_ > acknowledged_ && now - progress_at_ >= kStuckNow
                         : now - attempted_at_ >= kStuckNow && socket_.is_open();
  if (stuck || (kind.syn_only && now - attempted_at_ >= kRetry)) {
    syn_patience_ = kSynPatience;
    begin_anew(milliseconds(0));
  } else if (up_) {
    pattern_->provoke(*std::exchange(wanted_, std::nullopt));
    write_on();
  }
}

void DecoySender::stop() {
  stopped_ = true;
  close();
  retry_.cancel();
  look_timer_.cancel();
}

// Without ceremony (RST): what is still in flight is of no interest.
void DecoySender::close() {
  ++generation_;
  up_ = writing_ = false;
  pattern_.reset();
  pending_.reset();
  round_ends_.clear();
  pause_.cancel();
  if (!socket_.is_open()) return;
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

void DecoySender::begin_anew(milliseconds after) {
  close();
  retry_.expires_at(std::max(steady_clock::now() + after, attempted_at_ + kRetry));
  retry_.async_wait([self = shared_from_this(), generation = generation_](const boost::system::error_code& error) {
    if (!error && !self->stopped_ && generation == self->generation_) self->connect();
  });
}

void DecoySender::connect() {
  if (stopped_) return;
  const bool first = !attempts_begun();
  ++tally_.attempts;
  attempted_at_ = progress_at_ = steady_clock::now();
  written_ = acknowledged_ = written_of_pending_ = 0;
  tally_.problem.clear();
  const tcp protocol = target_.remote.is_v4() ? tcp::v4() : tcp::v6();
  boost::system::error_code error;
  socket_.open(protocol, error);
  if (!error) socket_.non_blocking(true, error);
  if (!error) socket_.set_option(tcp::no_delay(true), error);
  if (!error) {
    set_tcp(socket_.native_handle(), TCP_USER_TIMEOUT, kUserTimeoutMilliseconds);
    const PeerSpec peer{target_.remote, single(target_.remote)};
    if (const auto problem = set_key(socket_.native_handle(), peer, target_.key)) tally_.problem = *problem;
    socket_.bind(tcp::endpoint(target_.local, 0), error);
  }
  if (error) tally_.problem = error.message();
  if (first) look();
  if (!tally_.problem.empty()) return begin_anew(kSynPatienceMost);
  socket_.async_connect({target_.remote, target_.port},
                        [self = shared_from_this(), generation = generation_](const boost::system::error_code& result) {
                          if (!self->stopped_ && generation == self->generation_) self->connected(result);
                        });
}

void DecoySender::connected(const boost::system::error_code& error) {
  if (error) {
    tally_.problem = error.message();
    return begin_anew(kSynPatience);
  }
  up_ = true;
  ++tally_.connections;
  syn_patience_ = kSynPatience;
  progress_at_ = steady_clock::now();
  pattern_.emplace(mss_of(socket_.native_handle()), static_cast<std::uint32_t>(tally_.attempts * 7919));
  if (wanted_) pattern_->provoke(*std::exchange(wanted_, std::nullopt));
  watch_for_end();
  write_on();
}

// A receiver says nothing: what there is to read is the end.
void DecoySender::watch_for_end() {
  socket_.async_wait(tcp::socket::wait_read,
                     [self = shared_from_this(), generation = generation_](const boost::system::error_code& error) {
                       if (error || self->stopped_ || generation != self->generation_) return;
                       self->begin_anew(kRetry);
                     });
}

void DecoySender::write_on() {
  if (!up_ || writing_ || stopped_) return;
  if (!pending_) {
    if (!running_ && !pattern_->provoking()) return;
    const std::size_t rounds = pattern_->rounds();
    pending_ = pattern_->next();
    written_of_pending_ = 0;
    if (pattern_->rounds() > rounds) round_ends_.push_back(written_ + pending_->octets);
  }
  writing_ = true;
  if (write_pending()) {
    const milliseconds pause = pending_->pause;
    pending_.reset();
    return rest(pause);
  }
  if (!up_) return;  // it ended meanwhile
  socket_.async_wait(tcp::socket::wait_write,
                     [self = shared_from_this(), generation = generation_](const boost::system::error_code& error) {
                       if (error || self->stopped_ || generation != self->generation_) return;
                       self->writing_ = false;
                       self->write_on();
                     });
}

// False: the socket takes no more now, or has ended.
bool DecoySender::write_pending() {
  const int fd = socket_.native_handle();
  while (written_of_pending_ < pending_->octets) {
    const std::size_t left = pending_->octets - written_of_pending_;
    const std::size_t piece = pending_->how == DecoyWrite::How::kPieces ? std::min(pending_->piece, left) : left;
    const std::size_t at = pending_->offset + written_of_pending_;
    ssize_t done = 0;
    if (pending_->how == DecoyWrite::How::kOwnPages) {
      off_t offset = static_cast<off_t>(at);
      done = ::sendfile(fd, content_.fd(), &offset, piece);
    } else {
      const int more = piece < left ? MSG_MORE : 0;
      done = ::send(fd, content_.octets().data() + at, piece, MSG_NOSIGNAL | MSG_DONTWAIT | more);
    }
    if (done < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != ENOBUFS) begin_anew(kRetry);
      return false;
    }
    written_of_pending_ += static_cast<std::size_t>(done);
    written_ += static_cast<std::uint64_t>(done);
  }
  return true;
}

void DecoySender::rest(milliseconds pause) {
  pause_.expires_after(pause);
  pause_.async_wait([self = shared_from_this(), generation = generation_](const boost::system::error_code& error) {
    if (error || self->stopped_ || generation != self->generation_) return;
    self->writing_ = false;
    self->write_on();
  });
}

void DecoySender::take_progress() {
  int queued = 0;
  if (!up_ || ::ioctl(socket_.native_handle(), SIOCOUTQ, &queued) != 0) return;
  const std::uint64_t acknowledged = written_ - std::min(written_, static_cast<std::uint64_t>(queued));
  if (acknowledged > acknowledged_) {
    tally_.acknowledged += acknowledged - acknowledged_;
    acknowledged_ = acknowledged;
    progress_at_ = steady_clock::now();
  } else if (written_ == acknowledged_) {
    progress_at_ = steady_clock::now();  // nothing is owed
  }
  for (; !round_ends_.empty() && round_ends_.front() <= acknowledged_; round_ends_.pop_front()) ++tally_.rounds;
}

void DecoySender::look() {
  if (stopped_) return;
  const TimePoint now = steady_clock::now();
  if (up_) {
    take_progress();
    if (now - progress_at_ >= kStalled) {
      ++tally_.frozen;
      begin_anew(milliseconds(0));
    }
  } else if (socket_.is_open() && now - attempted_at_ >= syn_patience_) {
    syn_patience_ = std::min(2 * syn_patience_, kSynPatienceMost);
    begin_anew(milliseconds(0));
  }
  look_timer_.expires_after(kLook);
  look_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->look();
  });
}

}  // namespace tw::tcpmd5
