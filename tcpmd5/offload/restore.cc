#include "tcpmd5/offload/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tw::tcpmd5 {
namespace {

// Every bit, and gso_max_segs, that is wanted otherwise than before.
FeatureChange what_differs(const DeviceFeatures& before, const DeviceFeatures& now) {
  FeatureChange change;
  for (const auto& [name, bit] : before.bits) {
    const auto found = now.bits.find(name);
    if (bit.changeable && found != now.bits.end() && found->second.wanted != bit.wanted)
      change.bits.emplace(name, bit.wanted);
  }
  if (before.gso_max_segs && before.gso_max_segs != now.gso_max_segs) change.gso_max_segs = before.gso_max_segs;
  return change;
}

std::string change_text(const FeatureChange& change) {
  std::vector<std::string> words;
  for (const auto& [name, on] : change.bits) words.push_back(fmt::format("{} {}", name, on ? "on" : "off"));
  if (change.gso_max_segs) words.push_back(fmt::format("gso_max_segs {}", *change.gso_max_segs));
  return fmt::format("{}", fmt::join(words, ", "));
}

struct Attempt {
  bool done = false;
  std::string text;
};

Attempt put_back(const StoredTrial& trial, Offloads& offloads, const PathDevice& device) {
  const std::string& name = device.link.name;
  const auto now = offloads.read(device.link.ifindex);
  if (const auto* failure = std::get_if<OffloadFailure>(&now))
    return {false, fmt::format("{}: {}", name, failure->text)};
  const FeatureChange change = what_differs(trial.before, std::get<DeviceFeatures>(now));
  if (change.empty()) return {true, fmt::format("{}: all as it was before the interrupted trial", name)};
  const auto outcome = offloads.change(device.link.ifindex, change);
  if (const auto* failure = std::get_if<OffloadFailure>(&outcome))
    return {false, fmt::format("{}: {}", name, failure->text)};
  const auto& left = std::get<ChangeOutcome>(outcome).not_followed;
  if (!left.empty()) return {false, fmt::format("{}: the device did not take back {}", name, fmt::join(left, ", "))};
  return {true, fmt::format("{}: put back what an interrupted trial left: {}", name, change_text(change))};
}

}  // namespace

const PathDevice* find_device(const DeviceIdentity& identity, std::span<const PathDevice> devices) {
  for (const PathDevice& device : devices)
    if (device.identity() == identity) return &device;
  if (identity.permanent_address.empty()) return nullptr;
  const auto renamed = [&](const PathDevice& device) {
    return device.link.permanent_address == identity.permanent_address && device.driver == identity.driver;
  };
  // Functions of one NIC may share an address: then there is no telling which of them it was.
  if (std::ranges::count_if(devices, renamed) != 1) return nullptr;
  return &*std::ranges::find_if(devices, renamed);
}

Restored restore(RemedyStore& store, Offloads& offloads, std::span<const PathDevice> devices) {
  Restored restored;
  const auto stored = store.trials();
  if (const auto* error = std::get_if<std::string>(&stored)) {
    restored.failed.push_back(*error);
    return restored;
  }
  const auto& trials = std::get<StoredRows<StoredTrial>>(stored);
  restored.failed = trials.unreadable;
  for (const StoredTrial& trial : trials.rows) {
    const PathDevice* device = find_device(trial.device, devices);
    if (device == nullptr) {
      restored.failed.push_back(
          fmt::format("{}: a trial was interrupted, but the device is not there to be put back", trial.device.name));
      continue;
    }
    Attempt attempt = put_back(trial, offloads, *device);
    if (attempt.done) {
      if (const auto error = store.end_trial(trial.device)) attempt = {false, *error};
    }
    (attempt.done ? restored.done : restored.failed).push_back(std::move(attempt.text));
  }
  return restored;
}

}  // namespace tw::tcpmd5
