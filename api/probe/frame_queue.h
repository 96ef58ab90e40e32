// What a probe has captured and not yet sent: batches for the daemon, in order, within bounds.
//
// When the daemon is slow the queue fills, and what is captured meanwhile is dropped and counted: the daemon is told
// with the next message how much it did not see. Pure; one thread's.
#pragma once

#include "api/probe/messages.h"
#include "tcpmd5/service/tap_reader.h"

#include "truewire/v1/probe.pb.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace tw::api {

class FrameQueue {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kLongestWait{20};  // of a frame, for others to go with it
  static constexpr std::size_t kMaxOctets = 8 << 20;            // of all frames that wait
  static constexpr std::size_t kMaxFrames = 65'536;

  void add(const tcpmd5::TapFrame& frame, TimePoint now);
  void count_dropped(std::uint64_t frames) { dropped_ += frames; }

  // When the next batch should go; nothing: there is none. In the past: at once.
  std::optional<TimePoint> due() const;
  // The next batch: whole frames of one kind of link, at most kMaxBatch octets of them. REQUIRES: due().
  v1::ConnectRequest take();
  // What was dropped and not yet told; it counts as told now.
  std::uint64_t take_dropped() { return std::exchange(dropped_, 0); }
  // Forgets everything: the daemon that it was for is gone.
  void clear();

  std::size_t size() const { return frames_; }

 private:
  struct Batch {
    v1::ConnectRequest message;
    std::size_t octets = 0;
    TimePoint since;  // its first frame
  };
  bool fits(const Batch& batch, const tcpmd5::TapFrame& frame) const;

  std::deque<Batch> batches_;
  std::size_t octets_ = 0, frames_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace tw::api
