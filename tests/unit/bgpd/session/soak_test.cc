// Random events in random order for a long time, thousands of times over: the contract of events.h always holds.
//
// The rig objects to two sessions, Send on what is not open, a state that does not follow from the last, a deadline in
// the past and more (contract_watch.h). A failure prints the seed's last steps.
#include "tests/unit/bgpd/session/rig.h"

#include <random>

namespace tw::bgp {
namespace {

class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : random_(seed), config_(random_config()), rig_(config_) {}

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
  }
  int sessions() const { return sessions_; }

 private:
  int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  bool one_in(int n) { return below(n) == 0; }
  Connection any_connection() { return one_in(2) ? kOut : kIn; }

  SessionConfig random_config() {
    SessionConfig config = neighbor_config();
    config.passive = one_in(4);
    config.dynamic = one_in(6);
    config.jitter_seed = random_();
    config.timers.hold = seconds(below(3) * 30);
    if (one_in(4)) config.timers.send_hold = Millis(0);
    if (one_in(4)) config.timers.idle_hold_min = Millis(0);
    if (one_in(4)) config.timers.connect_retry = Millis(0);
    if (one_in(3)) config.capabilities.role = Role::kPeer;
    config.strict_role = one_in(3);
    if (one_in(4)) config.peer_as = config.local_as;
    if (one_in(4)) config.capabilities.families = only(rib::Family::kIpv6Unicast);
    return config;
  }
  Open random_open() {
    Open open = their_open(one_in(2) ? kLowerId : kHigherId);
    open.as = config_.peer_as;
    open.hold_time = static_cast<std::uint16_t>(below(3) * 45);
    if (one_in(12)) open.as = {static_cast<std::uint32_t>(below(3))};
    if (one_in(12)) open.identifier = kOurId;
    if (one_in(12)) open.capabilities = {};
    if (one_in(12)) open.capabilities.role = Role::kCustomer;
    return open;
  }
  Event random_event() {
    const Connection c = any_connection();
    const std::uint8_t subcode = static_cast<std::uint8_t>(below(11));
    const auto code = static_cast<ErrorCode>(below(9));
    switch (below(24)) {
      case 0: return Stop{subcode, "stop"};
      case 1: return Reset{subcode, "reset"};
      case 2: return Trip{.cease_subcode = subcode, .stay_down = seconds(below(3) * 60), .why = "trip"};
      case 3: return Disconnected{c, "end"};
      case 4: return NotificationReceived{c, {code, subcode, {}}};
      case 5: return BadMessage{c, {code, subcode, {}, "bad"}};
      case 6: return UpdateReceived{c};
      case 7: return RefreshReceived{c};
      case 8: return SendStalled{c};
      case 9: return SendProgress{c};
      case 10: return Tick{};
      case 11: return ConnectFailed{"refused"};
      case 12:
      case 13: return Start{};
      case 14:
      case 15: return Accepted{};
      case 16:
      case 17:
      case 18: return Connected{};
      case 19:
      case 20:
      case 21: return OpenReceived{c, random_open()};
      default: return KeepaliveReceived{c};
    }
  }
  // What brings a session further.
  Event helpful_event() {
    const Connection c = rig_.watch().has(kOut) && (!rig_.watch().has(kIn) || one_in(2)) ? kOut : kIn;
    switch (rig_.state()) {
      case State::kIdle: return Start{};
      case State::kConnect: return Connected{};
      case State::kActive: return Accepted{};
      case State::kOpenSent: return one_in(3) ? Event(Accepted{}) : OpenReceived{c, random_open()};
      case State::kOpenConfirm: return one_in(3) ? Event(OpenReceived{c, random_open()}) : KeepaliveReceived{c};
      case State::kEstablished: return KeepaliveReceived{*rig_.fsm().established()};
    }
    return Tick{};
  }
  // Mostly what a real driver could report, so that the machine gets far; now and then anything.
  bool plausible(const Event& event) {
    if (one_in(20)) return true;
    if (std::holds_alternative<Connected>(event) || std::holds_alternative<ConnectFailed>(event)) {
      return rig_.watch().connecting();
    }
    const bool disruptive = std::holds_alternative<Stop>(event) || std::holds_alternative<Reset>(event) ||
                            std::holds_alternative<Trip>(event) || std::holds_alternative<Disconnected>(event) ||
                            std::holds_alternative<NotificationReceived>(event) ||
                            std::holds_alternative<BadMessage>(event);
    const bool early = std::holds_alternative<UpdateReceived>(event) || std::holds_alternative<RefreshReceived>(event);
    if (early) return rig_.watch().up();
    return !disruptive || one_in(4);
  }
  void step() {
    if (one_in(50)) {
      const std::uint64_t seed = config_.jitter_seed;
      config_ = random_config();
      config_.jitter_seed = seed;
      rig_.reconfigure(config_);
    } else if (one_in(3)) {
      rig_.feed(helpful_event());
    } else if (one_in(4)) {
      rig_.pass(Millis(below(one_in(3) ? 100'000 : 3'000)));
    } else if (one_in(10)) {
      rig_.pass_unwatched(Millis(below(200'000))).feed(Tick{});
    } else if (const Event event = random_event(); plausible(event)) {
      rig_.feed(event);
    }
    sessions_ += rig_.did<SessionUp>();
  }

  std::mt19937_64 random_;
  SessionConfig config_;
  Rig rig_;
  int sessions_ = 0;
};

TEST(Soak, TheContractHoldsWhateverHappens) {
  int sessions = 0;
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    Chaos chaos(seed);
    chaos.run(250);
    sessions += chaos.sessions();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  EXPECT_GT(sessions, 2'000) << "the events do not bring sessions up: this tests too little";
}

}  // namespace
}  // namespace tw::bgp
