#include "tcpmd5/service/price.h"

#include <sys/resource.h>

#include <fstream>
#include <sstream>

namespace tw::tcpmd5 {

namespace {

// From a line of /proc/net/dev, behind "NAME:": eight fields of what was received, then octets that were sent.
std::optional<std::uint64_t> octets_sent(const std::string& device) {
  std::ifstream file("/proc/thread-self/net/dev");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    const auto begin = line.find_first_not_of(' ');
    if (colon == std::string::npos || begin == std::string::npos || line.substr(begin, colon - begin) != device)
      continue;
    std::istringstream fields(line.substr(colon + 1));
    std::uint64_t value = 0;
    for (int field = 0; field < 9; ++field)
      if (!(fields >> value)) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

}  // namespace

void SendingCost::add(const SendingSample& sample, TimePoint now) {
  if (last_ && sample.octets >= last_->octets && sample.kernel_time >= last_->kernel_time) {
    nanoseconds_ += static_cast<double>((sample.kernel_time - last_->kernel_time).count());
    octets_ += static_cast<double>(sample.octets - last_->octets);
  }
  last_ = sample;
  if (now - halved_at_ < kForgets) return;
  halved_at_ = now;
  if (octets_ < 2.0 * kLeastOctets) return;  // what little there is stays
  nanoseconds_ /= 2;
  octets_ /= 2;
}

std::optional<double> SendingCost::per_octet() const {
  if (octets_ < kLeastOctets) return std::nullopt;
  return nanoseconds_ / octets_;
}

void RemedyPricing::enter(State state) {
  if (state == state_) return;
  state_ = state;
  before_.interrupt();
  after_.interrupt();
  if (state == State::kTrial) after_ = {};  // of another set of knobs, perhaps
}

void RemedyPricing::add(const SendingSample& sample, TimePoint now) {
  switch (state_) {
    case State::kNoRemedy: before_.add(sample, now); return;
    case State::kTrial: return;
    case State::kRemedy: after_.add(sample, now); return;
  }
}

std::optional<SendingSample> take_sending_sample(const std::string& device) {
  const auto octets = octets_sent(device);
  rusage usage{};
  if (!octets || ::getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
  return SendingSample{std::chrono::seconds(usage.ru_stime.tv_sec) + std::chrono::microseconds(usage.ru_stime.tv_usec),
                       *octets};
}

}  // namespace tw::tcpmd5
