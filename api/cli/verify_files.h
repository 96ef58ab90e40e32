// truewire verify FILE… --keys FILE: are the signatures in these captures valid? Needs no daemon and no privilege.
#pragma once

#include "api/cli/client.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace tw::cli {

struct VerifyFilesOptions {
  std::vector<std::string> files;  // "-": standard input
  std::string keys;                // a list of keys (tcpmd5/key_file.h), or a daemon's configuration
  bool all = false;                // a line for every segment, not only for those that are not valid
};

// Beside kOk: every signed segment is valid, at least one was checked.
inline constexpr int kNotValid = 1;  // a segment is invalid, has a wrong checksum, or is unsigned where a key is given
inline constexpr int kUnusableInput = 2;   // a file or the keys cannot be read, or a file is damaged
inline constexpr int kNothingChecked = 3;  // no signed segment for which there is a key

int verify_files(const GlobalOptions& global, const VerifyFilesOptions& options, std::ostream& out);

}  // namespace tw::cli
