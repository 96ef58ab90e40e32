// What the exit code of `truewire` means; the same table is in docs/API.md and in --help.
#pragma once

#include <stdexcept>
#include <string>

namespace tw::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;       // the daemon refused, or did not find what was named
inline constexpr int kUsage = 2;        // the command line makes no sense
inline constexpr int kUnreachable = 3;  // no daemon answers on the socket
inline constexpr int kNotReady = 4;     // status: the daemon is there, and not ready

// Ends the program with a message.
class Failure : public std::runtime_error {
 public:
  Failure(int exit_code, const std::string& message) : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

}  // namespace tw::cli
