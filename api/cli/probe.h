// `truewire probe`: the remote probe as a program in the foreground.
#pragma once

#include "api/probe/remote_probe.h"

#include <iosfwd>

namespace tw::cli {

// Runs until SIGTERM or SIGINT; says on `log` what happens. Throws Failure if the certificates cannot be used.
int run_probe(const api::RemoteProbeOptions& options, std::ostream& log);

}  // namespace tw::cli
