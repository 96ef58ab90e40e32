// Whatever is thrown at the verifier, what it keeps stays within its bounds, and what it has forgotten it does not
// guess.
#include "tcpmd5/verify/flow_table.h"
#include "tests/unit/tcpmd5/verify/rig.h"

#include <deque>

namespace tw::tcpmd5 {
namespace {

KeptSegments keep(Rig& rig, KeptSegments::Limits limits, std::size_t count, std::size_t payload) {
  KeptSegments kept(limits);
  for (std::size_t i = 0; i < count; ++i) {
    const Frame frame = rig.make(payload);
    kept.add(rig.copy_of(frame), true, 0);
  }
  return kept;
}

TEST(KeptSegments, ForgetsTheOldestBeyondItsNumber) {
  Rig rig(4);
  const std::uint32_t first = rig.next;
  KeptSegments kept = keep(rig, {.segments = 10, .octets = 1 << 20}, 25, 100);
  EXPECT_EQ(kept.size(), 10U);
  EXPECT_TRUE(kept.at_sequence(first + 14 * 100, 100, 1).empty());
  EXPECT_EQ(kept.at_sequence(first + 15 * 100, 100, 1).size(), 1U);
  EXPECT_TRUE(kept.forgot_expected());
}

TEST(KeptSegments, ForgetsTheOldestBeyondItsOctets) {
  Rig rig(4);
  const KeptSegments kept = keep(rig, {.segments = 1000, .octets = 10000}, 100, 946);
  EXPECT_LE(kept.octets(), 10000U);
  EXPECT_EQ(kept.size(), 9U) << "of 1020 octets each";
}

TEST(KeptSegments, ForgettingWhatCameLeavesNoGapInKnowledge) {
  Rig rig(4);
  KeptSegments kept({.segments = 2, .octets = 1 << 20});
  for (int i = 0; i < 10; ++i) {
    const Frame frame = rig.make(100);
    kept.came(kept.add(rig.copy_of(frame), true, 0));
  }
  EXPECT_FALSE(kept.forgot_expected());
  EXPECT_EQ(kept.oldest_expected(), nullptr);
}

TEST(KeptSegments, KeepsTheFramesOctetForOctetUntilTheyAreForgotten) {
  Rig rig(6);
  KeptSegments kept({.segments = 64, .octets = 1 << 20});
  std::deque<Frame> sent;
  for (int i = 0; i < 2000; ++i) {
    sent.push_back(rig.make(rig.random() % 3000));
    kept.add(rig.copy_of(sent.back()), true, 0);
    if (sent.size() > 64) sent.pop_front();
    const Segment oldest = segment_in(sent.front());
    const auto found = kept.at_sequence(oldest.sequence, oldest.payload.size(), 64);
    ASSERT_FALSE(found.empty());
    ASSERT_TRUE(
        std::equal(found.back()->frame.begin(), found.back()->frame.end(), sent.front().begin(), sent.front().end()));
  }
}

TEST(KeptSegments, AgeForgetsAllButTheYoungest) {
  Rig rig(4);
  KeptSegments kept = keep(rig, KeptSegments::Limits{}, 50, 10);
  kept.forget_older(rig.now + 1s, 32);
  EXPECT_EQ(kept.size(), 32U);
  kept.forget_older(rig.now, 0);
  EXPECT_EQ(kept.size(), 32U) << "none is older";
}

TEST(KeptSegments, TheTwinIsFoundInOrderOutOfOrderAndAgain) {
  Rig rig(4);
  KeptSegments kept;
  std::vector<Frame> frames;
  for (int i = 0; i < 100; ++i) {
    frames.push_back(rig.make(50));
    kept.add(rig.copy_of(frames.back()), true, 0);
  }
  for (const std::size_t at : {0, 1, 2, 5, 4, 3, 3, 60, 59, 99}) {
    const KeptSegment* const twin = kept.twin(segment_in(frames[at]));
    ASSERT_NE(twin, nullptr) << at;
    EXPECT_EQ(twin->sequence, segment_in(frames[at]).sequence);
  }
  Frame changed = frames[98];
  changed[payload_at(changed)] ^= 1;
  EXPECT_EQ(kept.twin(segment_in(changed)), nullptr);
  Frame clamped = frames[98];  // an option's value may change: the digest does not cover it
  clamped[tcp_at(clamped) + 20] = 0;
  EXPECT_EQ(kept.twin(segment_in(clamped)), nullptr) << "an end of options hides the digest";
}

TEST(FlowTable, ForgetsTheFlowUnusedForLongest) {
  Rig rig(4);
  FlowTable flows;
  flows.set_peers({{.peer = {rig.peer, 32}, .keys = {rig.key}}});
  const auto id = [&rig](std::size_t port) {
    return FlowId{
        .local = rig.us, .remote = rig.peer, .local_port = static_cast<std::uint16_t>(port), .remote_port = 179};
  };
  for (std::size_t port = 1; port <= Verifier::kMaxFlows; ++port) flows.obtain(id(port), rig.now);
  ASSERT_NE(flows.find(id(1)), nullptr);  // used
  flows.obtain(id(60000), rig.now);
  EXPECT_EQ(flows.size(), Verifier::kMaxFlows);
  EXPECT_NE(flows.find(id(1)), nullptr);
  EXPECT_EQ(flows.find(id(2)), nullptr);
  flows.set_peers({});
  EXPECT_EQ(flows.size(), 0U);
  EXPECT_FALSE(flows.is_local(rig.us));
}

TEST(PeerTable, AddressesInsideAPrefixAreCountedUpToABound) {
  PeerTable peers;
  peers.set({{.peer = {make_address("10.0.0.0"), 8}, .keys = {Key("k")}},
             {.peer = {make_address("10.255.255.1"), 32}, .keys = {Key("k")}}});
  for (std::uint32_t i = 0; i < 2 * PeerTable::kMaxKnown; ++i)
    ++peers.known(boost::asio::ip::address_v4(0x0a000000 + i)).counts.received;
  ++peers.known(make_address("10.255.255.1")).counts.received;
  EXPECT_EQ(peers.find_known(make_address("10.255.255.1"))->counts.received, 1U) << "who is named is always counted";
  EXPECT_EQ(peers.find_known(boost::asio::ip::address_v4(0x0a000000 + 2 * PeerTable::kMaxKnown - 1)), nullptr);
}

TEST(PeerTable, TheLongestPrefixIsFoundAndScopesDoNotMatter) {
  PeerTable peers;
  peers.set({{.peer = {make_address("fe80::"), 10}, .keys = {Key("range")}},
             {.peer = {make_address("fe80::1"), 128}, .keys = {Key("one")}}});
  EXPECT_EQ(peers.keys_of(make_address("fe80::1%3"))->front(), Key("one"));
  EXPECT_EQ(peers.keys_of(make_address("fe80::2"))->front(), Key("range"));
  EXPECT_EQ(peers.keys_of(make_address("2001:db8::1")), nullptr);
}

TEST(VerifierMemory, ForgottenReferencesMakeDamageUncheckableNotInjected) {
  Rig rig(4);
  Frame early = rig.hand_over(1440);
  for (std::size_t i = 0; i < Verifier::kMaxKeptSegments + 10; ++i) rig.sent(rig.make(0));
  early.back() ^= 1;
  finish_checksum(early);
  rig.wire(early);
  rig.advance(200ms);
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.verifier.uncheckable(), 1U);
}

TEST(VerifierMemory, AFloodOfForgedCopiesIsHeldBackUpToABoundAndCounted) {
  Rig rig(4);
  const Frame forged = frame_of(rig.draft(1440));
  constexpr std::size_t kCopies = 20000;
  for (std::size_t i = 0; i < kCopies; ++i) rig.wire(forged);
  rig.advance(2s);
  EXPECT_EQ(rig.counts().wire, kCopies + 1);
  EXPECT_EQ(rig.found.size() + rig.verifier.uncheckable(), kCopies);
  for (const Finding& it : rig.found) EXPECT_EQ(it.fault, FaultClass::kInjected);
}

TEST(VerifierMemory, DamageBehindAFloodIsUncheckableRatherThanCalledInjected) {
  Rig rig(4);
  Draft draft = rig.draft(100);
  draft.sequence += 1000000;
  const Frame forged = frame_of(draft);
  for (int i = 0; i < 20000; ++i) rig.wire(forged);
  Frame damaged = rig.hand_over(100);
  damaged.back() ^= 1;
  finish_checksum(damaged);
  rig.wire(damaged);
  rig.advance(200ms);
  for (const Finding& it : rig.found) EXPECT_NE(it.sequence, segment_in(damaged).sequence) << it.text;
  EXPECT_GT(rig.verifier.uncheckable(), 0U);
}

TEST(VerifierMemory, StrangersResetsPushNoFlowOut) {
  Rig rig(4);
  const Frame first = rig.send(1440);
  Frame second = rig.hand_over(1440);
  const std::uint16_t port = rig.port;
  for (std::size_t i = 0; i < 2 * Verifier::kMaxFlows; ++i) {
    Draft reset = rig.draft(0);
    reset.source_port = static_cast<std::uint16_t>(i);
    reset.flags = tcp_flag::kRst;
    reset.with_option = false;
    if (reset.source_port != port) rig.sent(frame_of(reset));
  }
  rig.found.clear();
  copy_digest(first, second);
  rig.wire(second);
  ASSERT_EQ(rig.found.size(), 1U);
  EXPECT_EQ(rig.found[0].fault, FaultClass::kCopiedDigest);
}

}  // namespace
}  // namespace tw::tcpmd5
