// Faults that hold segments back to put them together: firmware that coalesces and re-splits, receivers that merge.
#pragma once

#include "tests/lab/nic/fault.h"
#include "tests/lab/nic/parameters.h"

#include <chrono>

namespace tw::lab {

// Collects consecutive segments of one flow, as GRO does: in order, same header length, none longer than the first,
// and nothing after a shorter one.
class Coalescer {
 public:
  Coalescer(std::size_t most_octets, std::size_t most_segments)
      : most_octets_(most_octets), most_segments_(most_segments) {}

  bool empty() const { return held_.empty(); }
  // Whether the segment continues what is held. REQUIRES: the frame holds a segment with payload.
  bool continues(Frame& frame);
  void add(Frame frame);
  Frames take();

 private:
  std::size_t most_octets_, most_segments_;
  Frames held_;
  std::size_t payload_ = 0;  // octets held
  bool closed_ = false;      // a short segment, or one with PSH or FIN, came last
};

// What both have in common: hold a segment for a moment, in case the next one continues it.
//   hold=MICROSECONDS  how long (1000)
//   segments=N         put at most N together
//   unsigned=1         those without option 19, too
//   signed=0           those with it not: as the GRO of kernels, which sees that their digests differ
class MergingFault : public Fault {
 public:
  MergingFault(const Parameters& parameters, std::size_t most_octets);

  bool concerns(Frame& frame) const final;
  void strike(Frame frame, TimePoint now, Frames& out) final;
  void spare(Frame frame, Frames& out) final;
  std::optional<TimePoint> due() const final { return due_; }
  void release(TimePoint now, Frames& out) final;
  void let_go(Frames& out) final;

 private:
  // Appends what a group of at least two segments becomes.
  virtual void put_together(Frames group, Frames& out) = 0;
  void close(Frames& out);

  std::chrono::microseconds hold_;
  bool signed_, unsigned_;
  Coalescer coalescer_;
  std::optional<TimePoint> due_;
};

// Firmware that coalesces small bursts and cuts them up again as a TSO engine does: under the first header, with the
// first digest in all of them.
class CoalesceAndResplit : public MergingFault {
 public:
  explicit CoalesceAndResplit(const Parameters& parameters) : MergingFault(parameters, 65000) {}

 private:
  void put_together(Frames group, Frames& out) override;
};

// A receiver that merges: LRO, a virtual switch. The first header and its digest stay.
//   metadata=1  says so in the offload header, as GRO does; otherwise it is just a frame longer than the MTU
//   octets=N    of payload at most
class MergeInbound : public MergingFault {
 public:
  explicit MergeInbound(const Parameters& parameters);

 private:
  void put_together(Frames group, Frames& out) override;
  bool metadata_;
};

}  // namespace tw::lab
