// truewire verify and its subcommands that ask the daemon: each a function of its options, which prints to `out`,
// returns the exit code, throws Failure.
#pragma once

#include "api/cli/client.h"

#include <cstdint>
#include <iosfwd>
#include <string>

namespace tw::cli {

int show_verification(const GlobalOptions& global, std::ostream& out);
int show_verdicts(const GlobalOptions& global, std::uint32_t limit, std::ostream& out);
int explain_neighbor(const GlobalOptions& global, const std::string& neighbor, std::ostream& out);
// `file`: "-" is standard output. Nothing is written, or overwritten, when there is no evidence.
int write_evidence(const GlobalOptions& global, const std::string& neighbor, const std::string& file,
                   std::ostream& out);
int undo_remedy(const GlobalOptions& global, const std::string& device, std::ostream& out);
int watch_verdicts(const GlobalOptions& global, const std::string& neighbor, std::ostream& out);

}  // namespace tw::cli
