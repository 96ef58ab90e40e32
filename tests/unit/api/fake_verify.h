// A verifier without taps: tables that a test fills, answered on the thread that asks, unless it is held up.
//
// Everything that a test reads or changes while a server uses it goes through locked(). wait_until() waits for a state.
#pragma once

#include "tcpmd5/service/verify_control.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace tw::api::testing {

class FakeVerify final : public tcpmd5::VerifyControl {
 public:
  // What it holds and what it was asked; guarded by the mutex.
  struct State {
    tcpmd5::VerifyStatus status{.mode = "watch", .sources = {}, .peers = {}, .uncheckable = 0};
    std::vector<tcpmd5::HistoryEntry> history;
    std::vector<tcpmd5::RemedyStatus> remedies;
    std::string undo_answer;
    std::vector<std::uint8_t> capture;
    bool held = false;  // questions wait

    std::vector<std::string> asked;  // "undo eth0"
    std::map<std::uint64_t, std::function<void(const tcpmd5::HistoryEntry&)>> watches;
    std::uint64_t next_watch = 1;
    int watches_ended = 0;
    std::map<std::uint64_t, std::function<void(const tcpmd5::PreflightNews&)>> preflights;
    std::vector<tcpmd5::PreflightAsked> preflights_asked;
    std::vector<std::function<void()>> waiting;
  };

  template <class F>
  auto locked(F f) {
    const std::lock_guard lock(mutex_);
    struct Notify {
      std::condition_variable& changed;
      ~Notify() { changed.notify_all(); }
    } notify{changed_};
    return f(state_);
  }
  template <class F>
  bool wait_until(F f) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return f(state_); });
  }
  void hold() {
    locked([](State& s) { s.held = true; });
  }
  void release() {
    const auto waiting = locked([](State& s) {
      s.held = false;
      return std::exchange(s.waiting, {});
    });
    for (const auto& answer : waiting) answer();
  }
  void publish(const tcpmd5::HistoryEntry& entry) {
    const auto watches = locked([](State& s) { return s.watches; });
    for (const auto& [id, on_entry] : watches) on_entry(entry);
  }

  void status(Reply<tcpmd5::VerifyStatus> reply) override {
    answer("status", std::move(reply), [](State& s) { return s.status; });
  }
  void history(std::size_t limit, Reply<std::vector<tcpmd5::HistoryEntry>> reply) override {
    answer("history " + std::to_string(limit), std::move(reply), [limit](State& s) {
      auto entries = s.history;
      if (entries.size() > limit) entries.resize(limit);
      return entries;
    });
  }
  void remedies(Reply<std::vector<tcpmd5::RemedyStatus>> reply) override {
    answer("remedies", std::move(reply), [](State& s) { return s.remedies; });
  }
  void undo(std::string device, Reply<std::string> reply) override {
    answer("undo " + device, std::move(reply), [](State& s) { return s.undo_answer; });
  }
  void capture(boost::asio::ip::address peer, Reply<std::vector<std::uint8_t>> reply) override {
    answer("capture " + peer.to_string(), std::move(reply), [](State& s) { return s.capture; });
  }
  std::uint64_t watch(std::function<void(const tcpmd5::HistoryEntry&)> on_entry) override {
    return locked([&](State& s) {
      s.watches[s.next_watch] = std::move(on_entry);
      return s.next_watch++;
    });
  }
  void end_watch(std::uint64_t id) override {
    const auto ended = locked([&](State& s) {
      s.watches_ended += s.watches.contains(id) ? 1 : 0;
      return s.watches.extract(id);
    });
  }
  std::uint64_t preflight(tcpmd5::PreflightAsked asked,
                          std::function<void(const tcpmd5::PreflightNews&)> on_news) override {
    return locked([&](State& s) {
      s.preflights_asked.push_back(std::move(asked));
      s.preflights[s.next_watch] = std::move(on_news);
      return s.next_watch++;
    });
  }
  void end_preflight(std::uint64_t id) override {
    locked([id](State& s) { s.preflights.erase(id); });
  }
  void tell_preflights(const tcpmd5::PreflightNews& news) {
    const auto preflights = locked([](State& s) { return s.preflights; });
    for (const auto& [id, on_news] : preflights) on_news(news);
  }

 private:
  template <class Answer, class Read>
  void answer(std::string question, Reply<Answer> reply, Read read) {
    const bool held = locked([&](State& s) {
      s.asked.push_back(std::move(question));
      if (s.held) s.waiting.push_back([this, reply, read] { reply(locked(read)); });
      return s.held;
    });
    if (!held) reply(locked(read));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_;
};

inline constexpr auto kVerdictTime = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));

// Values that have every field set.
inline tcpmd5::HistoryEntry tso_verdict() {
  using tcpmd5::Knob;
  tcpmd5::HistoryEntry entry;
  entry.id = 12;
  entry.at = kVerdictTime;
  entry.device = "eth0";
  entry.fault = "copied-digest";
  entry.evidence = "17 of 17 groups proven by reassembly";
  entry.text = "TSO proven guilty; left off";
  entry.peer = boost::asio::ip::make_address("192.0.2.1");
  entry.confidence = tcpmd5::Confidence::kProven;
  entry.culprits = entry.proven = {Knob::kTso};
  entry.suspected = {Knob::kGsoMaxSegs};
  entry.consequences = {Knob::kGso};
  entry.innocent = {Knob::kTxChecksum, Knob::kScatterGather};
  entry.fixed = {Knob::kLro};
  entry.ignored = {Knob::kGroHardware, Knob::kGro};
  entry.story = {"turned TSO off", "the damage stopped"};
  entry.seconds_to_mitigated = 1.25;
  entry.seconds_to_proven = 30.5;
  entry.remedy_in_force = true;
  return entry;
}

inline tcpmd5::RemedyStatus tso_remedy() {
  return {.device = "eth0",
          .off = {tcpmd5::Knob::kTso},
          .text = "TSO proven guilty",
          .since = kVerdictTime,
          .cpu_ns_per_byte_before = 1.5,
          .cpu_ns_per_byte_after = 2.25};
}

inline tcpmd5::PeerVerification damaged_peer() {
  using tcpmd5::Knob;
  tcpmd5::PeerVerification peer;
  peer.peer = {boost::asio::ip::make_address("192.0.2.1"), 32};
  peer.device = "eth0";
  peer.vantage = "mirror:eth1";
  peer.counts.reference = 1000;
  peer.counts.reference_bad = 1;
  peer.counts.wire = 990;
  peer.counts.wire_valid = 970;
  peer.counts.wire_bad = 17;
  peer.counts.wire_uncheckable = 3;
  peer.counts.received = 500;
  peer.counts.received_bad = 2;
  peer.findings = {{tcpmd5::FaultClass::kCopiedDigest, 17}};
  peer.last_fault = {kVerdictTime, "copied-digest", "carries the digest of another segment"};
  peer.confidence = tcpmd5::Confidence::kProven;
  peer.verdict = "TSO proven guilty; left off";
  peer.knobs = {{Knob::kTso, false, true, false, true},
                {Knob::kGso, true, true, false, false},
                {Knob::kLro, true, true, true, false}};
  return peer;
}

inline tcpmd5::VerifyStatus damaged_status() {
  tcpmd5::VerifyStatus status;
  status.mode = "heal";
  status.sources = {{"tap eth0", true, "", 1500, 4, 5}, {"mirror:eth1", true, "", 990, 0, 0}};
  status.peers = {damaged_peer()};
  status.uncheckable = 6;
  status.pending = 2;
  status.refused = 7;
  return status;
}

}  // namespace tw::api::testing
