// Keeping what this process knows from its core dumps and from other processes of its user.
//
// Linux prctl and rlimits; once, at the start of main, before keys are read.
#pragma once

#include <optional>
#include <string>

namespace tw::tcpmd5 {

// No core dumps, no ptrace and no reading of /proc/PID/mem by other processes of the same user. Inherited by threads,
// not by what is executed. Nothing: done; otherwise one line that says what failed.
std::optional<std::string> make_undumpable();

}  // namespace tw::tcpmd5
