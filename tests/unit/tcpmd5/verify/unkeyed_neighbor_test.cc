// Neighbours without a key: that one signs all the same is told in words, and nothing else about them is.
#include "tests/unit/tcpmd5/verify/rig.h"

namespace tw::tcpmd5 {
namespace {

class UnkeyedNeighbor : public BothFamilies {
 protected:
  UnkeyedNeighbor() {
    rig.verifier.set_peers({{.peer = {rig.peer, whole()}, .keys = {}}});
    rig.found.clear();
  }
  int whole() const { return rig.peer.is_v4() ? 32 : 128; }
};
INSTANTIATE_TEST_SUITE_P(, UnkeyedNeighbor, testing::Values(4, 6), family_name);

TEST_P(UnkeyedNeighbor, ThatSignsIsToldByItsAddress) {
  rig.received(rig.make_received(0));
  ASSERT_EQ(rig.found.size(), 1U);
  const Finding& it = rig.found.front();
  EXPECT_EQ(it.fault, FaultClass::kReceivedUnexpected);
  EXPECT_EQ(it.remote, rig.peer);
  EXPECT_EQ(it.local, rig.us);
  EXPECT_EQ(it.text, rig.peer.to_string() + " signs with TCP-MD5 and no key is configured for it");
}

TEST_P(UnkeyedNeighbor, ThatDoesNotSignIsNobodysBusiness) {
  rig.received(stripped_by_cutting(rig.make_received(100)));
  Draft unsigned_one = rig.draft(100);
  unsigned_one.with_option = false;
  rig.sent(rig.make(unsigned_one));
  rig.wire(rig.make(unsigned_one));
  rig.advance(Verifier::kLostAfter + 500ms);
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.counts().received, 0U);
  EXPECT_EQ(rig.counts().reference, 0U);
}

TEST_P(UnkeyedNeighbor, WhoIsInNoEntryMaySignAsHeLikes) {
  Draft draft = rig.draft(0);
  draft.source = rig.somebody;
  draft.destination = rig.us;
  rig.received(rig.make(draft));
  EXPECT_EQ(rig.all(), "");
}

TEST_P(UnkeyedNeighbor, InsideAKeyedRangeIsNotExpectedToSign) {
  rig.verifier.set_peers(
      {{.peer = {rig.peer, whole() - 8}, .keys = {rig.key}}, {.peer = {rig.peer, whole()}, .keys = {}}});
  EXPECT_FALSE(rig.verifier.is_keyed(rig.peer));
  EXPECT_TRUE(rig.verifier.is_known(rig.peer));
  Draft unsigned_one = rig.draft(100);
  unsigned_one.with_option = false;
  rig.sent(rig.make(unsigned_one));
  EXPECT_EQ(rig.all(), "");
}

TEST_P(UnkeyedNeighbor, ThatGetsAKeyIsJudgedByIt) {
  rig.verifier.set_peers({{.peer = {rig.peer, whole()}, .keys = {rig.key}}});
  rig.received(rig.make_received(10));
  EXPECT_EQ(rig.all(), "");
  EXPECT_EQ(rig.counts().received, 1U);
}

}  // namespace
}  // namespace tw::tcpmd5
