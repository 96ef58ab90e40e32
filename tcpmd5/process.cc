// prctl(PR_SET_DUMPABLE) and RLIMIT_CORE.
#include "tcpmd5/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace tw::tcpmd5 {

std::optional<std::string> make_undumpable() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return std::string("cannot make the process undumpable: ") + std::strerror(errno);
  // Second lock on the same door: a core pattern that pipes to a program ignores the size but not a limit of zero.
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return std::string("cannot forbid core dumps: ") + std::strerror(errno);
  return std::nullopt;
}

}  // namespace tw::tcpmd5
