// The listeners' keys against a model of the kernel, over random configurations, failures and connections.
//
// The model holds what Linux holds: a key per prefix, longest prefix first; an accept queue whose connections passed
// under the keys of their time; and sessions that keep the key they were born with until it is replaced on them.
#include "tcpmd5/listener_keys.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::make_address;
using std::chrono::seconds;

struct Connection {
  address from;
  Key key;            // on its socket
  PeerSpec as;        // once admitted
  bool open = false;  // false: closed, its socket lingers
};

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      now_ += seconds(pick(4));
      switch (pick(5)) {
        case 0: reconfigure(); break;
        case 1: handshake(); break;
        case 2: accept_all(); break;
        case 3: forget_a_socket(); break;
        default: carry_out(keys_.tick(now_)); break;
      }
      check_sessions();
    }
    settle();
  }

 private:
  int pick(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  static PeerSpec spec(const char* text, int length) { return {make_address(text), length}; }

  Key any_key() {
    switch (pick(3)) {
      case 0: return Key();
      case 1: return Key("red");
      default: return Key("blue");
    }
  }

  const PeerSpec specs_[6] = {spec("10.0.0.0", 16), spec("10.0.1.0", 24), spec("10.0.1.1", 32),
                              spec("10.0.1.2", 32), spec("10.0.2.1", 32), spec("10.0.2.0", 24)};
  const address sources_[5] = {make_address("10.0.1.1"), make_address("10.0.1.2"), make_address("10.0.1.3"),
                               make_address("10.0.2.1"), make_address("10.0.9.9")};

  void reconfigure() {
    std::vector<WantedKey> table;
    for (const PeerSpec& it : specs_)
      if (pick(2) == 0) table.push_back({it, any_key()});
    if (!ListenerKeys::conflicts(table).empty()) return;
    for (const auto& [it, key] : kernel_) {
      const Key* still = wanted_key(table, it);
      if (still == nullptr || still->empty()) {
        unwanted_since_.try_emplace(it, now_);
      } else {
        unwanted_since_.erase(it);
      }
    }
    wanted_ = table;
    carry_out(keys_.want(table, now_));
  }

  static const Key* wanted_key(const std::vector<WantedKey>& table, const PeerSpec& of) {
    for (const WantedKey& it : table)
      if (it.peer == of) return &it.key;
    return nullptr;
  }

  const WantedKey* narrowest_wanted(const address& around) const {
    const WantedKey* best = nullptr;
    for (const WantedKey& it : wanted_)
      if (contains(it.peer, around) && (best == nullptr || it.peer.prefix_length > best->peer.prefix_length))
        best = &it;
    return best;
  }

  Key kernel_key(const address& around) const {
    Key key;
    int length = -1;
    for (const auto& [it, its_key] : kernel_)
      if (contains(it, around) && it.prefix_length > length) {
        key = its_key;
        length = it.prefix_length;
      }
    return key;
  }

  // A peer that knows whatever key the kernel demands gets through the handshake.
  void handshake() {
    const address& from = sources_[pick(5)];
    queue_.push_back({from, kernel_key(from), {}, true});
  }

  void accept_all() {
    while (!queue_.empty()) {
      Connection connection = queue_.front();
      queue_.pop_front();
      const auto as = keys_.admits(connection.from);
      connection.open = as.has_value();
      if (as) {
        connection.as = *as;
        const WantedKey* wanted = narrowest_wanted(connection.from);
        ASSERT_NE(wanted, nullptr);
        ASSERT_EQ(wanted->peer, *as);
        // The heart of it: nobody is let in under another key than is wanted, or under none. A connection that was
        // signed although no key is wanted any more does no harm.
        if (!wanted->key.empty()) {
          ASSERT_TRUE(wanted->key == connection.key) << to_string(*as) << " let in unsigned or under an old key";
        }
      }
      sockets_.push_back(connection);
    }
  }

  void forget_a_socket() {
    for (std::size_t i = 0; i < sockets_.size(); ++i)
      if (!sockets_[i].open && pick(2) == 0) {
        sockets_.erase(sockets_.begin() + static_cast<std::ptrdiff_t>(i));
        return;
      }
  }

  // An open session's key is the wanted one of its narrowest entry, except where the kernel refused to replace it and
  // the session was closed.
  void check_sessions() {
    for (const Connection& it : sockets_) {
      if (!it.open) continue;
      const WantedKey* wanted = narrowest_wanted(it.from);
      ASSERT_NE(wanted, nullptr) << it.from << " outlived its neighbour";
      ASSERT_EQ(wanted->peer, it.as) << it.from << " belongs to another entry now";
      ASSERT_TRUE(wanted->key.empty() || wanted->key == it.key) << it.from << " runs under an old key";
    }
  }

  int sockets_within(const PeerSpec& peer) const {
    int count = 0;
    for (const Connection& it : sockets_) count += contains(peer, it.from);
    return count;
  }

  void carry_out(const KeyActions& actions) {
    for (const KeyAction& action : actions) std::visit([this](const auto& it) { one(it); }, action);
  }
  void one(const SetListenerKey& it) {
    ASSERT_FALSE(it.key.empty());
    ASSERT_EQ(keys_.installed_count(false), kernel_.size());
    if (may_fail_ && pick(6) == 0) return carry_out(keys_.key_set(it.peer, "refused", now_));
    kernel_[it.peer] = it.key;
    carry_out(keys_.key_set(it.peer, std::nullopt, now_));
  }
  void one(const RemoveListenerKey& it) {
    const Key* wanted = wanted_key(wanted_, it.peer);
    if (kernel_.contains(it.peer)) {
      ASSERT_TRUE(wanted == nullptr || wanted->empty()) << "removed a key that is wanted";
      ASSERT_TRUE(sockets_within(it.peer) == 0 || now_ - unwanted_since_.at(it.peer) >= ListenerKeys::kLinger)
          << "removed a key before its sockets were gone";
    }
    if (may_fail_ && pick(6) == 0) return carry_out(keys_.key_removed(it.peer, "refused", now_));
    kernel_.erase(it.peer);
    unwanted_since_.erase(it.peer);
    carry_out(keys_.key_removed(it.peer, std::nullopt, now_));
  }
  void one(const DrainAcceptQueue&) {
    accept_all();
    keys_.queue_drained();
  }
  void one(const CloseSessions& it) {
    for (Connection& connection : sockets_)
      if (connection.open && connection.as == it.as && contains(it.within, connection.from)) connection.open = false;
  }
  void one(const RekeySessions& it) {
    for (Connection& connection : sockets_)
      if (connection.open && connection.as == it.peer) {
        ASSERT_FALSE(connection.key.empty()) << "a first key on an established socket";
        connection.key = it.key;
      }
  }
  void one(const CountSockets& it) { carry_out(keys_.sockets_counted(it.peer, sockets_within(it.peer), now_)); }

  // Left alone, the kernel comes to hold exactly what is wanted, and everybody configured is admitted.
  void settle() {
    may_fail_ = false;
    for (int i = 0; i < 1000; ++i) {
      const auto next = keys_.next_tick();
      if (!next) break;
      now_ = std::max(now_, *next);
      carry_out(keys_.tick(now_));
    }
    EXPECT_EQ(keys_.next_tick(), std::nullopt);
    std::size_t keyed = 0;
    for (const WantedKey& it : wanted_) {
      if (it.key.empty()) continue;
      ++keyed;
      ASSERT_TRUE(kernel_.contains(it.peer)) << to_string(it.peer);
      EXPECT_TRUE(kernel_.at(it.peer) == it.key) << to_string(it.peer);
    }
    EXPECT_EQ(kernel_.size(), keyed);
    for (const address& from : sources_) EXPECT_EQ(keys_.admits(from).has_value(), narrowest_wanted(from) != nullptr);
  }

  std::mt19937 random_;
  ListenerKeys keys_;
  ListenerKeys::TimePoint now_{};
  bool may_fail_ = true;
  std::vector<WantedKey> wanted_;
  std::map<PeerSpec, Key> kernel_;
  std::map<PeerSpec, ListenerKeys::TimePoint> unwanted_since_;
  std::deque<Connection> queue_;
  std::vector<Connection> sockets_;
};

TEST(ListenerKeysRandom, NobodyIsLetInUnsignedAndNoKeyGoesTooEarly) {
  for (unsigned seed = 1; seed <= 500 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World(seed).run(300);
  }
}

}  // namespace
}  // namespace tw::tcpmd5
