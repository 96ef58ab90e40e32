// How many findings carry copies of whole frames: the first few of a kind, then one a second.
//
// Pure; a value; not thread-safe.
#pragma once

#include "tcpmd5/verify/finding.h"

#include <array>

namespace tw::tcpmd5 {

class EvidenceMeter {
 public:
  // Whether a finding of this class at this time is to carry evidence; if so, it is counted.
  bool admits(FaultClass fault, TimePoint at);

 private:
  struct Spent {
    int first = 0;
    TimePoint last;
  };
  std::array<Spent, kFaultClasses> spent_{};
};

}  // namespace tw::tcpmd5
