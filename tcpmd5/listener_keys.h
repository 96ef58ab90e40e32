// Which keys the listening sockets hold and in which order they get and lose them, so that no neighbour is let in
// unsigned and none is cut off from what it is still owed.
//
// The kernel looks a listener's key up by the peer's address, longest prefix first, and there is nothing like "no key"
// inside a keyed prefix. Connections that finished their handshake before a key was set wait, unsigned, in the accept
// queue; and late segments of a closed connection are answered with the listener's key, so it must outlive the
// connection. From this follow the rules that this machine keeps:
//   - nobody is admitted whose address is not covered by the very key that is wanted for it, or by none if none is;
//   - after every change of keys the accept queue is drained before anybody whom the change concerns is admitted;
//   - a key that is replaced is replaced in place, on the listeners first, then on the sessions that already have one;
//     a session that would gain its first key, or lose its key, is closed;
//   - a key is removed when no socket towards the peer is left, at the latest kLinger after it was last wanted; until
//     then it can be wanted again, and then stays.
//
// Pure: no socket, no clock. Not thread-safe; owned by the routing thread. admits() costs a lookup for each prefix
// length in use, want() is linear in the table.
//
// Usage. The driver carries out what comes back, in order, and before it accepts or connects anything else:
//
//   void carry_out(std::vector<KeyAction> actions) {
//     for (const KeyAction& action : actions) std::visit([this](const auto& it) { carry_out_one(it); }, action);
//   }
//   void carry_out_one(const SetListenerKey& it) {      // on each listener of the address's family
//     const auto count = keys_.installed_count(it.peer.address.is_v6());
//     carry_out(keys_.key_set(it.peer, set_key(listener_fd, it.peer, it.key, count), now()));
//   }
//   void carry_out_one(const RemoveListenerKey& it) {
//     carry_out(keys_.key_removed(it.peer, remove_key(listener_fd, it.peer), now()));
//   }
//   void carry_out_one(const DrainAcceptQueue&) {       // accept4() until EAGAIN on every listener
//     while (auto connection = accept_now()) judge(std::move(connection));
//     keys_.queue_drained();
//   }
//   void judge(Connection connection) {                 // the same for connections accepted at any other time
//     const auto as = keys_.admits(connection.peer);
//     if (as) start_session(*as, std::move(connection));  // as: the neighbour's or the range's PeerSpec
//   }                                                     // otherwise: closed at once
//   void carry_out_one(const CloseSessions& it);        // NOTIFICATION, close; what is gone already is no error
//   void carry_out_one(const RekeySessions& it);        // set_key(session_fd, …) on each; if it fails, close that one
//   void carry_out_one(const CountSockets& it) {
//     carry_out(keys_.sockets_counted(it.peer, sockets_towards(it.peer, 179), now()));
//   }
//
// At start: bind the listeners, want(), carry out, then listen(). On reload: want() with the whole new table, carry
// out. A timer at next_tick() calls tick(). Before connect(): may_connect(), then the neighbour's wanted key on the new
// socket.
#pragma once

#include "tcpmd5/key.h"
#include "tcpmd5/keyed_socket.h"

#include <boost/asio/ip/address.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

// One neighbour or one range of the configuration, and its key; an empty key: its segments are not signed.
struct WantedKey {
  PeerSpec peer;
  Key key;
};

// Set the key on every listener of the family, then tell key_set().
struct SetListenerKey {
  PeerSpec peer;
  Key key;
};
// Remove the key from every listener of the family, then tell key_removed().
struct RemoveListenerKey {
  PeerSpec peer;
};
// Accept all that is queued on every listener, admit what admits() names and close the rest, then tell queue_drained().
struct DrainAcceptQueue {};
// Close the sessions that were admitted as (or belong to the neighbour) `as` and whose peer lies in `within`.
struct CloseSessions {
  PeerSpec as;
  PeerSpec within;
};
// Replace the key on the sessions of `peer`, all of which have one.
struct RekeySessions {
  PeerSpec peer;
  Key key;
};
// Count the sockets of any state between the BGP port and the peer or prefix, then tell sockets_counted().
struct CountSockets {
  PeerSpec peer;
};
using KeyAction =
    std::variant<SetListenerKey, RemoveListenerKey, DrainAcceptQueue, CloseSessions, RekeySessions, CountSockets>;
using KeyActions = std::vector<KeyAction>;

class ListenerKeys {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // TIME_WAIT is 60 s in Linux, and so is, at most, the retransmission of a last FIN that is worth waiting for.
  static constexpr std::chrono::seconds kLinger{120};
  static constexpr std::chrono::seconds kCountInterval{1};
  static constexpr std::chrono::seconds kRetryInterval{30};  // after the kernel refused a key

  // What in such a table the kernel cannot do: one line each for people; empty: nothing. Two keys for one address
  // (link-local neighbours on two links may share one), and unsigned neighbours or ranges inside a signed range.
  static std::vector<std::string> conflicts(std::span<const WantedKey> table);

  // The whole table from now on. Where it has conflicts, none of those concerned are admitted.
  [[nodiscard]] KeyActions want(std::span<const WantedKey> table, TimePoint now);

  // Answers of the driver. `error`: what set_key() or remove_key() said, of any listener.
  [[nodiscard]] KeyActions key_set(const PeerSpec& peer, std::optional<std::string> error, TimePoint now);
  [[nodiscard]] KeyActions key_removed(const PeerSpec& peer, const std::optional<std::string>& error, TimePoint now);
  void queue_drained();
  // `count` nothing: unknown.
  [[nodiscard]] KeyActions sockets_counted(const PeerSpec& peer, std::optional<int> count, TimePoint now);

  [[nodiscard]] KeyActions tick(TimePoint now);
  std::optional<TimePoint> next_tick() const;

  // As whose connection one from this address may be admitted: the narrowest neighbour or range around it. Nothing: as
  // nobody's, or not now.
  std::optional<PeerSpec> admits(const boost::asio::ip::address& from) const;

  // Whether to connect to this neighbour, with its wanted key or, where none is wanted, without: the listeners hold
  // what they need to answer its late segments.
  bool may_connect(const PeerSpec& peer) const;

  // Why nobody is admitted as `peer`, for people; nothing: no reason but, at most, the passing of time.
  std::optional<std::string> problem(const PeerSpec& peer) const;

  // What to set, before listen(), on a listener that is opened later.
  std::vector<WantedKey> installed(bool v6) const;
  std::size_t installed_count(bool v6) const { return installed_count_[v6 ? 1 : 0]; }

 private:
  struct Entry {
    bool listed = false;         // in the wanted table
    Key wanted;                  // empty: unsigned, or not listed
    Key installed;               // what the listeners hold; empty: nothing
    Key asked;                   // the key of a SetListenerKey that is not answered yet; empty: none is out
    bool removing = false;       // a RemoveListenerKey is not answered yet
    TimePoint unwanted_since{};  // while `installed` is to go
    TimePoint next_try{};        // when to count, or to set, again
    std::string error;           // of the last attempt to set

    bool to_come() const { return !wanted.empty() && !(wanted == installed); }
    bool to_go() const { return wanted.empty() && !installed.empty(); }
  };
  using Entries = std::map<PeerSpec, Entry>;  // by canonical prefix

  Entry& entry_of(const PeerSpec& peer);
  void change(const PeerSpec& peer, Entry& entry, bool listed, const Key& key, TimePoint now, KeyActions& actions);
  void close_within_wider(const PeerSpec& peer, KeyActions& actions) const;
  void ask_to_set(const PeerSpec& peer, Entry& entry, KeyActions& actions);
  void ask_to_remove(const PeerSpec& peer, Entry& entry, KeyActions& actions);
  void install(const PeerSpec& peer, Entry& entry, const Key& key, TimePoint now);
  void forget_if_idle(Entries::iterator at);
  // The narrowest entry around the address for which fits(entry) holds; null: none.
  template <class Fits>
  const Entries::value_type* narrowest(const boost::asio::ip::address& around, Fits fits) const;

  Entries entries_;
  std::array<std::map<int, std::size_t>, 2> lengths_;  // by family, [1] IPv6: how many entries of each prefix length
  std::array<std::size_t, 2> installed_count_{};       // by family
  std::vector<PeerSpec> undrained_;                    // whose keys changed since the queue was last drained
};

}  // namespace tw::tcpmd5
