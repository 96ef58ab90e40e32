// What may go wrong with frames between two kernels: the interface of all faults.
//
// A fault is told of one frame after the other, in one direction. Whether it may strike (is its gate open, is it this
// frame's turn) is decided outside, by a Station; what the damage is, and which frames it concerns at all, is decided
// here. Pure but for the time that it is told; owned by one thread.
#pragma once

#include "tests/lab/nic/frame.h"

#include <memory>
#include <optional>

namespace tw::lab {

class Fault {
 public:
  virtual ~Fault() = default;

  // Whether the frame is of the kind that this fault damages.
  virtual bool concerns(Frame& frame) const = 0;
  // Appends what becomes of a frame that it concerns: nothing (lost, or held back), one, or several.
  virtual void strike(Frame frame, TimePoint now, Frames& out) = 0;
  // Appends a frame that it must leave alone, and may learn from.
  virtual void spare(Frame frame, Frames& out) { out.push_back(std::move(frame)); }

  // When something that is held back is due; nothing: nothing is held back.
  virtual std::optional<TimePoint> due() const { return std::nullopt; }
  // Appends what is due.
  virtual void release(TimePoint, Frames&) {}
  // Appends all that is held back, undamaged: the fault is over.
  virtual void let_go(Frames&) {}

  // How many frames it has damaged so far.
  std::uint64_t fired() const { return fired_; }

 protected:
  void count_fired(std::uint64_t frames = 1) { fired_ += frames; }

 private:
  std::uint64_t fired_ = 0;
};

// A fault that changes one segment in place.
class SegmentFault : public Fault {
 public:
  bool concerns(Frame& frame) const final {
    const auto segment = TcpView::of(frame);
    return segment && concerns(*segment);
  }
  void strike(Frame frame, TimePoint, Frames& out) final {
    if (auto segment = TcpView::of(frame); segment && damage(*segment)) count_fired();
    out.push_back(std::move(frame));
  }
  void spare(Frame frame, Frames& out) final {
    if (auto segment = TcpView::of(frame)) saw(*segment);
    out.push_back(std::move(frame));
  }

 protected:
  virtual bool concerns(const TcpView& segment) const = 0;
  // Whether there was anything to damage. Leaves the checksums as the fault wants them.
  virtual bool damage(TcpView& segment) = 0;
  // A segment that goes by unharmed.
  virtual void saw(const TcpView&) {}
};

}  // namespace tw::lab
