#include "tcpmd5/service/engine.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tw::tcpmd5 {

namespace {

using boost::asio::ip::address;

// Tells one received copy from the others of its batch.
using CopyId = std::tuple<address, std::uint16_t, std::uint16_t, std::uint32_t, std::size_t>;
CopyId id_of(const Segment& segment) {
  return {segment.source, segment.source_port, segment.destination_port, segment.sequence, segment.payload.size()};
}
CopyId id_of(const Finding& finding) {
  return {finding.remote, finding.remote_port, finding.local_port, finding.sequence, finding.payload_size};
}

}  // namespace

Engine::Engine(Offloads& offloads, Journal& journal, Diagnosis::FindDevice lowest_device, HealerOptions options)
    : diagnosis_(lowest_device,
                 [this](const FlowId& flow, std::uint32_t sequence) {
                   return acceptance_.was_taken_at_first(flow, sequence);
                 }),
      healer_(offloads, journal, options),
      lowest_device_(std::move(lowest_device)) {}

void Engine::set_peers(const std::vector<KeyedPeer>& peers) {
  verifier_.set_peers(peers);
  keyed_.clear();
  for (const KeyedPeer& peer : peers) keyed_.push_back(peer.peer);
  is_keyed_.clear();
  std::erase_if(peers_, [&](const auto& entry) {
    if (is_keyed(entry.first)) return false;
    acceptance_.forget(entry.first);
    return true;
  });
}

void Engine::set_has_vantage(bool has_vantage) {
  verifier_.set_has_vantage(has_vantage);
  verifier_.set_report_valid(has_vantage);
}

bool Engine::is_keyed(const address& peer) const {
  if (const auto known = is_keyed_.find(peer); known != is_keyed_.end()) return known->second;
  const bool keyed = std::ranges::any_of(keyed_, [&](const PeerSpec& spec) { return contains(spec, peer); });
  if (is_keyed_.size() >= kMaxPeers) is_keyed_.clear();
  is_keyed_.emplace(peer, keyed);
  return keyed;
}

PeerMemory* Engine::memory_of(const address& peer) {
  if (const auto found = peers_.find(peer); found != peers_.end()) return &found->second;
  return peers_.size() < kMaxPeers ? &peers_[peer] : nullptr;
}

void Engine::on_host(std::span<const HostCopy> copies, TimePoint now) {
  std::vector<Copy> sent, received;
  for (const HostCopy& copy : copies) (copy.outgoing ? sent : received).push_back(copy.copy);
  std::vector<Finding> of_sent, of_received;
  verifier_.sent(sent, of_sent);
  verifier_.received(received, of_received);
  std::set<CopyId> bad;
  for (const Finding& finding : of_received) bad.insert(id_of(finding));
  std::map<std::pair<address, unsigned>, std::pair<std::size_t, TimePoint>> valid;
  for (const HostCopy& host : copies) {
    const Segment& segment = host.copy.segment;
    if (!is_keyed(host.outgoing ? segment.destination : segment.source)) continue;
    if (host.outgoing) {
      acceptance_.sent(segment, host.copy.ifindex, host.copy.at);
      if (PeerMemory* memory = memory_of(segment.destination))
        memory->ifindex = lowest_device_(host.copy.ifindex, segment.destination).ifindex;
    } else if (segment.is_signed() && !bad.contains(id_of(segment))) {
      acceptance_.received(segment, host.copy.at);
      auto& [count, since] = valid[{segment.source, host.copy.ifindex}];
      if (count++ == 0) since = host.copy.at;
    }
  }
  for (const auto& [from, what] : valid) diagnosis_.received_valid(from.second, from.first, what.first, what.second);
  take_findings(of_sent, now);
  take_findings(of_received, now);
  settle(now);
}

void Engine::on_wire(std::span<const Copy> copies, std::string_view vantage, TimePoint now) {
  std::vector<Finding> findings;
  verifier_.on_the_wire(copies, vantage, findings);
  take_findings(findings, now);
  settle(now);
}

void Engine::take_findings(std::vector<Finding>& findings, TimePoint now) {
  for (Finding& finding : findings) {
    diagnosis_.found(finding, now);
    if (finding.fault == FaultClass::kNone) continue;
    PeerMemory* memory = memory_of(finding.remote);
    if (!memory) continue;
    if (finding.evidence) {
      if (memory->evidence.size() >= PeerMemory::kMaxEvidence) memory->evidence.pop_front();
      memory->evidence.push_back(finding);
    }
    memory->last_fault = std::move(finding);
  }
}

// Carries what has come up from one part to the next. Outcomes go before suspicions: they are older.
void Engine::settle(TimePoint now) {
  AcceptanceNews acceptance = acceptance_.take(now);
  for (const FlowOutcome& outcome : acceptance.outcomes) {
    diagnosis_.accepted(outcome);
    if (outcome.outcome.good)
      if (PeerMemory* memory = memory_of(outcome.flow.remote)) memory->last_accepted = now;
  }
  for (const Stuck& stuck : acceptance.stuck) diagnosis_.stuck(stuck, now);
  Conclusions conclusions = diagnosis_.take();
  for (const PeerOutcome& outcome : conclusions.outcomes)
    healer_.outcome(outcome.ifindex, outcome.peer, outcome.outcome, now);
  for (const Suspicion& suspicion : conclusions.suspicions) healer_.suspect(suspicion, now);
  ForwardingWatch::News forwarding = forwarding_.take();
  for (const auto& [ifindex, outcomes] : forwarding.outcomes)
    for (const Outcome& outcome : outcomes) healer_.outcome(ifindex, forwarding_peer(), outcome, now);
  for (const Suspicion& suspicion : forwarding.suspicions) healer_.suspect(suspicion, now);
  HealerNews news = healer_.take();
  for (auto* verdicts : {&conclusions.verdicts, &news.verdicts})
    for (Verdict& verdict : *verdicts) {
      if (PeerMemory* memory = memory_of(verdict.peer)) memory->last_verdict = verdict;
      news_.verdicts.push_back(std::move(verdict));
    }
  news_.solicit.merge(news.solicit);
  news_.decoys.insert(news_.decoys.end(), news.decoys.begin(), news.decoys.end());
}

// A flip hits every session on the device: all must have at least half of their peer's hold time left, which begins
// anew with whatever the peer last accepted.
bool Engine::may_break(unsigned ifindex, TimePoint now) const {
  return std::ranges::all_of(sessions_, [&](const auto& session) {
    const auto& [peer, state] = session;
    const auto memory = peers_.find(peer);
    if (!state.established || state.hold_time.count() == 0 || memory == peers_.end() ||
        memory->second.ifindex != ifindex)
      return true;
    return memory->second.last_accepted && now - *memory->second.last_accepted < state.hold_time / 2;
  });
}

void Engine::on_features_changed(unsigned ifindex, TimePoint now) {
  healer_.features_changed(ifindex, now);
  settle(now);
}

void Engine::on_device_gone(unsigned ifindex, TimePoint now) {
  healer_.device_gone(ifindex, now);
  settle(now);
}

void Engine::tick(TimePoint now) {
  std::vector<Finding> findings;
  verifier_.tick(now, findings);
  take_findings(findings, now);
  diagnosis_.tick(now);
  settle(now);
  healer_.tick(now, [&](unsigned ifindex) { return may_break(ifindex, now); });
  settle(now);
}

TimePoint Engine::deadline() const {
  return std::min({verifier_.next_tick(), acceptance_.next_due(), diagnosis_.deadline(), healer_.deadline()});
}

void Engine::stop(TimePoint now) {
  healer_.stop(now);
  settle(now);
}

}  // namespace tw::tcpmd5
