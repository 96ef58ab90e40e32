// The verifier's state as text for people. Pure.
#pragma once

#include "truewire/v1/verify.pb.h"

#include <iosfwd>
#include <string>

namespace tw::cli {

void print_verification(const ::truewire::v1::GetVerificationResponse& verification,
                        const ::truewire::v1::ListRemediesResponse& remedies, std::ostream& out);
// A line a verdict, newest first.
void print_verdicts(const ::truewire::v1::ListVerdictsResponse& verdicts, std::ostream& out);
// What is known of the neighbour, and every verdict with its reasoning.
void print_explanation(const std::string& neighbor, const ::truewire::v1::ExplainResponse& explanation,
                       std::ostream& out);
// "2026-01-31 12:00:00  192.0.2.1 on eth0  copied-digest  proven: TSO proven guilty; …"
std::string verdict_line(const ::truewire::v1::Verdict& verdict);

}  // namespace tw::cli
