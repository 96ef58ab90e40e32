// What is wanted and what is installed, entry by entry; every decision follows from comparing the two.
#include "tcpmd5/listener_keys.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;

std::size_t family_of(const address& of) { return of.is_v6() ? 1 : 0; }

bool wider(const PeerSpec& outer, const PeerSpec& inner) {
  return outer.prefix_length < inner.prefix_length && contains(outer, inner.address);
}

using Table = std::map<PeerSpec, Key>;

// The table by canonical prefix, without what it says in two ways.
Table consistent(std::span<const WantedKey> wanted) {
  Table table;
  std::vector<PeerSpec> contradictory;
  for (const WantedKey& it : wanted) {
    const auto [at, fresh] = table.emplace(canonical(it.peer), it.key);
    if (!fresh && !(at->second == it.key)) contradictory.push_back(at->first);
  }
  for (const PeerSpec& peer : contradictory) table.erase(peer);
  return table;
}

}  // namespace

std::vector<std::string> ListenerKeys::conflicts(std::span<const WantedKey> table) {
  std::vector<std::string> found;
  Table seen;
  for (const WantedKey& it : table) {
    const auto [at, fresh] = seen.emplace(canonical(it.peer), it.key);
    if (!fresh && !(at->second == it.key))
      found.push_back(to_string(at->first) +
                      " is configured twice with different MD5 keys, or once without; the kernel holds one key per "
                      "address and does not tell links apart: use one key for both");
  }
  for (const auto& [peer, key] : seen) {
    if (!key.empty()) continue;
    for (const auto& [range, range_key] : seen)
      if (!range_key.empty() && wider(range, peer)) {
        found.push_back(to_string(peer) + " has no MD5 key but lies in " + to_string(range) +
                        ", which has one; the kernel would demand a signature from it: give it a key, or narrow the "
                        "range");
        break;
      }
  }
  return found;
}

KeyActions ListenerKeys::want(std::span<const WantedKey> wanted, TimePoint now) {
  const Table table = consistent(wanted);
  KeyActions actions;
  std::vector<PeerSpec> unlisted;
  for (const auto& [peer, entry] : entries_)
    if (entry.listed && !table.contains(peer)) unlisted.push_back(peer);
  for (const PeerSpec& peer : unlisted) {
    change(peer, entries_.at(peer), false, Key(), now, actions);
    forget_if_idle(entries_.find(peer));
  }
  for (const auto& [peer, key] : table) change(peer, entry_of(peer), true, key, now, actions);
  return actions;
}

void ListenerKeys::change(const PeerSpec& peer, Entry& entry, bool listed, const Key& key, TimePoint now,
                          KeyActions& actions) {
  const bool key_changes = !(entry.wanted == key);
  // A session's key can be replaced, but a session can neither gain nor lose it.
  const bool replaceable = entry.wanted.empty() == key.empty();
  if (entry.listed && (!listed || !replaceable)) actions.push_back(CloseSessions{peer, peer});
  if (!entry.listed && listed) close_within_wider(peer, actions);

  entry.listed = listed;
  entry.wanted = key;
  if (!key_changes) return;
  entry.error.clear();
  if (entry.to_come()) ask_to_set(peer, entry, actions);
  if (entry.to_go()) {
    entry.unwanted_since = now;
    entry.next_try = now + kCountInterval;
  }
}

// A neighbour configured inside a range takes its address out of the range.
void ListenerKeys::close_within_wider(const PeerSpec& peer, KeyActions& actions) const {
  for (const auto& [other, entry] : entries_)
    if (entry.listed && wider(other, peer)) actions.push_back(CloseSessions{other, peer});
}

void ListenerKeys::ask_to_set(const PeerSpec& peer, Entry& entry, KeyActions& actions) {
  if (!entry.asked.empty()) return;  // its answer will ask again
  entry.asked = entry.wanted;
  actions.push_back(SetListenerKey{peer, entry.wanted});
}

void ListenerKeys::ask_to_remove(const PeerSpec& peer, Entry& entry, KeyActions& actions) {
  if (std::exchange(entry.removing, true)) return;
  actions.push_back(RemoveListenerKey{peer});
}

KeyActions ListenerKeys::key_set(const PeerSpec& peer, std::optional<std::string> error, TimePoint now) {
  KeyActions actions;
  const auto at = entries_.find(canonical(peer));
  if (at == entries_.end() || at->second.asked.empty()) return actions;
  Entry& entry = at->second;
  const Key asked = std::exchange(entry.asked, Key());
  if (error) {
    entry.error = std::move(*error);
    entry.next_try = now + kRetryInterval;
    actions.push_back(CloseSessions{at->first, at->first});
    // It may have succeeded on one listener of several.
    if (entry.installed.empty()) ask_to_remove(at->first, entry, actions);
    return actions;
  }
  entry.error.clear();
  const bool replaced = !entry.installed.empty();
  install(at->first, entry, asked, now);
  actions.push_back(DrainAcceptQueue{});
  if (entry.to_come()) {
    ask_to_set(at->first, entry, actions);
  } else if (replaced && !entry.to_go()) {
    actions.push_back(RekeySessions{at->first, asked});
  }
  return actions;
}

KeyActions ListenerKeys::key_removed(const PeerSpec& peer, const std::optional<std::string>& error, TimePoint now) {
  KeyActions actions;
  const auto at = entries_.find(canonical(peer));
  if (at == entries_.end() || !at->second.removing) return actions;
  Entry& entry = at->second;
  entry.removing = false;
  if (error) {  // it is still there: the kernel goes on demanding signatures, and we go on trying
    entry.next_try = now + kRetryInterval;
    return actions;
  }
  install(at->first, entry, Key(), now);
  actions.push_back(DrainAcceptQueue{});
  // Wanted again since it was asked for.
  if (entry.to_come() && entry.error.empty()) ask_to_set(at->first, entry, actions);
  forget_if_idle(at);
  return actions;
}

void ListenerKeys::install(const PeerSpec& peer, Entry& entry, const Key& key, TimePoint now) {
  std::size_t& count = installed_count_[family_of(peer.address)];
  if (!entry.installed.empty()) --count;
  if (!key.empty()) ++count;
  entry.installed = key;
  if (entry.to_go()) {
    entry.unwanted_since = now;
    entry.next_try = now + kCountInterval;
  }
  undrained_.push_back(peer);
}

void ListenerKeys::queue_drained() { undrained_.clear(); }

KeyActions ListenerKeys::sockets_counted(const PeerSpec& peer, std::optional<int> count, TimePoint) {
  KeyActions actions;
  const auto at = entries_.find(canonical(peer));
  if (at != entries_.end() && at->second.to_go() && count == 0) ask_to_remove(at->first, at->second, actions);
  return actions;
}

KeyActions ListenerKeys::tick(TimePoint now) {
  KeyActions actions;
  for (auto& [peer, entry] : entries_) {
    if (entry.removing || !entry.asked.empty() || now < entry.next_try) continue;
    if (entry.to_come()) ask_to_set(peer, entry, actions);
    if (!entry.to_go()) continue;
    if (now >= entry.unwanted_since + kLinger) {
      ask_to_remove(peer, entry, actions);
    } else {
      entry.next_try = now + kCountInterval;
      actions.push_back(CountSockets{peer});
    }
  }
  return actions;
}

std::optional<ListenerKeys::TimePoint> ListenerKeys::next_tick() const {
  std::optional<TimePoint> next;
  for (const auto& [peer, entry] : entries_) {
    if (entry.removing || !entry.asked.empty() || !(entry.to_come() || entry.to_go())) continue;
    if (!next || entry.next_try < *next) next = entry.next_try;
  }
  return next;
}

std::optional<PeerSpec> ListenerKeys::admits(const address& from) const {
  const auto* listed = narrowest(from, [](const Entry& entry) { return entry.listed; });
  if (listed == nullptr) return std::nullopt;
  if (!may_connect(listed->first)) return std::nullopt;
  const auto* keyed = narrowest(from, [](const Entry& entry) { return !entry.installed.empty(); });
  const Key& wanted = listed->second.wanted;
  if (keyed == nullptr ? !wanted.empty() : !(wanted == keyed->second.installed)) return std::nullopt;
  // A change at a wider prefix than the one that decides does not concern this address.
  const int deciding_length = keyed == nullptr ? 0 : keyed->first.prefix_length;
  const bool undrained = std::any_of(undrained_.begin(), undrained_.end(), [&](const PeerSpec& changed) {
    return changed.prefix_length >= deciding_length && contains(changed, from);
  });
  if (undrained) return std::nullopt;
  return listed->first;
}

bool ListenerKeys::may_connect(const PeerSpec& peer) const {
  const auto at = entries_.find(canonical(peer));
  if (at == entries_.end()) return false;
  const Entry& entry = at->second;
  // While a key is on its way to the kernel or out of it, nothing is certain.
  return entry.listed && !entry.to_come() && entry.asked.empty() && !entry.removing;
}

std::optional<std::string> ListenerKeys::problem(const PeerSpec& peer) const {
  const auto at = entries_.find(canonical(peer));
  if (at == entries_.end() || at->second.error.empty()) return std::nullopt;
  return at->second.error;
}

std::vector<WantedKey> ListenerKeys::installed(bool v6) const {
  std::vector<WantedKey> keys;
  for (const auto& [peer, entry] : entries_)
    if (peer.address.is_v6() == v6 && !entry.installed.empty()) keys.push_back({peer, entry.installed});
  return keys;
}

ListenerKeys::Entry& ListenerKeys::entry_of(const PeerSpec& peer) {
  const auto [at, fresh] = entries_.try_emplace(peer);
  if (fresh) ++lengths_[family_of(peer.address)][peer.prefix_length];
  return at->second;
}

void ListenerKeys::forget_if_idle(Entries::iterator at) {
  const Entry& entry = at->second;
  if (entry.listed || !entry.installed.empty() || !entry.asked.empty() || entry.removing) return;
  auto& lengths = lengths_[family_of(at->first.address)];
  const auto length = lengths.find(at->first.prefix_length);
  if (--length->second == 0) lengths.erase(length);
  entries_.erase(at);
}

template <class Fits>
const ListenerKeys::Entries::value_type* ListenerKeys::narrowest(const address& around, Fits fits) const {
  const auto& lengths = lengths_[family_of(around)];
  for (auto length = lengths.rbegin(); length != lengths.rend(); ++length) {
    const auto at = entries_.find(canonical({around, length->first}));
    if (at != entries_.end() && fits(at->second)) return &*at;
  }
  return nullptr;
}

}  // namespace tw::tcpmd5
