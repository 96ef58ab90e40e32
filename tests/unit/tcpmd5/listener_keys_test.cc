// The order in which listeners get and lose keys.
#include "tcpmd5/listener_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::make_address;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

PeerSpec peer(const std::string& text) {
  const auto slash = text.find('/');
  const auto address = make_address(text.substr(0, slash));
  if (slash != std::string::npos) return {address, std::stoi(text.substr(slash + 1))};
  return {address, address.is_v4() ? 32 : 128};
}

std::string describe(const KeyAction& action) {
  struct Describe {
    std::string operator()(const SetListenerKey& it) const { return "set " + to_string(it.peer); }
    std::string operator()(const RemoveListenerKey& it) const { return "remove " + to_string(it.peer); }
    std::string operator()(const DrainAcceptQueue&) const { return "drain"; }
    std::string operator()(const CloseSessions& it) const {
      return "close " + to_string(it.as) + " within " + to_string(it.within);
    }
    std::string operator()(const RekeySessions& it) const { return "rekey " + to_string(it.peer); }
    std::string operator()(const CountSockets& it) const { return "count " + to_string(it.peer); }
  };
  return std::visit(Describe{}, action);
}

std::vector<std::string> describe(const KeyActions& actions) {
  std::vector<std::string> out;
  for (const KeyAction& action : actions) out.push_back(describe(action));
  return out;
}

class ListenerKeysTest : public testing::Test {
 protected:
  // Carries everything out as a kernel without limits would.
  void succeed(const KeyActions& actions) {
    for (const KeyAction& action : actions) {
      if (const auto* set = std::get_if<SetListenerKey>(&action)) succeed(keys.key_set(set->peer, std::nullopt, now));
      if (const auto* gone = std::get_if<RemoveListenerKey>(&action))
        succeed(keys.key_removed(gone->peer, std::nullopt, now));
      if (std::holds_alternative<DrainAcceptQueue>(action)) keys.queue_drained();
    }
  }
  std::vector<std::string> want(const std::vector<WantedKey>& table) { return describe(keys.want(table, now)); }
  void settle(const std::vector<WantedKey>& table) { succeed(keys.want(table, now)); }
  bool admits(const std::string& from) const { return keys.admits(make_address(from)).has_value(); }
  std::string admitted_as(const std::string& from) const {
    const auto as = keys.admits(make_address(from));
    return as ? to_string(*as) : "nobody";
  }

  ListenerKeys keys;
  ListenerKeys::TimePoint now{};
  const Key red{"red"};
  const Key blue{"blue"};
  const Key none;
};

TEST_F(ListenerKeysTest, NobodyIsAdmittedByAnEmptyTable) {
  EXPECT_FALSE(admits("192.0.2.1"));
  EXPECT_EQ(keys.next_tick(), std::nullopt);
}

TEST_F(ListenerKeysTest, ANeighbourIsAdmittedOnlyWhenItsKeyIsSetAndTheQueueDrained) {
  EXPECT_THAT(want({{peer("192.0.2.1"), red}}), ElementsAre("set 192.0.2.1"));
  EXPECT_FALSE(admits("192.0.2.1"));
  EXPECT_THAT(describe(keys.key_set(peer("192.0.2.1"), std::nullopt, now)), ElementsAre("drain"));
  EXPECT_FALSE(admits("192.0.2.1")) << "what is queued came before the key";
  keys.queue_drained();
  EXPECT_EQ(admitted_as("192.0.2.1"), "192.0.2.1");
  EXPECT_FALSE(admits("192.0.2.2"));
}

TEST_F(ListenerKeysTest, AnUnsignedNeighbourNeedsNoKey) {
  EXPECT_THAT(want({{peer("192.0.2.1"), none}}), IsEmpty());
  EXPECT_TRUE(admits("192.0.2.1"));
}

TEST_F(ListenerKeysTest, AnUnchangedTableNeedsNothing) {
  settle({{peer("192.0.2.1"), red}, {peer("2001:db8::1"), blue}});
  EXPECT_THAT(want({{peer("192.0.2.1"), red}, {peer("2001:db8::1"), blue}}), IsEmpty());
  EXPECT_EQ(keys.next_tick(), std::nullopt);
}

TEST_F(ListenerKeysTest, DrainingForOneNeighbourDoesNotShutOutAnother) {
  settle({{peer("192.0.2.1"), red}});
  const auto actions = keys.want(std::vector<WantedKey>{{peer("192.0.2.1"), red}, {peer("192.0.2.2"), blue}}, now);
  EXPECT_TRUE(admits("192.0.2.1"));
  ASSERT_THAT(describe(actions), ElementsAre("set 192.0.2.2"));
  (void)keys.key_set(peer("192.0.2.2"), std::nullopt, now);
  EXPECT_TRUE(admits("192.0.2.1"));
  EXPECT_FALSE(admits("192.0.2.2"));
}

TEST_F(ListenerKeysTest, AddingARangeDoesNotShutOutTheKeyedNeighbourInsideIt) {
  settle({{peer("192.0.2.1"), red}});
  (void)keys.want(std::vector<WantedKey>{{peer("192.0.2.1"), red}, {peer("192.0.2.0/24"), blue}}, now);
  (void)keys.key_set(peer("192.0.2.0/24"), std::nullopt, now);
  EXPECT_TRUE(admits("192.0.2.1"));
  EXPECT_FALSE(admits("192.0.2.2"));
  keys.queue_drained();
  EXPECT_EQ(admitted_as("192.0.2.2"), "192.0.2.0/24");
}

TEST_F(ListenerKeysTest, AChangedKeyIsReplacedInPlaceListenerFirst) {
  settle({{peer("192.0.2.1"), red}});
  EXPECT_THAT(want({{peer("192.0.2.1"), blue}}), ElementsAre("set 192.0.2.1"));
  EXPECT_FALSE(admits("192.0.2.1")) << "the listener still accepts what is signed with the old key";
  EXPECT_THAT(describe(keys.key_set(peer("192.0.2.1"), std::nullopt, now)), ElementsAre("drain", "rekey 192.0.2.1"));
  keys.queue_drained();
  EXPECT_TRUE(admits("192.0.2.1"));
}

TEST_F(ListenerKeysTest, ASessionThatGainsItsFirstKeyIsClosed) {
  settle({{peer("192.0.2.1"), none}});
  EXPECT_THAT(want({{peer("192.0.2.1"), red}}), ElementsAre("close 192.0.2.1 within 192.0.2.1", "set 192.0.2.1"));
  EXPECT_FALSE(admits("192.0.2.1"));
}

TEST_F(ListenerKeysTest, ARemovedNeighboursKeyStaysUntilItsSocketsAreGone) {
  settle({{peer("192.0.2.1"), red}});
  EXPECT_THAT(want({}), ElementsAre("close 192.0.2.1 within 192.0.2.1"));
  EXPECT_FALSE(admits("192.0.2.1"));
  now += seconds(1);
  EXPECT_THAT(describe(keys.tick(now)), ElementsAre("count 192.0.2.1"));
  EXPECT_THAT(describe(keys.sockets_counted(peer("192.0.2.1"), 1, now)), IsEmpty());
  EXPECT_THAT(describe(keys.sockets_counted(peer("192.0.2.1"), std::nullopt, now)), IsEmpty());
  now += seconds(1);
  EXPECT_THAT(describe(keys.tick(now)), ElementsAre("count 192.0.2.1"));
  EXPECT_THAT(describe(keys.sockets_counted(peer("192.0.2.1"), 0, now)), ElementsAre("remove 192.0.2.1"));
  EXPECT_THAT(describe(keys.key_removed(peer("192.0.2.1"), std::nullopt, now)), ElementsAre("drain"));
  EXPECT_EQ(keys.next_tick(), std::nullopt);
  EXPECT_THAT(keys.installed(false), IsEmpty());
}

TEST_F(ListenerKeysTest, AKeyThatIsNotWantedGoesAfterTwoMinutesWhateverSocketsAreLeft) {
  settle({{peer("192.0.2.1"), red}});
  settle({});
  now += ListenerKeys::kLinger - seconds(1);
  EXPECT_THAT(describe(keys.tick(now)), ElementsAre("count 192.0.2.1"));
  (void)keys.sockets_counted(peer("192.0.2.1"), 1, now);
  now += seconds(1);
  EXPECT_THAT(describe(keys.tick(now)), ElementsAre("remove 192.0.2.1"));
}

TEST_F(ListenerKeysTest, ReAddingWithinTheWaitCancelsTheRemoval) {
  settle({{peer("192.0.2.1"), red}});
  settle({});
  now += seconds(30);
  EXPECT_THAT(want({{peer("192.0.2.1"), red}}), IsEmpty());
  EXPECT_TRUE(admits("192.0.2.1")) << "the key was there all the time";
  now += ListenerKeys::kLinger;
  EXPECT_THAT(describe(keys.tick(now)), IsEmpty());
  EXPECT_THAT(describe(keys.sockets_counted(peer("192.0.2.1"), 0, now)), IsEmpty());
}

TEST_F(ListenerKeysTest, ReAddingWithAnotherKeyReplacesIt) {
  settle({{peer("192.0.2.1"), red}});
  settle({});
  EXPECT_THAT(want({{peer("192.0.2.1"), blue}}), ElementsAre("set 192.0.2.1"));
  EXPECT_FALSE(admits("192.0.2.1"));
}

TEST_F(ListenerKeysTest, ANeighbourThatLosesItsKeyIsAdmittedOnceTheKernelNoLongerDemandsASignature) {
  settle({{peer("192.0.2.1"), red}});
  EXPECT_THAT(want({{peer("192.0.2.1"), none}}), ElementsAre("close 192.0.2.1 within 192.0.2.1"));
  EXPECT_FALSE(admits("192.0.2.1"));
  now += seconds(1);
  succeed(keys.tick(now));
  succeed(keys.sockets_counted(peer("192.0.2.1"), 0, now));
  EXPECT_TRUE(admits("192.0.2.1"));
}

TEST_F(ListenerKeysTest, KeyedToUnkeyedAndBackClosesTheUnsignedSessionInBetween) {
  settle({{peer("192.0.2.1"), red}});
  settle({{peer("192.0.2.1"), none}});
  // The neighbour may have been connected to, unsigned, while the listener's key still lingered.
  EXPECT_THAT(want({{peer("192.0.2.1"), red}}), ElementsAre("close 192.0.2.1 within 192.0.2.1"));
  EXPECT_TRUE(admits("192.0.2.1"));
}

TEST_F(ListenerKeysTest, ASingleNeighbourTakesItsAddressOutOfTheRange) {
  settle({{peer("192.0.2.0/24"), red}});
  EXPECT_EQ(admitted_as("192.0.2.7"), "192.0.2.0/24");
  EXPECT_THAT(want({{peer("192.0.2.0/24"), red}, {peer("192.0.2.7"), blue}}),
              ElementsAre("close 192.0.2.0/24 within 192.0.2.7", "set 192.0.2.7"));
  EXPECT_FALSE(admits("192.0.2.7")) << "under the range's key it must not pass for the neighbour";
  EXPECT_TRUE(admits("192.0.2.8"));
  succeed(keys.key_set(peer("192.0.2.7"), std::nullopt, now));
  EXPECT_EQ(admitted_as("192.0.2.7"), "192.0.2.7");
}

TEST_F(ListenerKeysTest, RemovingTheSingleNeighbourUncoversTheRangesKey) {
  settle({{peer("192.0.2.0/24"), red}, {peer("192.0.2.7"), blue}});
  EXPECT_THAT(want({{peer("192.0.2.0/24"), red}}), ElementsAre("close 192.0.2.7 within 192.0.2.7"));
  EXPECT_FALSE(admits("192.0.2.7")) << "the kernel still takes the neighbour's key for it";
  now += seconds(1);
  succeed(keys.tick(now));
  succeed(keys.sockets_counted(peer("192.0.2.7"), 0, now));
  EXPECT_EQ(admitted_as("192.0.2.7"), "192.0.2.0/24");
}

TEST_F(ListenerKeysTest, WithOneKeyForBothTheRangeTakesOverAtOnce) {
  settle({{peer("192.0.2.0/24"), red}, {peer("192.0.2.7"), red}});
  settle({{peer("192.0.2.0/24"), red}});
  EXPECT_EQ(admitted_as("192.0.2.7"), "192.0.2.0/24");
}

TEST_F(ListenerKeysTest, AnUnsignedNeighbourInsideASignedRangeIsNeverAdmitted) {
  settle({{peer("192.0.2.0/24"), red}, {peer("192.0.2.7"), none}});
  EXPECT_FALSE(admits("192.0.2.7"));
}

TEST_F(ListenerKeysTest, ANeighbourWhoseKeyTheKernelRefusesIsNotAdmittedAndTriedAgain) {
  (void)keys.want(std::vector<WantedKey>{{peer("192.0.2.1"), red}}, now);
  EXPECT_THAT(describe(keys.key_set(peer("192.0.2.1"), "no memory", now)),
              ElementsAre("close 192.0.2.1 within 192.0.2.1", "remove 192.0.2.1"));
  (void)keys.key_removed(peer("192.0.2.1"), std::nullopt, now);
  keys.queue_drained();
  EXPECT_FALSE(admits("192.0.2.1"));
  EXPECT_EQ(keys.problem(peer("192.0.2.1")), "no memory");
  EXPECT_EQ(keys.next_tick(), now + ListenerKeys::kRetryInterval);
  now += ListenerKeys::kRetryInterval;
  EXPECT_THAT(describe(keys.tick(now)), ElementsAre("set 192.0.2.1"));
  succeed(keys.key_set(peer("192.0.2.1"), std::nullopt, now));
  EXPECT_TRUE(admits("192.0.2.1"));
  EXPECT_EQ(keys.problem(peer("192.0.2.1")), std::nullopt);
}

TEST_F(ListenerKeysTest, AFailedReplacementClosesTheSessionAndShutsTheNeighbourOut) {
  settle({{peer("192.0.2.1"), red}});
  (void)keys.want(std::vector<WantedKey>{{peer("192.0.2.1"), blue}}, now);
  EXPECT_THAT(describe(keys.key_set(peer("192.0.2.1"), "no memory", now)),
              ElementsAre("close 192.0.2.1 within 192.0.2.1"));
  EXPECT_FALSE(admits("192.0.2.1"));
  EXPECT_THAT(keys.installed(false), SizeIs(1)) << "the old key is still in the kernel and still has to be removed";
}

TEST_F(ListenerKeysTest, AKeyThatChangesBeforeItsSettingIsAnsweredIsSetAgain) {
  (void)keys.want(std::vector<WantedKey>{{peer("192.0.2.1"), red}}, now);
  EXPECT_THAT(want({{peer("192.0.2.1"), blue}}), IsEmpty());
  EXPECT_THAT(describe(keys.key_set(peer("192.0.2.1"), std::nullopt, now)), ElementsAre("drain", "set 192.0.2.1"));
  keys.queue_drained();
  EXPECT_FALSE(admits("192.0.2.1"));
}

TEST_F(ListenerKeysTest, APrefixIsTheSameWithItsHostBitsSet) {
  settle({{peer("192.0.2.0/24"), red}});
  EXPECT_THAT(want({{peer("192.0.2.99/24"), red}}), IsEmpty());
}

TEST_F(ListenerKeysTest, LinkLocalPeersAreFoundWithTheirScope) {
  settle({{peer("fe80::1"), red}});
  EXPECT_TRUE(admits("fe80::1%3"));
}

TEST_F(ListenerKeysTest, AListenerOpenedLaterGetsWhatIsInstalledForItsFamily) {
  settle({{peer("192.0.2.1"), red}, {peer("2001:db8::/32"), blue}});
  ASSERT_THAT(keys.installed(true), SizeIs(1));
  EXPECT_EQ(keys.installed(true)[0].peer, peer("2001:db8::/32"));
  EXPECT_TRUE(keys.installed(true)[0].key == blue);
}

TEST_F(ListenerKeysTest, InstalledKeysAreCountedByFamily) {
  settle({{peer("192.0.2.1"), red}, {peer("192.0.2.2"), red}, {peer("2001:db8::1"), red}});
  EXPECT_EQ(keys.installed_count(false), 2u);
  EXPECT_EQ(keys.installed_count(true), 1u);
  settle({{peer("192.0.2.1"), blue}, {peer("192.0.2.2"), red}, {peer("192.0.2.3"), none}});
  EXPECT_EQ(keys.installed_count(false), 2u);
}

TEST(ListenerKeysConflicts, AnUnsignedNeighbourInASignedRangeIsReported) {
  const std::vector<WantedKey> table{{peer("192.0.2.0/24"), Key("red")}, {peer("192.0.2.7"), Key()}};
  EXPECT_THAT(ListenerKeys::conflicts(table),
              ElementsAre(testing::AllOf(HasSubstr("192.0.2.7 has no MD5 key"), HasSubstr("192.0.2.0/24"))));
}

TEST(ListenerKeysConflicts, TwoKeysForOneLinkLocalAddressAreReported) {
  const std::vector<WantedKey> table{{peer("fe80::1"), Key("red")}, {peer("fe80::1"), Key("blue")}};
  EXPECT_THAT(ListenerKeys::conflicts(table), ElementsAre(HasSubstr("fe80::1 is configured twice")));
}

TEST(ListenerKeysConflicts, ASignedNeighbourInAnUnsignedRangeIsNone) {
  const std::vector<WantedKey> table{{peer("192.0.2.0/24"), Key()}, {peer("192.0.2.7"), Key("red")}};
  EXPECT_THAT(ListenerKeys::conflicts(table), IsEmpty());
}

TEST(ListenerKeysConflicts, NoMessageContainsAKey) {
  const std::vector<WantedKey> table{
      {peer("fe80::1"), Key("Secret1")}, {peer("fe80::1"), Key("Secret2")}, {peer("fe80::/64"), Key("Secret3")}};
  for (const auto& line : ListenerKeys::conflicts(table)) EXPECT_THAT(line, testing::Not(HasSubstr("Secret")));
}

}  // namespace
}  // namespace tw::tcpmd5
