// Runs the `truewire` beside this test as a process.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace tw::api::testing {

// A program in progress: its output can be read while it runs.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    arguments.insert(arguments.begin(), path());
    environment.emplace_back("TZ=UTC");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (std::size_t i = 0; i < pipes_.size(); i++) {
      EXPECT_EQ(pipe2(pipes_[i].data(), O_CLOEXEC), 0);
      posix_spawn_file_actions_adddup2(&actions, pipes_[i][1], static_cast<int>(i) + 1);
    }
    const int result =
        posix_spawn(&pid_, path().c_str(), &actions, nullptr, pointers(arguments).data(), pointers(environment).data());
    EXPECT_EQ(result, 0) << path();
    posix_spawn_file_actions_destroy(&actions);
    for (auto& pipe : pipes_) close(std::exchange(pipe[1], -1));
  }
  ~Program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    for (auto& pipe : pipes_) close(pipe[0]);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Reads until standard output holds `text`; false: it ended before.
  bool says(const std::string& text) {
    while (output[0].find(text) == std::string::npos) {
      if (!read_some()) return false;
    }
    return true;
  }
  // Waits for its end. Returns the exit code; -1: it was killed.
  int wait() {
    while (read_some()) {
    }
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void signal(int number) const { kill(pid_, number); }
  void close_output() {
    close(std::exchange(pipes_[0][0], -1));
    ended_[0] = true;
  }

  std::array<std::string, 2> output;  // standard output and standard error

 private:
  static std::string path() { return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "truewire"; }
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  }
  bool read_some() {
    std::array<pollfd, 2> entries{};
    for (std::size_t i = 0; i < 2; i++)
      entries[i] = {.fd = ended_[i] ? -1 : pipes_[i][0], .events = POLLIN, .revents = 0};
    if (ended_[0] && ended_[1]) return false;
    if (poll(entries.data(), entries.size(), 60'000) <= 0) {
      ADD_FAILURE() << "no output for a minute";
      return false;
    }
    for (std::size_t i = 0; i < 2; i++) {
      if (entries[i].revents == 0) continue;
      char buffer[65536];
      const auto got = read(pipes_[i][0], buffer, sizeof buffer);
      if (got > 0) output[i].append(buffer, static_cast<std::size_t>(got));
      ended_[i] = got <= 0;
    }
    return true;
  }

  std::array<std::array<int, 2>, 2> pipes_{};
  std::array<bool, 2> ended_{};
  pid_t pid_ = -1;
};

struct Outcome {
  int exit_code;
  std::string out, err;
};
inline Outcome run(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
  Program program(std::move(arguments), std::move(environment));
  const int code = program.wait();
  return {code, program.output[0], program.output[1]};
}

}  // namespace tw::api::testing
