// What asks for attention first, and at most a few of each kind: a probe's output should stay a line.
#include "api/http/verifier_line.h"

#include "api/grpc/verify_messages.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace tw::api {

namespace {

using tcpmd5::Confidence;

constexpr std::size_t kMostParts = 4;

std::string time_text(tcpmd5::WallTime time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

// How sure the verifier is that what it keeps off on the device is guilty.
std::string guilt(const VerifySnapshot& snapshot, const std::string& device) {
  std::optional<Confidence> most;
  for (const tcpmd5::PeerVerification& peer : snapshot.status.peers) {
    if (peer.device == device && peer.confidence) most = std::max(most, peer.confidence);
  }
  if (most == Confidence::kProven) return " proven guilty";
  if (most == Confidence::kMitigated) return " turned off, proof under way";
  return " suspected";
}

std::vector<std::string> remedies(const VerifySnapshot& snapshot) {
  std::vector<std::string> parts;
  for (const tcpmd5::RemedyStatus& remedy : snapshot.remedies) {
    parts.push_back(fmt::format("{}: {}{}, off since {}", remedy.device, to_string(remedy.off),
                                guilt(snapshot, remedy.device), time_text(remedy.since)));
  }
  return parts;
}

std::vector<std::string> broken_sources(const VerifySnapshot& snapshot) {
  std::vector<std::string> parts;
  for (const tcpmd5::SourceStatus& source : snapshot.status.sources) {
    if (!source.working) parts.push_back(fmt::format("{} does not work: {}", source.name, source.problem));
  }
  return parts;
}

// Faults that no remedy answers.
std::vector<std::string> open_faults(const VerifySnapshot& snapshot) {
  std::set<std::string> remedied;
  for (const tcpmd5::RemedyStatus& remedy : snapshot.remedies) remedied.insert(remedy.device);
  std::vector<std::string> parts;
  for (const tcpmd5::PeerVerification& peer : snapshot.status.peers) {
    if (!peer.last_fault || remedied.contains(peer.device)) continue;
    parts.push_back(fmt::format("{}: {}{}, last seen {}", peer_text(peer.peer), peer.last_fault->fault,
                                peer.trial_running ? " (trial running)" : "", time_text(peer.last_fault->at)));
  }
  return parts;
}

std::string vantages(const VerifySnapshot& snapshot) {
  const auto count = std::count_if(
      snapshot.status.sources.begin(), snapshot.status.sources.end(),
      [](const tcpmd5::SourceStatus& source) { return source.working && !source.name.starts_with("tap "); });
  if (count == 0) return "no vantage";
  return fmt::format("{} vantage{}", count, count == 1 ? "" : "s");
}

}  // namespace

std::string verifier_line(const std::optional<VerifySnapshot>& snapshot) {
  if (!snapshot || snapshot->status.mode.empty()) return "verifier: does not answer";
  if (snapshot->status.mode == "off") return "verifier: mode off";
  std::string line = fmt::format("verifier: mode {}, {}", snapshot->status.mode, vantages(*snapshot));
  std::vector<std::string> parts;
  for (const auto& some : {remedies(*snapshot), open_faults(*snapshot), broken_sources(*snapshot)}) {
    parts.insert(parts.end(), some.begin(), some.end());
  }
  if (parts.empty()) return line + ", no fault";
  const std::size_t shown = std::min(parts.size(), kMostParts);
  for (std::size_t i = 0; i < shown; ++i) line += "; " + parts[i];
  if (parts.size() > shown) line += fmt::format("; {} more: truewire verify", parts.size() - shown);
  return line;
}

}  // namespace tw::api
