#include "bgpd/speaker/tcp_connection.h"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace tw::bgp {
namespace {

// Two ends of a TCP connection over loopback: one is the connection under test, the other a plain descriptor.
class TcpConnectionTest : public testing::Test {
 protected:
  TcpConnectionTest() {
    SocketOrError listener = make_listener({rib::IpAddress::v4(INADDR_LOOPBACK), 0, 0});
    ::listen(listener.fd.get(), 1);
    const SocketAddress where = to_sockaddr(local_endpoint(listener.fd.get()));
    peer_ = Fd(::socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(::connect(peer_.get(), where.get(), where.length), 0);
    connection_ =
        std::make_shared<TcpConnection>(io_, Fd(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK)));
  }

  void start() {
    connection_->start({
        .frame = [this](const Frame& frame) { types_.push_back(frame.type); },
        .bad_frame = [this](const MessageError& error) { bad_.push_back(error); },
        .closed = [this](const std::string& why) { closed_.push_back(why); },
        .stalled = [this] { ++stalled_; },
        .progress = [this] { ++progress_; },
        .drained = [this] { ++drained_; },
    });
  }
  void peer_sends(const Bytes& octets) {
    ASSERT_EQ(::send(peer_.get(), octets.data(), octets.size(), 0), static_cast<ssize_t>(octets.size()));
  }
  // Reads what has arrived at the peer; false at the end of the stream.
  bool peer_reads(std::size_t at_most = 65536) {
    Bytes buffer(at_most);
    const ssize_t n = ::recv(peer_.get(), buffer.data(), buffer.size(), 0);
    if (n > 0) seen_.insert(seen_.end(), buffer.begin(), buffer.begin() + n);
    return n > 0;
  }
  template <class Done>
  void run_until(Done done) {
    while (!done()) ASSERT_GT(io_.run_one_for(std::chrono::seconds(10)), 0U) << "nothing happens any more";
  }

  boost::asio::io_context io_;
  Fd peer_;
  std::shared_ptr<TcpConnection> connection_;
  std::vector<MessageType> types_;
  std::vector<MessageError> bad_;
  std::vector<std::string> closed_;
  int stalled_ = 0, progress_ = 0, drained_ = 0;
  Bytes seen_;
};

TEST_F(TcpConnectionTest, MessagesAreWholeHoweverTheyArrive) {
  start();
  const Bytes keepalive = encode_keepalive();
  Bytes three;
  for (int i = 0; i < 3; ++i) three.insert(three.end(), keepalive.begin(), keepalive.end());
  for (std::size_t i = 0; i < three.size(); ++i) {
    peer_sends({three[i]});
    const std::size_t expected = (i + 1) / keepalive.size();
    run_until([&] { return types_.size() >= expected; });
    EXPECT_EQ(types_.size(), expected);
  }
}

TEST_F(TcpConnectionTest, AFramingErrorEndsReadingAndIsReportedOnce) {
  start();
  Bytes garbage(100, 0x42);
  peer_sends(garbage);
  peer_sends(garbage);
  run_until([&] { return !bad_.empty(); });
  io_.poll();
  ASSERT_EQ(bad_.size(), 1U);
  EXPECT_EQ(bad_[0].code, ErrorCode::kMessageHeader);
}

TEST_F(TcpConnectionTest, TheEndOfTheStreamIsReported) {
  start();
  peer_.reset();
  run_until([&] { return !closed_.empty(); });
  EXPECT_EQ(closed_.size(), 1U);
}

TEST_F(TcpConnectionTest, AHandlerMayEndItsConnection) {
  connection_->start({.frame =
                          [this](const Frame&) {
                            types_.push_back(MessageType::kKeepalive);
                            connection_->abort();
                          },
                      .bad_frame = {},
                      .closed = {},
                      .stalled = {},
                      .progress = {},
                      .drained = {}});
  Bytes two = encode_keepalive();
  const Bytes one = two;
  two.insert(two.end(), one.begin(), one.end());
  peer_sends(two);
  run_until([&] { return !types_.empty(); });
  io_.poll();
  EXPECT_EQ(types_.size(), 1U);
}

TEST_F(TcpConnectionTest, TheFarewellIsDeliveredThoughThePeerIsStillSending) {
  start();
  peer_sends(encode_keepalive());  // unread when the connection ends
  bool done = false;
  connection_->send(encode_notification(shutdown_notification(cease::kAdministrativeShutdown, "bye")));
  connection_->finish([&] { done = true; });
  while (peer_reads()) {
  }
  EXPECT_GT(seen_.size(), kHeaderSize);
  EXPECT_EQ(seen_[18], static_cast<std::uint8_t>(MessageType::kNotification));
  peer_.reset();
  run_until([&] { return done; });
}

TEST_F(TcpConnectionTest, AStalledPeerIsReportedAndItsProgressToo) {
  start();
  const std::size_t total = 32 * 1024 * 1024;
  connection_->send(Bytes(total, 7));
  run_until([&] { return stalled_ > 0; });
  EXPECT_EQ(drained_, 0);
  std::size_t taken = 0;
  Bytes buffer(1 << 20);
  while (taken < total) {
    const ssize_t n = ::recv(peer_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) taken += static_cast<std::size_t>(n);
    io_.poll();
    io_.restart();
  }
  run_until([&] { return drained_ > 0; });
  EXPECT_GT(progress_, 0);
  EXPECT_EQ(drained_, 1);
  EXPECT_EQ(connection_->queued(), 0U);
}

// Counts the octets that the peer has, until the end of the stream.
std::size_t rest_of(int peer) {
  Bytes buffer(1 << 20);
  std::size_t total = 0;
  for (ssize_t n = 0; (n = ::recv(peer, buffer.data(), buffer.size(), 0)) > 0;) total += static_cast<std::size_t>(n);
  return total;
}

TEST_F(TcpConnectionTest, WhatIsMeteredGoesOutInPortionsAndTheRestLater) {
  start();
  const auto now = std::chrono::steady_clock::now();
  connection_->meter(now);
  connection_->send(Bytes(160'000, 7));
  run_until([&] { return connection_->queued() < 160'000; });
  EXPECT_EQ(connection_->queued(), 150'000U);
  run_until([&] { return connection_->queued() < 150'000; });
  EXPECT_EQ(connection_->queued(), 140'625U);
  connection_->meter(now - std::chrono::hours(1));  // as if nobody had asked for long
  run_until([&] { return connection_->queued() < 140'625; });
  EXPECT_EQ(connection_->queued(), 0U);
}

TEST_F(TcpConnectionTest, WhatIsHeldBackIsNotLostWhenTheConnectionEnds) {
  start();
  connection_->meter(std::chrono::steady_clock::now());
  connection_->send(Bytes(160'000, 7));
  run_until([&] { return connection_->queued() < 160'000; });
  connection_->finish();
  EXPECT_EQ(rest_of(peer_.get()), 160'000U);
}

}  // namespace
}  // namespace tw::bgp
