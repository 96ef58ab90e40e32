#include "tcpmd5/decoy/preflight_result.h"

#include <utility>

namespace tw::tcpmd5 {

namespace {

// The worse, the higher: damage is certain, what was not tested may be damaged.
int badness(PreflightOutcome outcome) {
  switch (outcome) {
    case PreflightOutcome::kTrusted: return 0;
    case PreflightOutcome::kHealed: return 1;
    case PreflightOutcome::kNotTested: return 2;
    case PreflightOutcome::kDamaged: return 3;
  }
  return 3;
}

}  // namespace

std::string_view to_string(PreflightOutcome outcome) {
  switch (outcome) {
    case PreflightOutcome::kTrusted: return "trusted";
    case PreflightOutcome::kHealed: return "healed";
    case PreflightOutcome::kDamaged: return "damaged";
    case PreflightOutcome::kNotTested: return "not-tested";
  }
  return "";
}

PreflightReport report_of(std::vector<PreflightResult> families) {
  PreflightReport report;
  if (!families.empty()) report.outcome = families.front().outcome;
  for (const PreflightResult& family : families)
    if (badness(family.outcome) > badness(report.outcome)) report.outcome = family.outcome;
  report.families = std::move(families);
  return report;
}

}  // namespace tw::tcpmd5
