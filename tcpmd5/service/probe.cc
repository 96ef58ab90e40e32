#include "tcpmd5/service/probe.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

namespace {

constexpr std::size_t kMaxText = 400;  // octets of a probe's words that are kept
constexpr std::size_t kMaxAddresses = 16;

// A stranger's words, fit for a terminal and a log line.
std::string made_printable(std::string text) {
  if (text.size() > kMaxText) text.resize(kMaxText);
  const auto unfit = [](unsigned char c) { return c < 0x20 || c >= 0x7f; };
  std::replace_if(text.begin(), text.end(), unfit, '?');
  return text;
}

}  // namespace

Probe::Probe(const std::string& probe_name, VantageHandlers handlers)
    : name_("probe:" + probe_name), handlers_(std::move(handlers)) {}

Probe::~Probe() { end("the configuration does not name it any more, or the verifier stops"); }

void Probe::end(const std::string& why) {
  if (!connection_) return;
  const auto ended = std::move(connection_->hooks.ended);
  connection_.reset();
  if (ended) ended(why);
  if (decoys_.gone) decoys_.gone();
}

void Probe::connected(std::uint64_t session, ProbeIdentity identity, ProbeIntake::Hooks hooks) {
  end("another probe of this name has connected");
  identity.interface = made_printable(std::move(identity.interface));
  if (identity.decoy_addresses.size() > kMaxAddresses) identity.decoy_addresses.resize(kMaxAddresses);
  connection_ = Connection{session, std::move(identity), std::move(hooks), ""};
  // What was sent while nobody looked is not to be called lost.
  handlers_.blind({.dropped = 1});
  request(ProbeWatch{.ports = {std::begin(kProbePorts), std::end(kProbePorts)}});
}

void Probe::gone(std::uint64_t session) {
  if (!connection_ || connection_->session != session) return;
  connection_->hooks.ended = nullptr;  // it knows
  end("");
}

bool Probe::request(const ProbeRequest& request) {
  if (!connection_) return false;
  connection_->hooks.request(request);
  return true;
}

void Probe::said(std::uint64_t session, ProbeMessage message) {
  if (!connection_ || connection_->session != session) return;
  if (const auto* batch = std::get_if<ProbeBatch>(&message)) {
    take(*batch);
  } else if (auto* state = std::get_if<ProbeState>(&message)) {
    take(*state);
  } else if (auto& answer = std::get<DecoyAnswer>(message); decoys_.answer) {
    if (auto* problem = std::get_if<std::string>(&answer.result)) *problem = made_printable(std::move(*problem));
    decoys_.answer(std::move(answer));
  }
}

void Probe::lost(std::uint64_t session, std::uint64_t messages) {
  if (connection_ && connection_->session == session) count_dropped(messages);
}

void Probe::count_dropped(std::uint64_t frames) {
  if (frames == 0) return;
  dropped_ += std::min(frames, std::uint64_t(-1) - dropped_);
  handlers_.blind({.dropped = frames});
}

void Probe::take(ProbeState& state) {
  connection_->problem = made_printable(std::move(state.problem));
  count_dropped(state.dropped);
}

void Probe::take(const ProbeBatch& batch) {
  const std::size_t count = std::min(batch.frames.size(), ProbeIntake::kMaxFrames);
  count_dropped(batch.dropped);
  count_dropped(batch.frames.size() - count);
  const auto now = std::chrono::steady_clock::now();
  std::vector<Copy> copies;
  copies.reserve(count);
  Blindness blindness;
  for (std::size_t i = 0; i < count; i++) {
    const ProbeFrame& frame = batch.frames[i];
    const std::size_t had = copies.size();
    add_copy(frame.octets, batch.link, now, copies, blindness);
    // Captured where no NIC has finished it: a virtual link of the probe's host.
    if (copies.size() > had) copies.back().checksum_unfinished = frame.checksum_unfinished;
  }
  frames_ += count;
  truncated_ += blindness.truncated;
  if (blindness.truncated > 0) handlers_.blind(blindness);
  if (!copies.empty()) handlers_.copies(copies, name_);
}

SourceStatus Probe::status() const {
  return {.name = name_,
          .working = working(),
          .problem = connection_ ? connection_->problem : "no probe of this name is connected",
          .frames = frames_,
          .dropped = dropped_,
          .truncated = truncated_};
}

}  // namespace tw::tcpmd5
