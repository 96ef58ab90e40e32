// truewire verify restore: puts back what an interrupted trial left. Needs no daemon; CAP_NET_ADMIN, and the state
// directory.
#pragma once

#include "api/cli/client.h"

#include <iosfwd>
#include <string>

namespace tw::cli {

int restore_trials(const GlobalOptions& global, const std::string& state_directory, std::ostream& out);

}  // namespace tw::cli
