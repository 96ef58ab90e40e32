// Two machines against each other: they always find together, over one connection, soon, and stay together.
#include "tests/unit/bgpd/session/two_speakers.h"

namespace tw::bgp {
namespace {

SessionConfig speaker_a() { return neighbor_config(); }
SessionConfig speaker_b(std::uint32_t identifier = kHigherId) {
  SessionConfig config = neighbor_config();
  std::swap(config.local_as, config.peer_as);
  config.router_id = identifier;
  return config;
}
SessionConfig passive(SessionConfig config) {
  config.passive = true;
  return config;
}

const Weather kLocalNetwork{Millis(0), Millis(2), 0, Millis(1)};
const Weather kContinents{Millis(20), Millis(200), 2, Millis(5)};
const Weather kStorm{Millis(1), Millis(2'000), 30, Millis(300)};

struct Found {
  Millis slowest{0};
  int more_than_one_session = 0;
};
// Many runs from a cold start within `apart` of each other; each must join within `limit` and stay joined.
Found join_many(const SessionConfig& a, const SessionConfig& b, const Weather& weather, Millis apart, Millis limit) {
  Found found;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    TwoSpeakers world(a, b, weather, seed);
    std::mt19937_64 random(seed);
    const bool b_first = random() % 2;
    world.boot(b_first);
    world.run(Millis(static_cast<Millis::rep>(random() % static_cast<std::uint64_t>(apart.count() + 1))));
    world.boot(!b_first);
    const auto took = world.run_until_joined(limit);
    EXPECT_TRUE(took) << "seed " << seed << '\n' << world.history();
    if (!took) return found;
    found.slowest = std::max(found.slowest, *took);
    found.more_than_one_session += world.ups(0) > 1 || world.ups(1) > 1;
    const int ups = world.ups(0);
    world.run(minutes(10));
    EXPECT_TRUE(world.joined()) << "seed " << seed << '\n' << world.history();
    EXPECT_EQ(world.ups(0), ups) << "seed " << seed;
    if (testing::Test::HasFailure()) return found;
  }
  return found;
}

TEST(TwoSpeakers, StartedTogetherOnALanJoinWithinSeconds) {
  const Found found = join_many(speaker_a(), speaker_b(), kLocalNetwork, Millis(3), seconds(10));
  EXPECT_LE(found.slowest, seconds(7));
}
TEST(TwoSpeakers, StartedOneAfterTheOtherJoinAtTheFirstConnect) {
  const Found found = join_many(speaker_a(), speaker_b(), kLocalNetwork, seconds(60), seconds(10));
  EXPECT_LE(found.slowest, seconds(6));
}
TEST(TwoSpeakers, JoinAcrossContinents) {
  const Found found = join_many(speaker_a(), speaker_b(), kContinents, Millis(300), seconds(30));
  // Both may choose another connection when each has what the other gives up; rare, and it heals itself.
  EXPECT_LE(found.more_than_one_session, 50);
}
TEST(TwoSpeakers, JoinWithEqualIdentifiers) {
  join_many(speaker_a(), speaker_b(kOurId), kContinents, Millis(300), seconds(30));
}
TEST(TwoSpeakers, JoinInAStorm) { join_many(speaker_a(), speaker_b(), kStorm, seconds(5), minutes(10)); }
TEST(TwoSpeakers, JoinWhenOneIsPassive) {
  EXPECT_LE(join_many(passive(speaker_a()), speaker_b(), kContinents, seconds(20), seconds(30)).more_than_one_session,
            0);
  EXPECT_LE(join_many(speaker_a(), passive(speaker_b()), kContinents, seconds(20), seconds(30)).more_than_one_session,
            0);
}

// --- after disasters

TEST(TwoSpeakers, JoinAgainAfterAnyDisasters) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    TwoSpeakers world(speaker_a(), speaker_b(), kContinents, seed);
    std::mt19937_64 random(seed);
    world.boot(0);
    world.boot(1);
    bool running[2] = {true, true};
    for (int i = 0; i < 30; ++i) {
      world.run(Millis(static_cast<Millis::rep>(random() % 20'000)));
      const int who = static_cast<int>(random() % 2);
      if (!running[who]) {
        world.boot(who);
        running[who] = true;
        continue;
      }
      switch (random() % 6) {
        case 0:
          world.kill(who);
          running[who] = false;
          break;
        case 1:
          world.cut_power(who);
          running[who] = false;
          break;
        case 2: world.break_connections(); break;
        case 3: world.feed(who, Reset{}); break;
        case 4: world.feed(who, Stop{}); break;
        case 5: world.feed(who, Start{}); break;
      }
    }
    for (const int who : {0, 1}) running[who] ? world.feed(who, Start{}) : world.boot(who);
    // The longest idle hold, and a hold time for what died unseen.
    ASSERT_TRUE(world.run_until_joined(seconds(120 + 90 + 30))) << "seed " << seed << '\n' << world.history();
    world.run(minutes(30));
    ASSERT_TRUE(world.joined()) << "seed " << seed << '\n' << world.history();
  }
}

// A session that has been up for long; speaker 1 goes away as `leave` says, and is booted `away` later.
template <class Leave>
Millis slowest_return(SessionConfig a, SessionConfig b, Millis away, Leave leave) {
  Millis slowest{0};
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    TwoSpeakers world(a, b, kLocalNetwork, seed);
    world.boot(0);
    world.boot(1);
    world.run(minutes(20));
    EXPECT_TRUE(world.joined());
    leave(world);
    world.run(away);
    world.boot(1);
    const auto took = world.run_until_joined(minutes(5));
    EXPECT_TRUE(took) << world.history();
    slowest = std::max(slowest, took.value_or(Millis::max()));
  }
  return slowest;
}

TEST(TwoSpeakers, AKilledPeerIsBackWithinSecondsOfItsRestart) {
  const auto kill = [](TwoSpeakers& world) { world.kill(1); };
  for (const Millis away : {Millis(100), Millis(500), Millis(3'000), Millis(60'000)}) {
    EXPECT_LE(slowest_return(speaker_a(), speaker_b(), away, kill), seconds(1)) << away.count() << " ms away";
    EXPECT_LE(slowest_return(passive(speaker_a()), speaker_b(), away, kill), seconds(1)) << away.count() << " ms away";
    EXPECT_LE(slowest_return(speaker_a(), passive(speaker_b()), away, kill), seconds(6)) << away.count() << " ms away";
  }
}
TEST(TwoSpeakers, AKilledPeerThatIsFasterThanTheNewsOfItsDeathIsBackAfterOneRetry) {
  const auto kill = [](TwoSpeakers& world) { world.kill(1); };
  EXPECT_LE(slowest_return(speaker_a(), speaker_b(), Millis(0), kill), seconds(6));
  EXPECT_LE(slowest_return(passive(speaker_a()), speaker_b(), Millis(0), kill), seconds(6));
}
TEST(TwoSpeakers, APeerWhoseHostLostItsPowerIsBackLongBeforeTheHoldTimerExpires) {
  const auto cut = [](TwoSpeakers& world) { world.cut_power(1); };
  EXPECT_LE(slowest_return(speaker_a(), speaker_b(), seconds(20), cut), seconds(12));
  EXPECT_LE(slowest_return(passive(speaker_a()), speaker_b(), seconds(20), cut), seconds(12));
}

// --- peers that do not fit

TEST(TwoSpeakers, ThatDoNotFitDoNotHammerEachOther) {
  SessionConfig b = speaker_b();
  b.local_as = {65000};
  TwoSpeakers world(speaker_a(), b, kLocalNetwork, 1);
  world.boot(0);
  world.boot(1);
  world.run(minutes(60));
  EXPECT_EQ(world.ups(0) + world.ups(1), 0);
  // 1 + 2 + … + 64 s, then one in 90 to 120 s.
  EXPECT_LE(world.connects(0), 60);
  EXPECT_LE(world.connects(1), 60);
  EXPECT_GE(world.connects(0) + world.connects(1), 20);
}
TEST(TwoSpeakers, ASessionThatFlapsIsSlowedDown) {
  TwoSpeakers world(speaker_a(), speaker_b(), kLocalNetwork, 1);
  world.boot(0);
  world.boot(1);
  for (int i = 0; i < 36'000; ++i) {
    world.run(Millis(100));
    if (world.joined()) world.break_connections();
  }
  EXPECT_LE(world.ups(0), 60);
  EXPECT_GE(world.ups(0), 20);
}

}  // namespace
}  // namespace tw::bgp
