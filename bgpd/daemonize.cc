#include "bgpd/daemonize.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace tw::bgp {
namespace {

[[noreturn]] void refused(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

Daemonizer::Side Daemonizer::detach() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) refused("cannot make a pipe");
  const pid_t child = ::fork();
  if (child < 0) refused("cannot go into the background");
  if (child > 0) {
    ::close(ends[1]);
    pipe_ = ends[0];
    return Side::kParent;
  }
  ::close(ends[0]);
  pipe_ = ends[1];
  ::setsid();
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);  // standard error stays: it is where the log goes
  ::close(null);
  return Side::kChild;
}

int Daemonizer::await_child() {
  std::string said;
  std::array<char, 512> buffer;
  ssize_t n = 0;
  while ((n = ::read(pipe_, buffer.data(), buffer.size())) > 0) said.append(buffer.data(), static_cast<std::size_t>(n));
  if (!said.empty() && said.front() == '+') return EXIT_SUCCESS;
  std::fprintf(stderr, "truewired: %s\n", said.empty() ? "ended before it was ready" : said.c_str() + 1);
  return EXIT_FAILURE;
}

void Daemonizer::report_ready() { report('+', {}); }
void Daemonizer::report_failure(const std::string& text) { report('-', text); }

void Daemonizer::report(char result, const std::string& text) {
  if (pipe_ < 0) return;
  const std::string line = result + text;
  if (::write(pipe_, line.data(), line.size()) < 0) std::perror("truewired: cannot report to the parent");
  ::close(pipe_);
  pipe_ = -1;
}

}  // namespace tw::bgp
