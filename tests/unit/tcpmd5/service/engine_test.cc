// The verifier as a whole, in virtual time: batches of frames go in, verdicts and what is remembered come out.
#include "tcpmd5/service/engine.h"

#include "tests/unit/tcpmd5/offload/scripted_offloads.h"
#include "tests/unit/tcpmd5/verify/rig.h"

#include <deque>

namespace tw::tcpmd5 {
namespace {

struct NoJournal : Journal {
  std::optional<std::string> begin_trial(unsigned, const DeviceFeatures&) override { return std::nullopt; }
  void end_trial(unsigned) override {}
  std::optional<std::string> put_remedy(const Verdict&, const DeviceFeatures&) override { return std::nullopt; }
  void remove_remedy(unsigned) override {}
};

class EngineTest : public testing::Test {
 protected:
  EngineTest() { keys({rig.key}); }
  void keys(std::vector<Key> keys) { engine.set_peers({{.peer = {rig.peer, 32}, .keys = std::move(keys)}}); }

  void goes(Frame frame) { add(std::move(frame), true); }
  void comes(Frame frame) { add(std::move(frame), false); }
  // The frames so far, as one batch.
  void pass() {
    engine.on_host(batch, rig.now);
    batch.clear();
  }
  // An acknowledgment of all that was sent.
  Frame acknowledgment() {
    Draft draft = rig.draft(0);
    std::swap(draft.source, draft.destination);
    std::swap(draft.source_port, draft.destination_port);
    draft.sequence = rig.peer_next;
    draft.acknowledgment = rig.next;
    Frame frame = frame_of(draft);
    sign(frame, rig.key);
    return frame;
  }
  const PeerMemory& memory() { return engine.peers().at(rig.peer); }
  std::uint64_t count(FaultClass fault) { return memory().findings[static_cast<std::size_t>(fault)]; }

  Rig rig{4};
  ScriptedOffloads offloads;
  NoJournal journal;
  Engine engine{offloads, journal, [](unsigned ifindex, const address&) {
                  return LowestDevice{.ifindex = ifindex + 100, .name = "eth0"};
                }};
  std::vector<HostCopy> batch;

 private:
  void add(Frame frame, bool outgoing) {
    frames.push_back(std::move(frame));
    batch.push_back({.copy = rig.copy_of(frames.back()), .outgoing = outgoing});
  }
  std::deque<Frame> frames;
};

TEST_F(EngineTest, RemembersOverWhichDeviceAPeerIsReached) {
  goes(rig.make(100));
  pass();
  EXPECT_EQ(memory().ifindex, Rig::kDevice + 100);
  EXPECT_FALSE(memory().last_fault);
}

TEST_F(EngineTest, JudgesEachCopyOfABatchByItself) {
  Frame wrong = rig.make_received(10);
  Frame twin = wrong;
  sign(wrong, rig.other_key);
  goes(rig.make(100));
  rig.now += 20ms;
  comes(wrong);
  pass();
  engine.tick(rig.now += 5ms);
  EXPECT_EQ(count(FaultClass::kReceivedWrongKey), 1U);
  EXPECT_FALSE(memory().last_accepted) << "what is not signed validly acknowledges nothing";
  // Beside its forged twin, of the same addresses, ports and numbers, the true segment counts.
  comes(wrong);
  comes(acknowledgment());
  comes(twin);
  pass();
  engine.tick(rig.now += 5ms);
  EXPECT_EQ(count(FaultClass::kReceivedWrongKey), 2U);
  EXPECT_TRUE(memory().last_accepted);
}

TEST_F(EngineTest, WhatBatchesInQuickSuccessionBringIsSettledByTheNextTick) {
  goes(rig.make(100));
  pass();
  rig.now += 1ms;
  comes(acknowledgment());
  pass();
  ASSERT_LE(engine.deadline(), rig.now) << "there is news to settle";
  engine.tick(rig.now += 5ms);
  EXPECT_EQ(memory().last_accepted, rig.now);
}

TEST_F(EngineTest, CountsFindingsByTheirClass) {
  Draft draft = rig.draft(50);
  draft.with_option = false;
  goes(rig.make(draft));
  goes(rig.make(100));
  goes(rig.make(draft));
  pass();
  EXPECT_EQ(count(FaultClass::kSentUnsigned), 2U);
  EXPECT_EQ(count(FaultClass::kSentWrongDigest), 0U);
}

TEST_F(EngineTest, TellsOnceThatAnUnkeyedNeighborSigns) {
  keys({});
  for (int i = 0; i < 3; ++i) {
    comes(rig.make_received(0));
    rig.now += 1s;
    pass();
  }
  const Engine::News news = engine.take();
  ASSERT_EQ(news.verdicts.size(), 1U);
  EXPECT_EQ(news.verdicts[0].peer, rig.peer);
  EXPECT_EQ(news.verdicts[0].fault, "received-unexpected");
  EXPECT_EQ(news.verdicts[0].confidence, Confidence::kReported);
  EXPECT_NE(news.verdicts[0].text.find("signs with TCP-MD5 and no key is configured for it"), std::string::npos)
      << news.verdicts[0].text;
  EXPECT_EQ(count(FaultClass::kReceivedUnexpected), 3U);
}

TEST_F(EngineTest, RemembersNothingOfAnUnkeyedNeighborThatDoesNotSign) {
  keys({});
  Draft draft = rig.draft(50);
  draft.with_option = false;
  goes(rig.make(draft));
  comes(stripped_by_cutting(rig.make_received(10)));
  pass();
  EXPECT_TRUE(engine.peers().empty());
}

TEST_F(EngineTest, ForgetsWhoIsNoLongerConfigured) {
  goes(rig.make(100));
  pass();
  keys({});
  EXPECT_TRUE(engine.peers().contains(rig.peer)) << "a neighbour whose key was taken away is still one";
  engine.set_peers({});
  EXPECT_TRUE(engine.peers().empty());
}

}  // namespace
}  // namespace tw::tcpmd5
