// What a preflight found.
//
// Pure data; values; any thread.
#pragma once

#include "tcpmd5/offload/knob.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tw::tcpmd5 {

enum class PreflightOutcome : std::uint8_t {
  kTrusted,    // every pattern arrived as it was signed
  kHealed,     // it did so after knobs were turned off
  kDamaged,    // it does not, and nothing of this host heals it, or nothing may be touched
  kNotTested,  // nothing can be said
};
std::string_view to_string(PreflightOutcome outcome);  // "trusted", "healed", "damaged", "not-tested"; stable

struct PreflightResult {
  PreflightOutcome outcome = PreflightOutcome::kNotTested;
  bool v4 = true;
  std::string device;  // that the decoy left by; empty: not known
  std::string text;    // one line for people
  std::string fault;   // stable name of what was found last; empty: nothing was
  Knobs culprits, proven;
  std::uint64_t valid = 0, invalid = 0;  // segments seen by the probe
};

// Of all families that were asked for.
struct PreflightReport {
  PreflightOutcome outcome = PreflightOutcome::kNotTested;  // the worst of them
  std::vector<PreflightResult> families;
};
PreflightReport report_of(std::vector<PreflightResult> families);

}  // namespace tw::tcpmd5
