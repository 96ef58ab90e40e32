// Whose segments are to be signed with which keys, and what was counted of each.
//
// Pure; not thread-safe. Single addresses are found in O(1), prefixes in the order of their length.
#pragma once

#include "tcpmd5/verify/evidence_meter.h"
#include "tcpmd5/verify/verifier.h"

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace tw::tcpmd5 {

struct AddressHash {
  std::size_t operator()(const boost::asio::ip::address& address) const;
};

// What is known of one address that some entry covers.
struct KnownPeer {
  PeerCounts counts;
  std::optional<TimePoint> kept_since;          // when the first segment to it was remembered
  std::vector<boost::asio::ip::address> local;  // our addresses that talk to it; at most kMaxLocal
  std::size_t largest_received = 0;             // octets of payload, of the validly signed
  EvidenceMeter meter;                          // for segments that belong to no known flow
  static constexpr std::size_t kMaxLocal = 8;

  bool talks_from(const boost::asio::ip::address& address) const;
  void learn_local(const boost::asio::ip::address& address);
};

class PeerTable {
 public:
  static constexpr std::size_t kMaxKnown = 16384;  // addresses inside prefixes; anybody can forge more

  // Keeps what is known of addresses that are still covered.
  void set(std::vector<KeyedPeer> peers);
  // The keys for this address, by longest prefix; nullptr: none, and nobody's business. Holds until set().
  const std::vector<Key>* keys_of(const boost::asio::ip::address& address) const;
  // A neighbour without a key.
  bool is_unkeyed(const boost::asio::ip::address& address) const;
  // REQUIRES: keys_of(address). Where there are too many, one that stands for all the rest. Holds until set().
  KnownPeer& known(const boost::asio::ip::address& address);
  const KnownPeer* find_known(const boost::asio::ip::address& address) const;
  // Single addresses of the table that have keys: candidates for what a translated address was before.
  const std::vector<boost::asio::ip::address>& single_addresses() const { return single_addresses_; }

 private:
  // Of the entry for this address; nullptr: there is none.
  const std::vector<Key>* entry_of(const boost::asio::ip::address& address) const;

  std::unordered_map<boost::asio::ip::address, std::vector<Key>, AddressHash> singles_;
  std::vector<KeyedPeer> prefixes_;  // longest first
  std::vector<boost::asio::ip::address> single_addresses_;
  std::unordered_map<boost::asio::ip::address, KnownPeer, AddressHash> known_;
  KnownPeer the_rest_;
};

}  // namespace tw::tcpmd5
