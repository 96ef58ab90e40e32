// Notifications about routes, rules and devices, in a namespace of their own.
#include "tcpmd5/offload/path_watch.h"

#include "tests/unit/tcpmd5/offload/private_network.h"

#include <gtest/gtest.h>

namespace tw::tcpmd5 {
namespace {

class PathWatchTest : public testing::Test {
 protected:
  PathWatchTest() { watch_.drain(); }
  PathChange change() { return readable_within(watch_.fd(), 2000) ? watch_.drain() : PathChange{}; }

  PrivateNetwork network_;
  TapDevice nic_{"nic"};
  PathWatch watch_;
};

TEST_F(PathWatchTest, IsQuietWhereNothingChanges) {
  EXPECT_FALSE(watch_.error());
  EXPECT_TRUE(watch_.drain().empty());
}

TEST_F(PathWatchTest, RoutesAndRulesOfBothFamiliesAreNoticed) {
  ip("link set nic up");
  for (const char* command : {"address add 192.0.2.1/24 dev nic", "route add 203.0.113.0/24 via 192.0.2.2",
                              "route delete 203.0.113.0/24", "rule add from 192.0.2.9 lookup 100",
                              "-6 route add 2001:db8::/64 dev nic", "-6 rule add from 2001:db8::9 lookup 100"}) {
    watch_.drain();
    ip(command);
    EXPECT_TRUE(change().paths) << command;
  }
}

TEST_F(PathWatchTest, ManyChangesComeAsOne) {
  ip("link set nic up");
  ip("address add 192.0.2.1/24 dev nic");
  for (int i = 0; i < 10; ++i) ip("route add 203.0.113." + std::to_string(i) + "/32 via 192.0.2.2");
  EXPECT_TRUE(change().paths);
  EXPECT_TRUE(watch_.drain().empty());
}

TEST_F(PathWatchTest, ALinkThatFlapsIsSeenThoughItIsUpAgain) {
  ip("link set nic up");
  watch_.drain();
  ip("link set nic down");
  ip("link set nic up");
  const PathChange seen = change();
  EXPECT_GE(seen.flapped.at(nic_.index()), 1);
  ASSERT_TRUE(seen.links.at(nic_.index()));
  EXPECT_TRUE(seen.links.at(nic_.index())->running);
}

TEST_F(PathWatchTest, ADeviceThatIsGoneIsNamed) {
  const unsigned index = nic_.index();
  watch_.drain();
  nic_ = TapDevice("other");
  const PathChange seen = change();
  EXPECT_TRUE(seen.paths);
  ASSERT_TRUE(seen.links.contains(index));
  EXPECT_FALSE(seen.links.at(index));
  EXPECT_EQ(seen.links.at(index_of("other"))->name, "other");
}

TEST_F(PathWatchTest, NeighboursAreNotReported) {
  ip("link set nic up");
  ip("address add 192.0.2.1/24 dev nic");
  watch_.drain();
  ip("neighbor add 192.0.2.9 lladdr 02:00:00:00:00:09 dev nic");
  EXPECT_TRUE(watch_.drain().empty());
}

}  // namespace
}  // namespace tw::tcpmd5
