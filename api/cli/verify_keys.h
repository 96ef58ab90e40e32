// The keys for checking a capture: from a list of keys, or from a daemon's configuration.
#pragma once

#include "tcpmd5/key_file.h"

#include <string>

namespace tw::cli {

// A configuration is a file whose name ends in .toml, or whose first line that says something begins with "[". Throws
// Failure(kUsage) with every error, one a line.
tcpmd5::KeyRing load_verify_keys(const std::string& path);

}  // namespace tw::cli
