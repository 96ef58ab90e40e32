// Decoy streams towards a probe that does as the test says, in a network namespace of the test's own.
#include "tcpmd5/service/decoys.h"

#include "tcpmd5/decoy/decoy_receiver.h"
#include "tests/unit/tcpmd5/offload/private_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <vector>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::make_address;
using namespace std::chrono_literals;
using State = PreflightView::Stream;

const DecoyName kV4{"rack", true}, kV6{"rack", false};

class DecoysTest : public testing::Test {
 protected:
  DecoysTest() {
    (void)std::signal(SIGPIPE, SIG_IGN);
    ip("addr add 192.0.2.112/24 dev nic");
    ip("addr add 2001:db8::112/64 dev nic nodad");
    ip("link set nic up");
    decoys_.add_probe("rack", probe_);
  }
  ~DecoysTest() override {
    if (receiver_) receiver_->stop();
    decoys_.forget_probes();
    io_.poll();
  }

  void connect(std::vector<const char*> addresses) {
    ProbeIdentity identity{.name = "rack", .interface = "eth0", .decoy_addresses = {}};
    for (const char* text : addresses) identity.decoy_addresses.push_back(make_address(text));
    probe_.connected(++session_, std::move(identity),
                     {.request = [this](const ProbeRequest& request) { requests_.push_back(request); },
                      .ended = [](const std::string&) {}});
    resolve();
  }
  void resolve() { paths_.resolve(decoys_.destinations()); }
  void answer(std::variant<address, std::string> result) {
    probe_.said(session_, DecoyAnswer{.id = asked().id, .result = std::move(result)});
  }
  // The last DecoyRequest.
  const DecoyRequest& asked() const { return std::get<DecoyRequest>(requests_.back()); }
  bool ended(std::uint64_t id) const {
    const auto* end = std::get_if<DecoyEnd>(&requests_.back());
    return end != nullptr && end->id == id;
  }
  PreflightView view(const DecoyName& name = kV4) const {
    PreflightView view;
    decoys_.view(name, view);
    return view;
  }
  bool until(const std::function<bool()>& is) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!is() && std::chrono::steady_clock::now() < end) io_.run_one_for(50ms);
    return is();
  }

  PrivateNetwork network_;
  TapDevice nic_{"nic"};
  boost::asio::io_context io_{1};
  Paths paths_;
  int keys_changed_ = 0;
  Decoys decoys_{io_, paths_, [this] { ++keys_changed_; }};
  Probe probe_{"rack", {.copies = [](auto, const std::string&) {}, .blind = [](Blindness) {}}};
  std::vector<ProbeRequest> requests_;
  std::shared_ptr<DecoyReceiver> receiver_;
  std::uint64_t session_ = 0;
  TimePoint now_ = TimePoint{} + 1h;
};

TEST_F(DecoysTest, AsksTheProbeWithAKeyThatTheVerifierGetsToo) {
  connect({"192.0.2.9"});
  ASSERT_EQ(decoys_.run(kV4, now_), std::nullopt);
  EXPECT_EQ(asked().from, make_address("192.0.2.112"));
  ASSERT_EQ(decoys_.keyed().size(), 1U);
  EXPECT_EQ(decoys_.keyed()[0].peer.address, make_address("192.0.2.9"));
  EXPECT_EQ(decoys_.keyed()[0].keys, std::vector<Key>{asked().key});
  EXPECT_GT(keys_changed_, 0) << "before the first SYN";
  EXPECT_EQ(view().stream, State::kAsked);
}

TEST_F(DecoysTest, EveryStreamHasAKeyOfItsOwn) {
  connect({"192.0.2.9", "2001:db8::9"});
  ASSERT_EQ(decoys_.run(kV4, now_), std::nullopt);
  const Key first = asked().key;
  ASSERT_EQ(decoys_.run(kV6, now_), std::nullopt);
  EXPECT_EQ(asked().from, make_address("2001:db8::112"));
  EXPECT_FALSE(asked().key == first);
}

TEST_F(DecoysTest, SendsWhereTheProbeAwaitsIt) {
  connect({"192.0.2.112"});  // the probe is this host, so that there is somebody who accepts
  ASSERT_EQ(decoys_.run(kV4, now_), std::nullopt);
  auto opened =
      DecoyReceiver::open(io_, {.local = make_address("192.0.2.112"), .from = asked().from, .key = asked().key});
  receiver_ = std::get<std::shared_ptr<DecoyReceiver>>(std::move(opened));
  answer(make_address("192.0.2.112"));
  ASSERT_TRUE(until([&] { return view().tally.connections == 1; })) << view().tally.problem;
  EXPECT_EQ(view().stream, State::kSending);
  EXPECT_TRUE(until([&] { return receiver_->received() > 0; }));
}

TEST_F(DecoysTest, ARefusalIsRememberedForAWhile) {
  connect({"192.0.2.9"});
  ASSERT_EQ(decoys_.run(kV4, now_), std::nullopt);
  answer("started with --no-decoys");
  EXPECT_EQ(view().stream, State::kRefused);
  EXPECT_EQ(view().problem, "started with --no-decoys");
  EXPECT_TRUE(decoys_.keyed().empty());
  EXPECT_TRUE(decoys_.paths().empty()) << "no trial waits for decoys that are not to be had";
}

TEST_F(DecoysTest, AnAddressThatTheProbeDidNotAnnounceIsNotConnectedTo) {
  connect({"192.0.2.9"});
  ASSERT_EQ(decoys_.run(kV4, now_), std::nullopt);
  answer(make_address("192.0.2.200"));
  EXPECT_EQ(view().stream, State::kRefused);
  EXPECT_EQ(view().tally.attempts, 0U);
}

TEST_F(DecoysTest, AnswersThatNobodyAskedForAreIgnored) {
  connect({"192.0.2.9"});
  ASSERT_EQ(decoys_.run(kV4, now_), std::nullopt);
  probe_.said(session_, DecoyAnswer{.id = asked().id + 7, .result = make_address("192.0.2.9")});
  EXPECT_EQ(view().stream, State::kAsked);
}

TEST_F(DecoysTest, AProbeThatLeavesEndsItsStreams) {
  connect({"192.0.2.9"});
  ASSERT_EQ(decoys_.run(kV4, now_), std::nullopt);
  answer(make_address("192.0.2.9"));
  probe_.gone(session_);
  EXPECT_EQ(view().stream, State::kGone);
  EXPECT_TRUE(decoys_.keyed().empty());
  EXPECT_TRUE(decoys_.paths().empty());
  decoys_.end(kV4);
  connect({"192.0.2.9"});
  EXPECT_EQ(decoys_.run(kV4, now_), std::nullopt) << "and can come back";
}

TEST_F(DecoysTest, EndingAStreamTellsTheProbe) {
  connect({"192.0.2.9"});
  ASSERT_EQ(decoys_.run(kV4, now_), std::nullopt);
  const std::uint64_t id = asked().id;
  decoys_.end(kV4);
  EXPECT_TRUE(ended(id));
  EXPECT_TRUE(decoys_.keyed().empty());
}

TEST_F(DecoysTest, TellsTheDeviceThatDecoysWouldLeaveBy) {
  connect({"192.0.2.9", "2001:db8::9", "fe80::9", "127.0.0.1"});
  EXPECT_EQ(decoys_.paths(), (DecoyPaths{{{nic_.index(), true}, {make_address("192.0.2.9")}},
                                         {{nic_.index(), false}, {make_address("2001:db8::9")}}}));
}

TEST_F(DecoysTest, ATrialsNeedOpensAStreamThatEndsWhenItIsIdle) {
  connect({"192.0.2.9"});
  const DecoyNeed need{.path = {nic_.index(), true}, .kind = {}};
  decoys_.provoke(need, now_);
  const std::uint64_t id = asked().id;
  answer(make_address("192.0.2.9"));
  decoys_.tick(now_ + Decoys::kIdle / 2);
  decoys_.provoke(need, now_ + Decoys::kIdle / 2);
  decoys_.tick(now_ + Decoys::kIdle);
  EXPECT_EQ(view().stream, State::kSending) << "it was needed again";
  decoys_.tick(now_ + 2 * Decoys::kIdle);
  EXPECT_TRUE(ended(id));
}

TEST_F(DecoysTest, ANeedOfAnotherDeviceOrFamilyOpensNothing) {
  connect({"192.0.2.9"});
  const std::size_t before = requests_.size();
  decoys_.provoke({.path = {nic_.index() + 1, true}, .kind = {}}, now_);
  decoys_.provoke({.path = {nic_.index(), false}, .kind = {}}, now_);
  EXPECT_EQ(requests_.size(), before);
}

TEST_F(DecoysTest, AProbeThatCannotCaptureIsNoWitness) {
  connect({"192.0.2.9"});
  probe_.said(session_, ProbeState{.problem = "eth0 merges what it receives", .dropped = 0});
  EXPECT_TRUE(decoys_.paths().empty());
}

TEST_F(DecoysTest, WhatCannotBeRunIsToldInWords) {
  EXPECT_THAT(decoys_.run({"nobody", true}, now_).value_or(""), testing::HasSubstr("probe:nobody"));
  EXPECT_THAT(decoys_.run(kV4, now_).value_or(""), testing::HasSubstr("connected"));
  connect({"192.0.2.9"});
  EXPECT_THAT(decoys_.run(kV6, now_).value_or(""), testing::HasSubstr("IPv6"));
}

}  // namespace
}  // namespace tw::tcpmd5
