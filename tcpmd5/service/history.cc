#include "tcpmd5/service/history.h"

#include <algorithm>

namespace tw::tcpmd5 {

std::optional<std::string> History::begin_trial(unsigned, const DeviceFeatures&) { return std::nullopt; }

void History::end_trial(unsigned) {}

std::optional<std::string> History::put_remedy(const Verdict& verdict, const DeviceFeatures&) {
  remedies_[verdict.ifindex] = {.device = verdict.device,
                                .off = verdict.culprits,
                                .text = verdict.text,
                                .since = std::chrono::system_clock::now()};
  return std::nullopt;
}

void History::remove_remedy(unsigned ifindex) { remedies_.erase(ifindex); }

const HistoryEntry& History::add(const Verdict& verdict, WallTime at) {
  if (entries_.size() >= kMaxEntries) entries_.pop_front();
  HistoryEntry entry;
  entry.id = ++last_id_;
  entry.at = at;
  entry.device = verdict.device;
  entry.fault = verdict.fault;
  entry.evidence = verdict.evidence;
  entry.text = verdict.text;
  entry.peer = verdict.peer;
  entry.confidence = verdict.confidence;
  entry.culprits = verdict.culprits;
  entry.proven = verdict.proven;
  entry.suspected = verdict.suspected;
  entry.consequences = verdict.consequences;
  entry.innocent = verdict.innocent;
  entry.fixed = verdict.fixed;
  entry.ignored = verdict.ignored;
  entry.story = verdict.story;
  entry.seconds_to_mitigated = verdict.seconds_to_mitigated;
  entry.seconds_to_proven = verdict.seconds_to_proven;
  entries_.push_back(std::move(entry));
  return entries_.back();
}

std::vector<HistoryEntry> History::newest(std::size_t limit) const {
  std::vector<HistoryEntry> found;
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && found.size() < limit; ++entry) {
    found.push_back(*entry);
    found.back().remedy_in_force = !entry->culprits.empty() && std::ranges::any_of(remedies_, [&](const auto& remedy) {
      return remedy.second.device == entry->device && remedy.second.off == entry->culprits;
    });
  }
  return found;
}

std::vector<RemedyStatus> History::remedies() const {
  std::vector<RemedyStatus> all;
  for (const auto& [ifindex, remedy] : remedies_) all.push_back(remedy);
  return all;
}

}  // namespace tw::tcpmd5
