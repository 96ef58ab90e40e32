// Decoys over the loopback interface, which signs and checks as any other.
#include "tcpmd5/decoy/decoy_receiver.h"
#include "tcpmd5/decoy/decoy_sender.h"
#include "tcpmd5/keyed_socket.h"

#include "tests/unit/tcpmd5/loopback.h"

#include <gtest/gtest.h>

#include <csignal>
#include <functional>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::make_address;
using namespace std::chrono_literals;

class DecoyStream : public testing::TestWithParam<const char*> {
 protected:
  DecoyStream() { (void)std::signal(SIGPIPE, SIG_IGN); }
  ~DecoyStream() override {
    if (sender_) sender_->stop();
    if (receiver_) receiver_->stop();
    io_.poll();
  }

  address here() const { return make_address(GetParam()); }

  void receive(const Key& key, std::uint16_t port = 0, std::chrono::seconds patience = 60s) {
    auto opened =
        DecoyReceiver::open(io_, {.local = here(), .from = here(), .key = key, .patience = patience, .port = port});
    ASSERT_TRUE(std::holds_alternative<std::shared_ptr<DecoyReceiver>>(opened)) << std::get<std::string>(opened);
    receiver_ = std::get<std::shared_ptr<DecoyReceiver>>(std::move(opened));
  }
  void send(const Key& key, std::uint16_t port) {
    sender_ =
        std::make_shared<DecoySender>(io_, DecoyTarget{.local = here(), .remote = here(), .key = key, .port = port});
  }
  // Runs handlers until it is true; false: it did not become so.
  bool until(const std::function<bool()>& is, std::chrono::milliseconds at_most = 10s) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (!is()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      io_.run_one_for(50ms);
    }
    return true;
  }

  boost::asio::io_context io_{1};
  std::shared_ptr<DecoyReceiver> receiver_;
  std::shared_ptr<DecoySender> sender_;
};
INSTANTIATE_TEST_SUITE_P(Families, DecoyStream, testing::Values("127.0.0.1", "::1"));

TEST_P(DecoyStream, RunsRoundAfterRoundAndAllOfItArrives) {
  receive(Key("made up"));
  send(Key("made up"), receiver_->port());
  sender_->run();
  ASSERT_TRUE(until([&] { return sender_->tally().rounds >= 1; })) << sender_->tally().problem;
  EXPECT_EQ(sender_->tally().connections, 1U);
  EXPECT_EQ(receiver_->connections(), 1U);
  EXPECT_EQ(sender_->tally().frozen, 0U);
  const std::uint64_t acknowledged = sender_->tally().acknowledged;
  EXPECT_TRUE(until([&] { return receiver_->received() >= acknowledged; }));
}

TEST_P(DecoyStream, WithAnotherKeyNothingGetsThroughAndFreshSynsFollow) {
  receive(Key("made up"));
  send(Key("another"), receiver_->port());
  sender_->run();
  ASSERT_TRUE(until([&] { return sender_->tally().attempts >= 3; }));
  EXPECT_EQ(sender_->tally().connections, 0U);
  EXPECT_EQ(receiver_->connections(), 0U);
}

TEST_P(DecoyStream, WritesNothingUntilItIsAsked) {
  receive(Key("made up"));
  send(Key("made up"), receiver_->port());
  sender_->provoke({.min_payload = 1400, .failure_rate = 1.0});
  ASSERT_TRUE(until([&] { return sender_->tally().acknowledged > 4 * 1400; }));
  const std::uint64_t after_the_first = sender_->tally().acknowledged;
  EXPECT_FALSE(until([&] { return sender_->tally().acknowledged > after_the_first + 200'000; }, 500ms));
  const std::uint64_t at_rest = sender_->tally().acknowledged;
  sender_->provoke({.min_payload = 1400, .failure_rate = 1.0});
  EXPECT_TRUE(until([&] { return sender_->tally().acknowledged > at_rest; }));
  EXPECT_EQ(sender_->tally().connections, 1U) << "what gets through needs no new connection";
}

TEST_P(DecoyStream, WhereOnlySynsFailEachRequestIsANewConnection) {
  receive(Key("made up"));
  send(Key("made up"), receiver_->port());
  sender_->provoke({.syn_only = true});
  ASSERT_TRUE(until([&] { return sender_->tally().connections == 1; }));
  ASSERT_FALSE(until([] { return false; }, DecoySender::kRetry));
  sender_->provoke({.syn_only = true});
  EXPECT_TRUE(until([&] { return sender_->tally().connections == 2 && receiver_->connections() == 2; }));
}

TEST_P(DecoyStream, BeginsAnewWhenNothingIsAcknowledged) {
  // Accepts by the kernel alone, and reads nothing: the window closes, as if what is sent vanished.
  Socket deaf(here().is_v4() ? AF_INET : AF_INET6);
  ASSERT_EQ(set_key(deaf.fd(), {here(), here().is_v4() ? 32 : 128}, Key("made up")), std::nullopt);
  const int little = 4096;
  ASSERT_EQ(::setsockopt(deaf.fd(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
  deaf.listen();
  send(Key("made up"), deaf.port());
  sender_->run();
  ASSERT_TRUE(until([&] { return sender_->tally().frozen >= 1 && sender_->tally().attempts >= 2; }));
}

TEST_P(DecoyStream, ComesBackWhenTheReceiverDoes) {
  receive(Key("made up"));
  const std::uint16_t port = receiver_->port();
  send(Key("made up"), port);
  sender_->run();
  ASSERT_TRUE(until([&] { return sender_->tally().acknowledged > 0; }));
  receiver_->stop();
  ASSERT_TRUE(until([&] { return sender_->tally().attempts >= 2; }));
  receive(Key("made up"), port);
  EXPECT_TRUE(until([&] { return sender_->tally().connections == 2; })) << sender_->tally().problem;
}

TEST_P(DecoyStream, WhoeverHasNoKeyDoesNotGetIn) {
  receive(Key("made up"));
  Socket stranger(here().is_v4() ? AF_INET : AF_INET6);
  stranger.connect(receiver_->port());
  EXPECT_FALSE(until([&] { return receiver_->connections() > 0; }, 200ms));
}

TEST_P(DecoyStream, TheReceiverLosesItsPatience) {
  receive(Key("made up"), 0, 1s);
  const std::uint16_t port = receiver_->port();
  send(Key("made up"), port);
  sender_->run();
  ASSERT_TRUE(until([&] { return sender_->tally().connections == 1; }));
  EXPECT_TRUE(until([&] { return sender_->tally().attempts >= 2; })) << "its connection was ended";
  EXPECT_FALSE(until([&] { return sender_->tally().connections > 1; }, 600ms)) << "and no other is accepted";
}

TEST_P(DecoyStream, ASessionWithAnotherKeyToTheSameAddressGoesOn) {
  const PeerSpec peer{here(), here().is_v4() ? 32 : 128};
  Socket listener(here().is_v4() ? AF_INET : AF_INET6), session(here().is_v4() ? AF_INET : AF_INET6);
  ASSERT_EQ(set_key(listener.fd(), peer, Key("the session's")), std::nullopt);
  listener.listen();
  ASSERT_EQ(set_key(session.fd(), peer, Key("the session's")), std::nullopt);
  session.connect(listener.port());
  ASSERT_TRUE(session.ready(POLLOUT, 2000));
  const Socket accepted = Socket::adopt(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  receive(Key("made up"));
  send(Key("made up"), receiver_->port());
  sender_->run();
  ASSERT_TRUE(until([&] { return sender_->tally().acknowledged > 0; }));
  ASSERT_EQ(::send(session.fd(), "x", 1, 0), 1);
  EXPECT_TRUE(accepted.ready(POLLIN, 2000));
}

TEST(DecoyReceiverErrors, AreToldInWords) {
  boost::asio::io_context io;
  const auto opened = DecoyReceiver::open(
      io, {.local = make_address("192.0.2.77"), .from = make_address("192.0.2.1"), .key = Key("made up"), .port = 1});
  ASSERT_TRUE(std::holds_alternative<std::string>(opened));
  EXPECT_NE(std::get<std::string>(opened).find("192.0.2.77"), std::string::npos) << std::get<std::string>(opened);
  const auto mixed =
      DecoyReceiver::open(io, {.local = make_address("::1"), .from = make_address("192.0.2.1"), .key = Key("made up")});
  EXPECT_TRUE(std::holds_alternative<std::string>(mixed));
}

}  // namespace
}  // namespace tw::tcpmd5
