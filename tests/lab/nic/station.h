// Where a frame meets a fault: the conditions under which the fault may strike, and a row of such stations.
//
// Pure but for the time that it is told; one thread.
#pragma once

#include "tests/lab/nic/fault.h"
#include "tests/lab/nic/feature_bits.h"

#include <functional>
#include <random>
#include <string>

namespace tw::lab {

// The feature that must be on for a fault to strike.
enum class Gate : std::uint8_t { kNone, kTso, kTxChecksum, kScatterGather, kGso, kGro };
// TSO is one bit for each family; a frame that is no IPv6 counts as IPv4.
bool is_open(Gate gate, const FeatureBits& bits, bool v6);

struct Conditions {
  Gate gate = Gate::kNone;
  int family = 0;            // 4 or 6; 0: both
  std::uint64_t one_in = 1;  // of the frames that the fault concerns, each so-many-th
  double probability = 1;    // of each of them
  std::uint64_t seed = 1;    // of the chance that probability needs
  std::uint64_t after = 0;   // so many that it concerns pass first
};

// One step on a frame's way.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual void pass(Frame frame, TimePoint now, const FeatureBits& bits, Frames& out) = 0;
  virtual std::optional<TimePoint> due() const { return std::nullopt; }
  virtual void release(TimePoint, const FeatureBits&, Frames&) {}
};

class Station : public Stage {
 public:
  Station(std::string name, std::unique_ptr<Fault> fault, Conditions conditions)
      : name_(std::move(name)), fault_(std::move(fault)), conditions_(conditions), chance_(conditions.seed) {}

  void pass(Frame frame, TimePoint now, const FeatureBits& bits, Frames& out) override;
  std::optional<TimePoint> due() const override { return fault_->due(); }
  void release(TimePoint now, const FeatureBits& bits, Frames& out) override;

  // Switched off, or its gate closed, it lets go what it holds back, undamaged, at its next frame or when that is due.
  void switch_to(bool on) { on_ = on; }
  bool is_on() const { return on_; }
  const std::string& name() const { return name_; }
  std::uint64_t fired() const { return fault_->fired(); }
  std::uint64_t concerned() const { return concerned_; }
  std::optional<TimePoint> first_fired() const { return first_fired_; }

 private:
  bool may_strike(Frame& frame, const FeatureBits& bits);
  void note_first(TimePoint now);

  std::string name_;
  std::unique_ptr<Fault> fault_;
  Conditions conditions_;
  std::mt19937_64 chance_;
  std::uint64_t concerned_ = 0;  // frames of its kind, while on and the gate open
  std::optional<TimePoint> first_fired_;
  bool struck_v6_ = false;  // the family of what is held back
  bool on_ = true;
};

// Stages in a row: what leaves one enters the next.
class Path {
 public:
  void add(std::shared_ptr<Stage> stage) { stages_.push_back(std::move(stage)); }
  void send(Frame frame, TimePoint now, const FeatureBits& bits, Frames& out) {
    send_from(0, std::move(frame), now, bits, out);
  }
  std::optional<TimePoint> due() const;
  void release(TimePoint now, const FeatureBits& bits, Frames& out);

 private:
  void send_from(std::size_t stage, Frame frame, TimePoint now, const FeatureBits& bits, Frames& out);

  std::vector<std::shared_ptr<Stage>> stages_;
};

}  // namespace tw::lab
