// What a process that knows keys shows of itself.
#include "tcpmd5/process.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace tw::tcpmd5 {
namespace {

// In a child, so that the other tests can still dump core.
TEST(MakeUndumpable, LeavesNothingToDumpEvenWhenTheProcessCrashes) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (make_undumpable()) ::_exit(1);
    rlimit core{1, 1};
    ::getrlimit(RLIMIT_CORE, &core);
    if (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 || core.rlim_cur != 0 || core.rlim_max != 0) ::_exit(2);
    ::signal(SIGABRT, SIG_DFL);
    ::abort();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
  EXPECT_FALSE(WCOREDUMP(status));
}

}  // namespace
}  // namespace tw::tcpmd5
