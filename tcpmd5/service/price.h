// What a remedy costs: the processor time that this process spends inside the kernel for each octet that leaves the
// device, before the knobs were turned off and with them off.
//
// Where an offload is off, the kernel cuts segments, sums octets and signs small pieces in the system calls of whoever
// sends: that is what grows. Both figures are of live traffic, so they also contain what the process received and
// looked at meanwhile, and of work in interrupts only what was charged to it; where other programs send much through
// the same device, both come out too small. Each is taken from at least kLeastOctets, else it is not told.
//
// Pure: samples go in. Not thread-safe; owned by the verifier's thread. O(1) a call.
#pragma once

#include "tcpmd5/verify/finding.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace tw::tcpmd5 {

// Both since some moment in the past that stays the same.
struct SendingSample {
  std::chrono::nanoseconds kernel_time{0};  // of all of the process's threads
  std::uint64_t octets = 0;                 // that left the device
};

// What was spent on how much, added up over stretches of time.
class SendingCost {
 public:
  static constexpr std::uint64_t kLeastOctets = 1'000'000;
  static constexpr std::chrono::seconds kForgets{600};  // older stretches count half, and less

  // Counts what is between this sample and the one before. A counter that went back begins anew.
  void add(const SendingSample& sample, TimePoint now);
  // The next sample begins a stretch; what lies between is nobody's.
  void interrupt() { last_.reset(); }
  // Nanoseconds an octet; nothing: too little was sent.
  std::optional<double> per_octet() const;

 private:
  std::optional<SendingSample> last_;
  TimePoint halved_at_;
  double nanoseconds_ = 0, octets_ = 0;
};

// One device's: as it is without remedy, and with it. While a knob is on trial, nothing is counted.
class RemedyPricing {
 public:
  enum class State : std::uint8_t { kNoRemedy, kTrial, kRemedy };

  void enter(State state);
  void add(const SendingSample& sample, TimePoint now);

  std::optional<double> before() const { return before_.per_octet(); }
  std::optional<double> after() const { return after_.per_octet(); }

 private:
  State state_ = State::kNoRemedy;
  SendingCost before_, after_;
};

// The state of things now. Nothing: the device is not in the calling thread's network namespace.
std::optional<SendingSample> take_sending_sample(const std::string& device);

}  // namespace tw::tcpmd5
