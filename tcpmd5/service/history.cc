#include "tcpmd5/service/history.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace tw::tcpmd5 {

namespace {

StoredTime stored_time(WallTime at) { return std::chrono::time_point_cast<std::chrono::milliseconds>(at); }

HistoryEntry entry_of(const Verdict& verdict, WallTime at, std::uint64_t id) {
  HistoryEntry entry;
  entry.id = id;
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
  return entry;
}

StoredVerdict stored_of(const HistoryEntry& entry) {
  StoredVerdict stored;
  stored.at = stored_time(entry.at);
  stored.device = entry.device;
  stored.peer = entry.peer.to_string();
  stored.fault = entry.fault;
  stored.evidence = entry.evidence;
  stored.confidence = to_string(entry.confidence);
  stored.text = entry.text;
  stored.story = entry.story;
  stored.culprits = entry.culprits;
  stored.proven = entry.proven;
  stored.suspected = entry.suspected;
  stored.consequences = entry.consequences;
  stored.innocent = entry.innocent;
  stored.fixed = entry.fixed;
  stored.ignored = entry.ignored;
  stored.seconds_to_mitigated = entry.seconds_to_mitigated;
  stored.seconds_to_proven = entry.seconds_to_proven;
  return stored;
}

Confidence confidence_named(std::string_view name) {
  for (const Confidence confidence : {Confidence::kReported, Confidence::kUndecidable, Confidence::kSuspected,
                                      Confidence::kMitigated, Confidence::kProven})
    if (to_string(confidence) == name) return confidence;
  return Confidence::kReported;
}

HistoryEntry entry_of(const StoredVerdict& stored) {
  HistoryEntry entry;
  entry.id = static_cast<std::uint64_t>(stored.id);
  entry.at = stored.at;
  entry.device = stored.device;
  boost::system::error_code ignored;
  entry.peer = boost::asio::ip::make_address(stored.peer, ignored);
  entry.fault = stored.fault;
  entry.evidence = stored.evidence;
  entry.confidence = confidence_named(stored.confidence);
  entry.text = stored.text;
  entry.story = stored.story;
  entry.culprits = stored.culprits;
  entry.proven = stored.proven;
  entry.suspected = stored.suspected;
  entry.consequences = stored.consequences;
  entry.innocent = stored.innocent;
  entry.fixed = stored.fixed;
  entry.ignored = stored.ignored;
  entry.seconds_to_mitigated = stored.seconds_to_mitigated;
  entry.seconds_to_proven = stored.seconds_to_proven;
  return entry;
}

}  // namespace

History::History(std::function<std::optional<PathDevice>(unsigned)> device) : device_(std::move(device)) {}

std::optional<std::string> History::open(const std::string& state_directory) {
  if (auto problem = store_.open(state_directory)) return problem;
  auto verdicts = store_.verdicts(static_cast<int>(kMaxEntries));
  if (auto* problem = std::get_if<std::string>(&verdicts)) return std::move(*problem);
  for (const StoredVerdict& verdict : std::get<StoredRows<StoredVerdict>>(verdicts).rows) {
    entries_.push_front(entry_of(verdict));
    last_id_ = std::max(last_id_, entries_.front().id);
  }
  auto remedies = store_.remedies();
  if (auto* problem = std::get_if<std::string>(&remedies)) return std::move(*problem);
  stored_ = std::move(std::get<StoredRows<StoredRemedy>>(remedies).rows);
  return std::nullopt;
}

std::optional<DeviceIdentity> History::identity(unsigned ifindex) {
  const auto device = device_(ifindex);
  if (!device) return std::nullopt;
  return device->identity();
}

std::optional<std::string> History::begin_trial(unsigned ifindex, const DeviceFeatures& before) {
  const auto device = identity(ifindex);
  if (!device) return "the device is gone";
  if (auto problem = store_.begin_trial({*device, stored_time(std::chrono::system_clock::now()), before}))
    return problem;
  on_trial_[ifindex] = *device;
  pricing_[ifindex].enter(RemedyPricing::State::kTrial);
  return std::nullopt;
}

void History::end_trial(unsigned ifindex) {
  if (const auto device = on_trial_.extract(ifindex)) store_.end_trial(device.mapped());
  begin_pricing(ifindex);
}

void History::begin_pricing(unsigned ifindex) {
  using State = RemedyPricing::State;
  pricing_[ifindex].enter(remedies_.contains(ifindex) ? State::kRemedy : State::kNoRemedy);
}

void History::sent(unsigned ifindex, const SendingSample& sample, TimePoint now) {
  RemedyPricing& pricing = pricing_[ifindex];
  pricing.add(sample, now);
  const auto status = remedies_.find(ifindex);
  if (status == remedies_.end()) return;
  if (const auto before = pricing.before()) status->second.cpu_ns_per_byte_before = before;
  if (const auto after = pricing.after()) status->second.cpu_ns_per_byte_after = after;
  const auto remedied = remedied_.find(ifindex);
  if (remedied == remedied_.end() || remedied->second.price || !status->second.cpu_ns_per_byte_before ||
      !status->second.cpu_ns_per_byte_after)
    return;
  remedied->second.price = {*status->second.cpu_ns_per_byte_before, *status->second.cpu_ns_per_byte_after};
  store_.put_remedy(remedied->second);  // a full disk costs the price, not the remedy
}

std::optional<std::string> History::put_remedy(const Verdict& verdict, const DeviceFeatures& before) {
  const WallTime now = std::chrono::system_clock::now();
  remedies_[verdict.ifindex] = {.device = verdict.device,
                                .off = verdict.culprits,
                                .text = verdict.text,
                                .since = now,
                                .cpu_ns_per_byte_before = {},
                                .cpu_ns_per_byte_after = {}};
  const auto device = identity(verdict.ifindex);
  if (!device) return "the device is gone";
  StoredRemedy& remedy = remedied_[verdict.ifindex] = {};
  remedy.device = *device;
  remedy.off = verdict.culprits;
  remedy.before = remedy.after = before;
  remedy.because = stored_of(entry_of(verdict, now, 0));
  return store_.put_remedy(remedy);
}

void History::remove_remedy(unsigned ifindex) {
  remedies_.erase(ifindex);
  if (const auto remedy = remedied_.extract(ifindex)) store_.remove_remedy(remedy.mapped().device);
  pricing_.erase(ifindex);
}

void History::adopted(const StoredRemedy& remedy, unsigned ifindex) {
  remedied_[ifindex] = remedy;
  RemedyStatus& status = remedies_[ifindex] = {.device = remedy.device.name,
                                               .off = remedy.off,
                                               .text = remedy.because.text,
                                               .since = remedy.because.at,
                                               .cpu_ns_per_byte_before = {},
                                               .cpu_ns_per_byte_after = {}};
  if (remedy.price) {
    status.cpu_ns_per_byte_before = remedy.price->cpu_ns_per_byte_before;
    status.cpu_ns_per_byte_after = remedy.price->cpu_ns_per_byte_after;
  }
  begin_pricing(ifindex);
}

const HistoryEntry& History::add(const Verdict& verdict, WallTime at) {
  if (entries_.size() >= kMaxEntries) entries_.pop_front();
  entries_.push_back(entry_of(verdict, at, ++last_id_));
  store_.add_verdict(stored_of(entries_.back()));  // a full disk costs the history, not the verifier
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
