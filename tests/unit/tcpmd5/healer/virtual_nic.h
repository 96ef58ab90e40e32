// A NIC with faults in virtual time: segments are sent at random moments, some are damaged as long as a knob is on, and
// the healer hears of each what its judge would tell.
#pragma once

#include "tcpmd5/healer/healer.h"
#include "tests/unit/tcpmd5/healer/virtual_device.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace tw::tcpmd5::testing {

class MemoryJournal : public Journal {
 public:
  std::optional<std::string> begin_trial(unsigned, const DeviceFeatures& before) override {
    if (broken) return "the disk is full";
    trial = before;
    return std::nullopt;
  }
  void end_trial(unsigned) override { trial.reset(); }
  std::optional<std::string> put_remedy(const Verdict& verdict, const DeviceFeatures&) override {
    remedy = verdict;
    return std::nullopt;
  }
  void remove_remedy(unsigned) override { remedy.reset(); }

  bool broken = false;
  std::optional<DeviceFeatures> trial;
  std::optional<Verdict> remedy;
};

// Damage that is there as long as the knob is on; a fault without a knob is somebody else's.
struct NicFault {
  std::optional<Knob> gate;
  double rate = 1.0;
  std::size_t min_payload = 0;
  bool spares_decoys = false;  // it lies beyond the NIC, on the way to the peer
};

class VirtualNic {
 public:
  VirtualNic(std::vector<NicFault> its_faults, unsigned seed, HealerOptions options = {})
      : faults(std::move(its_faults)), healer(offloads, journal, options), random_(seed) {}

  bool damaged(std::size_t payload, bool of_decoy = false) {
    return std::ranges::any_of(faults, [&](const NicFault& fault) {
      return !(of_decoy && fault.spares_decoys) && payload >= fault.min_payload &&
             (!fault.gate || offloads.is_on(*fault.gate)) && chance(fault.rate);
    });
  }

  // Lets `time` pass: traffic goes on, and the healer's timers run.
  void pass(std::chrono::milliseconds time) {
    const TimePoint until = now + time;
    while (now < until) {
      now += std::chrono::milliseconds(1 + static_cast<int>(random_() % static_cast<unsigned>(2 * mean_gap.count())));
      const std::size_t payload = chance(large_share) ? 1440 : 19;
      judge(payload);
      healer.tick(now, [this](unsigned) { return may_break; });
      collect();
    }
  }

  void judge(std::size_t payload) {
    const TimePoint sent_at = now;
    const bool lost = chance(loss);
    const bool good = !damaged(payload);
    if (judge_is == Judge::kWire && lost) return;
    healer.outcome(
        1, peer,
        {.judge = judge_is, .sent_at = sent_at, .good = good && !lost, .syn = false, .burst = true, .payload = payload},
        now);
  }

  // A decoy can be had from now on; a vantage sees what becomes of it.
  void have_decoys(unsigned ifindex = 1) { healer.set_decoys({{DecoyPath{ifindex, decoy.is_v4()}, {decoy}}}); }
  void judge_decoy(std::size_t payload, unsigned ifindex = 1) {
    healer.outcome(ifindex, decoy,
                   {.judge = Judge::kWire,
                    .sent_at = now,
                    .good = !damaged(payload, true),
                    .syn = false,
                    .burst = false,
                    .payload = payload},
                   now);
  }

  void collect() {
    HealerNews news = healer.take();
    for (Verdict& verdict : news.verdicts) verdicts.push_back(std::move(verdict));
    for (const DecoyNeed& need : news.decoys)
      decoys_due_ = std::max<std::size_t>(decoys_due_, 8), needs.push_back(need);
    // A decoy's burst takes its time, as segments do.
    if (decoys_due_ > 0 && decoys_go_out) {
      --decoys_due_;
      judge_decoy(chance(0.5) ? 1440 : 19);
    }
    // Who is asked for traffic sends a KEEPALIVE.
    if (!news.solicit.empty() && answers_solicitation) judge(19);
  }

  Suspicion suspicion(std::vector<Knobs> steps, TrafficKind kind = {}) const {
    Suspicion suspicion;
    suspicion.ifindex = 1;
    suspicion.device = "eth0";
    suspicion.peer = peer;
    suspicion.fault = "damage";
    suspicion.meaning = "segments are damaged";
    suspicion.plan = {.steps = std::move(steps), .kind = kind, .judge = judge_is, .one_way = false};
    suspicion.first_damage = now;
    return suspicion;
  }

  const Verdict& last() const { return verdicts.back(); }

  VirtualDevice offloads;
  MemoryJournal journal;
  std::vector<NicFault> faults;
  Healer healer;
  TimePoint now = TimePoint{} + std::chrono::hours(1);
  std::vector<Verdict> verdicts;
  std::vector<DecoyNeed> needs;
  bool decoys_go_out = true;
  Judge judge_is = Judge::kWire;
  std::chrono::milliseconds mean_gap{50};
  double large_share = 0.5, loss = 0;
  bool may_break = true, answers_solicitation = true;
  const boost::asio::ip::address peer = boost::asio::ip::make_address("192.0.2.1");
  const boost::asio::ip::address decoy = boost::asio::ip::make_address("192.0.2.2");

 private:
  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }

  std::mt19937 random_;
  std::size_t decoys_due_ = 0;
};

}  // namespace tw::tcpmd5::testing
