// The flows between this host and keyed peers, found by their addresses and ports or by their peer.
//
// Pure; not thread-safe. At most Verifier::kMaxFlows; the one unused for longest is forgotten first. A lookup is O(1),
// and next to nothing for the flow that was asked for last.
#pragma once

#include "tcpmd5/verify/flow.h"

#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

namespace tw::tcpmd5 {

class FlowTable {
 public:
  static constexpr std::size_t kMaxSearched = 64;  // flows that one damaged copy is looked for in

  // Flows whose peer is no longer in the table are forgotten.
  void set_peers(std::vector<KeyedPeer> peers);
  PeerTable& peers() { return peers_; }
  const PeerTable& peers() const { return peers_; }

  Flow* find(const FlowId& id);
  bool has(const FlowId& id) const { return places_.contains(id); }
  // Found or made. May forget another flow. REQUIRES: peers().keys_of(id.remote).
  Flow& obtain(const FlowId& id, TimePoint now);
  // Where else the reference of a copy may be: flows of the same peer, then those used last.
  std::vector<Flow*> others(const Flow* own, const boost::asio::ip::address& remote);
  // Whether any peer is talked to from this address.
  bool is_local(const boost::asio::ip::address& address) const;
  std::vector<boost::asio::ip::address> local_addresses(std::size_t limit) const;

  template <class Visit>
  void for_each(Visit visit) {
    for (Flow& flow : flows_) visit(flow);
  }
  void clear();
  std::size_t size() const { return flows_.size(); }
  // When a flow that still had something to compare with was last forgotten for want of room.
  std::optional<TimePoint> evicted() const { return evicted_; }

 private:
  using Place = std::list<Flow>::iterator;
  void erase(Place place);

  PeerTable peers_;
  std::list<Flow> flows_;  // the one used last first
  std::unordered_map<FlowId, Place, FlowIdHash> places_;
  std::unordered_map<boost::asio::ip::address, std::vector<Flow*>, AddressHash> by_remote_;
  std::unordered_map<boost::asio::ip::address, std::size_t, AddressHash> local_;  // how many flows have it
  Flow* last_ = nullptr;                                                          // that was asked for
  std::optional<TimePoint> evicted_;
};

}  // namespace tw::tcpmd5
