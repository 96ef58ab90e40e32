// What stands between two hosts and is no NIC: no knob of theirs heals any of it.
//
// Those that keep a connection consistent (NAT, sequence randomiser) have one object for each direction; they agree by
// computing the same from the same, not by sharing state.
#pragma once

#include "tests/lab/nic/fault.h"
#include "tests/lab/nic/parameters.h"

#include <random>

namespace tw::lab {

enum class Direction : std::uint8_t { kOut, kIn };  // from the speaker to its peer, and back

// Adds a number of its own to every sequence number of the speaker's flows, and takes it off the acknowledgments that
// come back; seed=N.
class RandomizeSequence : public SegmentFault {
 public:
  RandomizeSequence(const Parameters& parameters, Direction direction);

 private:
  bool concerns(const TcpView&) const override { return true; }
  bool damage(TcpView& segment) override;
  std::uint32_t offset_of(const FlowId& flow) const;

  Direction direction_;
  std::uint64_t seed_;
};

// NAT of the speaker's address: inside=ADDRESS, outside=ADDRESS, both of one family.
class TranslateAddress : public SegmentFault {
 public:
  TranslateAddress(const Parameters& parameters, Direction direction);

 private:
  bool concerns(const TcpView& segment) const override;
  bool damage(TcpView& segment) override;

  Direction direction_;
  std::vector<std::uint8_t> from_, to_;
};

// Packets longer than octets=N vanish, and no ICMP says so.
class LoseLong : public Fault {
 public:
  explicit LoseLong(const Parameters& parameters);
  bool concerns(Frame& frame) const override { return frame.octets.size() > longest_; }
  void strike(Frame, TimePoint, Frames&) override { count_fired(); }

 private:
  std::size_t longest_;  // with the Ethernet header
};

// Nothing passes any more.
class LoseAll : public Fault {
 public:
  bool concerns(Frame&) const override { return true; }
  void strike(Frame, TimePoint, Frames&) override { count_fired(); }
};

// A bad line: loss=P, duplicate=P, reorder=P (held back until the next frame has passed, 5 ms at most); seed=N.
class Impair : public Fault {
 public:
  explicit Impair(const Parameters& parameters);
  bool concerns(Frame&) const override { return true; }
  void strike(Frame frame, TimePoint now, Frames& out) override;
  std::optional<TimePoint> due() const override { return due_; }
  void release(TimePoint now, Frames& out) override;
  void let_go(Frames& out) override;

 private:
  bool happens(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }

  double loss_, duplicate_, reorder_;
  std::mt19937_64 random_;
  Frames held_;
  std::optional<TimePoint> due_;
};

}  // namespace tw::lab
