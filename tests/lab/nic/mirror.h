// A switch's mirror port: a copy of every frame on the wire, with the defects that mirrors have.
//
// Pure but for the time that it is told; one thread. The Tee is the stage of a path that feeds it.
#pragma once

#include "tests/lab/nic/encapsulation.h"
#include "tests/lab/nic/parameters.h"
#include "tests/lab/nic/station.h"

#include <deque>
#include <random>

namespace tw::lab {

struct MirrorDefects {
  double drop = 0, duplicate = 0, corrupt = 0;  // probabilities, for each frame; corrupt: its last octet is changed
  std::size_t truncate = 0;                     // to so many octets; 0: not at all
  std::chrono::milliseconds lag{0};
  Encapsulation encapsulation = Encapsulation::kNone;
  std::uint64_t seed = 1;
};
// drop=P duplicate=P corrupt=P truncate=N lag=MILLISECONDS encapsulation=NAME seed=N; throws std::invalid_argument.
MirrorDefects mirror_defects(const Parameters& parameters);

class Mirror {
 public:
  static constexpr std::size_t kMostWaiting = 100'000;  // frames in the lag; more are lost, as a switch would

  void set(MirrorDefects defects);
  void copy(const Frame& frame, TimePoint now);
  std::optional<TimePoint> due() const;
  // Appends what is due.
  void take(TimePoint now, Frames& out);
  std::uint64_t lost() const { return lost_; }

 private:
  struct Waiting {
    TimePoint due;
    Frame frame;
  };
  bool happens(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }

  MirrorDefects defects_;
  std::mt19937_64 random_{1};
  std::deque<Waiting> waiting_;
  std::uint32_t sequence_ = 0;
  std::uint64_t lost_ = 0;
};

class Tee : public Stage {
 public:
  explicit Tee(Mirror& mirror) : mirror_(mirror) {}
  void pass(Frame frame, TimePoint now, const FeatureBits&, Frames& out) override {
    mirror_.copy(frame, now);
    out.push_back(std::move(frame));
  }

 private:
  Mirror& mirror_;
};

}  // namespace tw::lab
