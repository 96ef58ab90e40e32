#include "tcpmd5/service/engine.h"

#include "tcpmd5/verify/peer_table.h"

#include <algorithm>
#include <utility>

namespace tw::tcpmd5 {

using boost::asio::ip::address;

Engine::Engine(Offloads& offloads, Journal& journal, Diagnosis::FindDevice lowest_device, HealerOptions options)
    : diagnosis_(lowest_device,
                 [this](const FlowId& flow, std::uint32_t sequence) {
                   if (acceptance_.was_sent_again(flow, sequence)) return Diagnosis::Fate::kSentAgain;
                   return acceptance_.was_taken_at_first(flow, sequence) ? Diagnosis::Fate::kTaken
                                                                         : Diagnosis::Fate::kUnknown;
                 }),
      healer_(offloads, journal, options),
      lowest_device_(std::move(lowest_device)) {}

void Engine::set_peers(const std::vector<KeyedPeer>& peers) {
  verifier_.set_peers(peers);
  std::erase_if(peers_, [&](const auto& entry) {
    if (verifier_.is_known(entry.first)) return false;
    acceptance_.forget(entry.first);
    return true;
  });
}

void Engine::set_has_vantage(bool has_vantage) {
  verifier_.set_has_vantage(has_vantage);
  verifier_.set_report_valid(has_vantage);
}

PeerMemory* Engine::memory_of(const address& peer) {
  if (const auto found = peers_.find(peer); found != peers_.end()) return &found->second;
  return peers_.size() < kMaxPeers ? &peers_[peer] : nullptr;
}

void Engine::on_host(std::span<const HostCopy> copies, TimePoint now) {
  sent_.clear();
  received_.clear();
  findings_.clear();
  for (const HostCopy& copy : copies) (copy.outgoing ? sent_ : received_).push_back(copy.copy);
  verifier_.sent(sent_, findings_);
  judge_acceptance(copies, verifier_.received(received_, findings_));
  take_findings(findings_, now);
  if (now - judged_at_ >= kJudgeEvery)
    settle(now);
  else
    settle_conclusions(now);
}

void Engine::judge_acceptance(std::span<const HostCopy> copies, std::span<const Signature> of_received) {
  remotes_ = {};
  std::size_t received = 0;
  for (const HostCopy& host : copies) {
    const Segment& segment = host.copy.segment;
    const bool valid = !host.outgoing && of_received[received++] == Signature::kValid;
    Remote& remote = remote_of(host.outgoing ? segment.destination : segment.source, host.copy.ifindex);
    if (!remote.keyed) continue;
    if (host.outgoing) {
      acceptance_.sent(segment, host.copy.ifindex, host.copy.at);
      if (remote.memory != nullptr) continue;
      remote.memory = memory_of(remote.peer);
      if (remote.memory != nullptr) remote.memory->ifindex = lowest_device_(remote.tap, remote.peer).ifindex;
    } else if (valid) {
      acceptance_.received(segment, host.copy.at);
      if (remote.valid++ == 0) remote.valid_since = host.copy.at;
    }
  }
  for (Remote& remote : remotes_) conclude_valid(remote);
}

Engine::Remote& Engine::remote_of(const address& peer, unsigned tap) {
  Remote& remote = remotes_[AddressHash()(peer) % kRemotes];
  if (remote.peer == peer && remote.tap == tap) return remote;
  conclude_valid(remote);
  remote = {.peer = peer, .tap = tap, .keyed = verifier_.is_keyed(peer)};
  return remote;
}

// That something was valid is worth knowing once; how much of it, only while a trial wants to know.
void Engine::conclude_valid(Remote& remote) {
  if (remote.valid == 0) return;
  const bool on_trial = healer_.trial_on(lowest_device_(remote.tap, remote.peer).ifindex);
  diagnosis_.received_valid(remote.tap, remote.peer, on_trial ? remote.valid : 0, remote.valid_since);
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
    ++memory->findings[static_cast<std::size_t>(finding.fault)];
    if (finding.evidence) {
      if (memory->evidence.size() >= PeerMemory::kMaxEvidence) memory->evidence.pop_front();
      memory->evidence.push_back(finding);
    }
    memory->last_fault = std::move(finding);
  }
}

// Carries what has come up from one part to the next. Outcomes go before suspicions: they are older.
void Engine::settle(TimePoint now) {
  judged_at_ = now;
  AcceptanceNews acceptance = acceptance_.take(now);
  for (const FlowOutcome& outcome : acceptance.outcomes) {
    diagnosis_.accepted(outcome);
    if (outcome.outcome.good)
      if (PeerMemory* memory = memory_of(outcome.flow.remote)) memory->last_accepted = now;
  }
  for (const Stuck& stuck : acceptance.stuck) diagnosis_.stuck(stuck, now);
  settle_conclusions(now);
}

void Engine::settle_conclusions(TimePoint now) {
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
