// What the healer must remember beyond its own life: old bits before the first flip, and what stays changed.
//
// Two implementations: SQLite in the state directory, and the tests' own. Not thread-safe.
#pragma once

#include "tcpmd5/healer/verdict.h"
#include "tcpmd5/offload/offloads.h"

#include <optional>
#include <string>

namespace tw::tcpmd5 {

class Journal {
 public:
  virtual ~Journal() = default;
  // On disk when this returns. Nothing: done; otherwise one line for people, and there is no trial.
  virtual std::optional<std::string> begin_trial(unsigned ifindex, const DeviceFeatures& before) = 0;
  virtual void end_trial(unsigned ifindex) = 0;
  // The verdict's culprits stay off; `before` is what undoing brings back.
  virtual std::optional<std::string> put_remedy(const Verdict& verdict, const DeviceFeatures& before) = 0;
  virtual void remove_remedy(unsigned ifindex) = 0;
};

}  // namespace tw::tcpmd5
