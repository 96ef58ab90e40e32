#include "tcpmd5/verify/peer_table.h"

#include <algorithm>
#include <cstring>

namespace tw::tcpmd5 {

using boost::asio::ip::address;

std::size_t AddressHash::operator()(const address& of) const {
  constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15;
  if (of.is_v4()) return (of.to_v4().to_uint() * kSpread) >> 16;
  const auto bytes = of.to_v6().to_bytes();
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), bytes.data(), sizeof halves);
  return ((halves[0] * kSpread) ^ (halves[1] + kSpread)) * kSpread >> 16;
}

bool KnownPeer::talks_from(const address& of) const { return std::find(local.begin(), local.end(), of) != local.end(); }

void KnownPeer::learn_local(const address& of) {
  if (talks_from(of)) return;
  if (local.size() == kMaxLocal) local.erase(local.begin());
  local.push_back(of);
}

void PeerTable::set(std::vector<KeyedPeer> peers) {
  singles_.clear();
  prefixes_.clear();
  single_addresses_.clear();
  for (KeyedPeer& it : peers) {
    it.peer = canonical(it.peer);
    if (it.peer.prefix_length == (it.peer.address.is_v4() ? 32 : 128)) {
      if (!it.keys.empty()) single_addresses_.push_back(it.peer.address);
      singles_[it.peer.address] = std::move(it.keys);
    } else {
      prefixes_.push_back(std::move(it));
    }
  }
  std::stable_sort(prefixes_.begin(), prefixes_.end(),
                   [](const KeyedPeer& a, const KeyedPeer& b) { return a.peer.prefix_length > b.peer.prefix_length; });
  std::erase_if(known_, [this](const auto& it) { return keys_of(it.first) == nullptr; });
  for (const address& it : single_addresses_) known_.try_emplace(it);
}

const std::vector<Key>* PeerTable::keys_of(const address& of) const {
  const std::vector<Key>* const keys = entry_of(of);
  return keys == nullptr || keys->empty() ? nullptr : keys;
}

bool PeerTable::is_unkeyed(const address& of) const {
  const std::vector<Key>* const keys = entry_of(of);
  return keys != nullptr && keys->empty();
}

const std::vector<Key>* PeerTable::entry_of(const address& of) const {
  address bare = of;
  if (of.is_v6() && of.to_v6().scope_id() != 0) bare = boost::asio::ip::address_v6(of.to_v6().to_bytes());
  if (const auto it = singles_.find(bare); it != singles_.end()) return &it->second;
  for (const KeyedPeer& it : prefixes_)
    if (contains(it.peer, bare)) return &it.keys;
  return nullptr;
}

KnownPeer& PeerTable::known(const address& of) {
  if (const auto it = known_.find(of); it != known_.end()) return it->second;
  if (known_.size() >= kMaxKnown + single_addresses_.size()) return the_rest_;
  return known_[of];
}

const KnownPeer* PeerTable::find_known(const address& of) const {
  const auto it = known_.find(of);
  return it == known_.end() ? nullptr : &it->second;
}

}  // namespace tw::tcpmd5
