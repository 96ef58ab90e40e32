// Going into the background, with the word of how the start went for whoever started us.
//
// To be used before any thread exists. The parent waits until the child says that it is ready, and exits with its
// result.
#pragma once

#include <string>

namespace tw::bgp {

class Daemonizer {
 public:
  enum class Side { kParent, kChild };
  // Forks; the child leaves the terminal and its session. Throws std::system_error when the kernel refuses.
  Side detach();
  // Parent: the exit code, after printing what the child reports.
  int await_child();
  // Child, or never detached (then nothing happens).
  void report_ready();
  void report_failure(const std::string& text);

 private:
  void report(char result, const std::string& text);
  int pipe_ = -1;
};

}  // namespace tw::bgp
