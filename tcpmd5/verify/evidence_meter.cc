#include "tcpmd5/verify/evidence_meter.h"

namespace tw::tcpmd5 {

bool EvidenceMeter::admits(FaultClass fault, TimePoint at) {
  constexpr int kFirst = 3;
  constexpr std::chrono::seconds kInterval{1};
  Spent& spent = spent_[static_cast<std::size_t>(fault)];
  if (spent.first >= kFirst && at < spent.last + kInterval) return false;
  if (spent.first < kFirst) ++spent.first;
  spent.last = at;
  return true;
}

}  // namespace tw::tcpmd5
