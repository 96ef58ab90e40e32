#include "tcpmd5/verify/flow_table.h"

#include <algorithm>

namespace tw::tcpmd5 {

using boost::asio::ip::address;

void FlowTable::set_peers(std::vector<KeyedPeer> peers) {
  peers_.set(std::move(peers));
  for (Place it = flows_.begin(); it != flows_.end();) {
    const Place here = it++;
    here->keys = peers_.keys_of(here->id.remote);
    if (here->keys == nullptr)
      erase(here);
    else
      here->peer = &peers_.known(here->id.remote);
  }
}

Flow* FlowTable::find(const FlowId& id) {
  if (last_ != nullptr && last_->id == id) return last_;
  const auto found = places_.find(id);
  if (found == places_.end()) return nullptr;
  flows_.splice(flows_.begin(), flows_, found->second);
  return last_ = &*found->second;
}

Flow& FlowTable::obtain(const FlowId& id, TimePoint now) {
  if (Flow* const found = find(id)) return *found;
  if (flows_.size() >= Verifier::kMaxFlows) {
    if (!flows_.back().kept.empty()) evicted_ = now;
    erase(std::prev(flows_.end()));
  }
  Flow& flow = flows_.emplace_front();
  flow.id = id;
  flow.keys = peers_.keys_of(id.remote);
  flow.peer = &peers_.known(id.remote);
  places_[id] = flows_.begin();
  by_remote_[id.remote].push_back(&flow);
  ++local_[id.local];
  return *(last_ = &flow);
}

std::vector<Flow*> FlowTable::others(const Flow* own, const address& remote) {
  std::vector<Flow*> found;
  if (const auto same = by_remote_.find(remote); same != by_remote_.end())
    for (auto it = same->second.rbegin(); it != same->second.rend() && found.size() < kMaxSearched / 2; ++it)
      if (*it != own) found.push_back(*it);
  for (Flow& flow : flows_) {
    if (found.size() >= kMaxSearched) break;
    if (&flow != own && flow.id.remote != remote) found.push_back(&flow);
  }
  return found;
}

bool FlowTable::is_local(const address& of) const { return local_.contains(of); }

std::vector<address> FlowTable::local_addresses(std::size_t limit) const {
  std::vector<address> found;
  for (auto it = local_.begin(); it != local_.end() && found.size() < limit; ++it) found.push_back(it->first);
  return found;
}

void FlowTable::clear() {
  while (!flows_.empty()) erase(flows_.begin());
}

void FlowTable::erase(Place place) {
  if (last_ == &*place) last_ = nullptr;
  std::vector<Flow*>& siblings = by_remote_[place->id.remote];
  std::erase(siblings, &*place);
  if (siblings.empty()) by_remote_.erase(place->id.remote);
  if (--local_[place->id.local] == 0) local_.erase(place->id.local);
  places_.erase(place->id);
  flows_.erase(place);
}

}  // namespace tw::tcpmd5
