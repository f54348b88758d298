// A program that a test starts.
#pragma once

#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/types.h>
#include <sys/wait.h>

extern char** environ;

namespace tasker {

// Runs until it ends by itself or this object goes. For one thread.
class StartedProgram {
 public:
  // `arguments` begins with the program. `out` and `err`: files for what it writes; empty: where
  // the test itself writes.
  explicit StartedProgram(std::vector<std::string> arguments, const std::string& out = "",
                          const std::string& err = "") {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
    if (!out.empty()) {
      posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), kFlags, 0600);
    }
    if (!err.empty()) {
      posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), kFlags, 0600);
    }
    const int error =
        posix_spawn(&process_, pointers[0], &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " + arguments.front());
  }
  ~StartedProgram() {
    if (process_ > 0) Kill();
  }
  StartedProgram(const StartedProgram&) = delete;
  StartedProgram& operator=(const StartedProgram&) = delete;

  // The exit code once it has ended; -1: by a signal.
  int AwaitEnd() {
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void Terminate() { kill(process_, SIGTERM); }
  void Kill() {
    kill(process_, SIGKILL);
    AwaitEnd();
  }

 private:
  pid_t process_ = -1;
};

}  // namespace tasker
