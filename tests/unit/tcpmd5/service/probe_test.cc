// The gate for probes and their vantage, on an io_context that the test runs itself.
#include "tcpmd5/service/probes.h"

#include "tests/unit/tcpmd5/frames.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace tw::tcpmd5::testing {
namespace {

class ProbeTest : public ::testing::Test {
 protected:
  ProbeTest() {
    probes.allow({"rack"}, "nobody is expected");
    probes.set_vantage("rack", &probe);
  }
  ~ProbeTest() override {
    session.reset();
    run();
  }

  void run() {
    io.restart();
    io.poll();
  }
  std::unique_ptr<ProbeIntake::Session> connect() {
    auto connected = probes.connect({.name = "rack", .interface = "eth1", .decoy_addresses = {}},
                                    {.request = [this](const ProbeRequest& asked) { requests.push_back(asked); },
                                     .ended = [this](const std::string& why) { ended.push_back(why); }});
    run();
    return std::get<std::unique_ptr<ProbeIntake::Session>>(std::move(connected));
  }
  void say(ProbeMessage message) {
    session->take(std::move(message), [this] { ++taken; });
  }
  static ProbeBatch batch(const Frame& frame, std::uint64_t dropped = 0) {
    return {.link = LinkType::kEthernet, .frames = {{frame, 0, false}}, .dropped = dropped};
  }

  boost::asio::io_context io;
  std::size_t copies = 0, changes = 0, taken = 0;
  Blindness blind;
  std::vector<ProbeRequest> requests;
  std::vector<std::string> ended;
  Probe probe{"rack",
              {.copies = [this](auto seen, const std::string&) { copies += seen.size(); },
               .blind =
                   [this](Blindness more) {
                     blind.dropped += more.dropped;
                     blind.truncated += more.truncated;
                   }}};
  Probes probes{io, [this] { ++changes; }};
  std::unique_ptr<ProbeIntake::Session> session;
};

TEST_F(ProbeTest, WhoIsNotConfiguredIsToldWhy) {
  const auto refused = probes.connect({.name = "other", .interface = "eth1", .decoy_addresses = {}}, {});
  EXPECT_EQ(std::get<std::string>(refused), "nobody is expected");
}

TEST_F(ProbeTest, IsAVantageWhileItIsConnectedAndSaysSoOtherwise) {
  EXPECT_FALSE(probe.working());
  EXPECT_EQ(probe.status().problem, "no probe of this name is connected");
  session = connect();
  EXPECT_TRUE(probe.working());
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(std::get<ProbeWatch>(requests[0]).ports.front(), 179);
  session.reset();
  run();
  EXPECT_FALSE(probe.working());
  EXPECT_EQ(changes, 2U);
  EXPECT_TRUE(ended.empty());  // it went by itself
}

TEST_F(ProbeTest, CopiesDropsAndTruncationAreCountedAndDropsAreBlindness) {
  session = connect();
  blind = {};
  const Frame whole = captured_frame(4, 0);
  say(batch(whole, 7));
  run();
  say(batch(Frame(whole.begin(), whole.end() - 10)));
  run();
  EXPECT_EQ(copies, 1U);
  const SourceStatus status = probe.status();
  EXPECT_EQ(status.frames, 2U);
  EXPECT_EQ(status.dropped, 7U);
  EXPECT_EQ(status.truncated, 1U);
  EXPECT_EQ(blind.dropped, 7U);
  EXPECT_EQ(blind.truncated, 1U);
}

TEST_F(ProbeTest, AMessageOutOfTurnIsDroppedAndCounted) {
  session = connect();
  blind = {};
  const Frame frame = captured_frame(4, 0);
  for (int i = 0; i < 1000; i++) say(batch(frame));
  EXPECT_EQ(taken, 999U);  // at once: nothing of them waits
  run();
  EXPECT_EQ(copies, 1U);
  EXPECT_EQ(taken, 1000U);
  EXPECT_EQ(blind.dropped, 999U);
}

TEST_F(ProbeTest, GarbageMakesNoCopy) {
  session = connect();
  for (std::size_t length = 0; length < 200; length++) {
    say(batch(Frame(length, static_cast<std::uint8_t>(length * 7))));
    run();
  }
  EXPECT_EQ(copies, 0U);
  EXPECT_EQ(probe.status().frames, 200U);
}

TEST_F(ProbeTest, MoreFramesThanABatchMayHoldAreNotLookedAt) {
  session = connect();
  ProbeBatch large{.link = LinkType::kEthernet, .frames = {}, .dropped = 0};
  large.frames.resize(ProbeIntake::kMaxFrames + 3);
  say(std::move(large));
  run();
  EXPECT_EQ(probe.status().frames, ProbeIntake::kMaxFrames);
  EXPECT_EQ(probe.status().dropped, 3U);
}

TEST_F(ProbeTest, NumbersThatOverflowDoNotWrap) {
  session = connect();
  for (int i = 0; i < 2; i++) {
    say(ProbeState{"", std::uint64_t(-1)});
    run();
  }
  EXPECT_EQ(probe.status().dropped, std::uint64_t(-1));
}

TEST_F(ProbeTest, ItsWordsAreMadePrintableAndShort) {
  session = connect();
  say(ProbeState{"no\x1b[2J\n" + std::string(10'000, 'x'), 0});
  run();
  EXPECT_FALSE(probe.working());
  EXPECT_EQ(probe.status().problem.substr(0, 8), "no?[2J?x");
  EXPECT_LE(probe.status().problem.size(), 400U);
  say(ProbeState{"", 0});
  run();
  EXPECT_TRUE(probe.working());
}

TEST_F(ProbeTest, ASecondOfItsNameReplacesTheFirstWhoseWordsCountNoMore) {
  const auto first = connect();
  session = connect();
  EXPECT_EQ(ended, std::vector<std::string>{"another probe of this name has connected"});
  first->take(batch(captured_frame(4, 0)), [] {});
  run();
  EXPECT_EQ(copies, 0U);
  EXPECT_TRUE(probe.working());
}

TEST_F(ProbeTest, WhoWaitsForADecoyHearsThatTheProbeIsGone) {
  std::size_t answers = 0, gone = 0;
  probe.set_decoy_handlers({.answer = [&](const DecoyAnswer&) { ++answers; }, .gone = [&] { ++gone; }});
  EXPECT_FALSE(probe.request(DecoyEnd{1}));
  session = connect();
  EXPECT_TRUE(probe.request(DecoyEnd{1}));
  say(DecoyAnswer{.id = 1, .result = "refused"});
  run();
  EXPECT_EQ(answers, 1U);
  session.reset();
  run();
  EXPECT_EQ(gone, 1U);
  probe.set_decoy_handlers({});
}

}  // namespace
}  // namespace tw::tcpmd5::testing
