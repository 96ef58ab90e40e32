#include "tests/lab/nic/mirror.h"

namespace tw::lab {

MirrorDefects mirror_defects(const Parameters& parameters) {
  MirrorDefects defects;
  defects.drop = parameters.fraction("drop", 0);
  defects.duplicate = parameters.fraction("duplicate", 0);
  defects.corrupt = parameters.fraction("corrupt", 0);
  defects.truncate = parameters.number("truncate", 0);
  defects.lag = std::chrono::milliseconds(parameters.number("lag", 0));
  defects.encapsulation = encapsulation_named(parameters.text("encapsulation", "none"));
  defects.seed = parameters.number("seed", 1);
  parameters.refuse_unknown();
  return defects;
}

void Mirror::set(MirrorDefects defects) {
  defects_ = defects;
  random_.seed(defects.seed);
}

void Mirror::copy(const Frame& frame, TimePoint now) {
  if (happens(defects_.drop) || waiting_.size() >= kMostWaiting) {
    ++lost_;
    return;
  }
  Frame copied{frame.octets, {}};
  if (happens(defects_.corrupt)) copied.octets.back() ^= 0xFF;
  const bool truncated = defects_.truncate != 0 && copied.octets.size() > defects_.truncate;
  if (truncated) copied.octets.resize(defects_.truncate);
  const int copies = happens(defects_.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i)
    waiting_.push_back({now + defects_.lag, wrapped(copied, defects_.encapsulation, {truncated, sequence_++})});
}

std::optional<TimePoint> Mirror::due() const {
  return waiting_.empty() ? std::nullopt : std::optional(waiting_.front().due);
}

void Mirror::take(TimePoint now, Frames& out) {
  while (!waiting_.empty() && waiting_.front().due <= now) {
    out.push_back(std::move(waiting_.front().frame));
    waiting_.pop_front();
  }
}

}  // namespace tw::lab
