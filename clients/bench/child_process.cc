#include "clients/bench/child_process.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <unistd.h>
#include <utility>

#include "absl/synchronization/notification.h"
#include <sys/prctl.h>
#include <sys/wait.h>

namespace tasker::bench {
namespace {

constexpr std::size_t kOutputShown = 2000;

// Between fork and exec only what is safe in a process whose other threads are gone.
[[noreturn]] void BecomeChild(char* const* arguments, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(127);
}

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string EndOf(const std::string& path) {
  const std::string all = TextOf(path);
  return all.size() <= kOutputShown ? all : "..." + all.substr(all.size() - kOutputShown);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const std::vector<std::string>& arguments, const std::string& output) {
  if (access(arguments.front().c_str(), X_OK) != 0) {
    return absl::NotFoundError("cannot run " + arguments.front() + ": " + std::strerror(errno));
  }
  std::vector<std::string> copies = arguments;
  std::vector<char*> pointers;
  for (std::string& copy : copies) pointers.push_back(copy.data());
  pointers.push_back(nullptr);

  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return absl::InternalError("cannot write " + output + ": " + std::strerror(errno));
  const pid_t pid = fork();
  if (pid == 0) BecomeChild(pointers.data(), file);
  close(file);
  if (pid < 0) return absl::InternalError(std::string("fork: ") + std::strerror(errno));
  const std::string name = std::filesystem::path(arguments.front()).filename();
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, name, output));
}

ChildProcess::ChildProcess(pid_t pid, std::string name, std::string output)
    : pid_(pid), name_(std::move(name)), output_(std::move(output)), watcher_([this] { Watch(); }) {
  pthread_setname_np(watcher_.native_handle(), "bench-child");
}

ChildProcess::~ChildProcess() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
    // Not reaped before `exited_` is set: the pid cannot be another's.
    if (!exited_) kill(pid_, SIGTERM);
    if (!mutex_.AwaitWithTimeout(absl::Condition(&exited_), absl::Seconds(30))) {
      kill(pid_, SIGKILL);
    }
  }
  watcher_.join();
}

void ChildProcess::WatchExit(std::function<void(const std::string&)> on_exit) {
  absl::MutexLock lock(&mutex_);
  if (exited_) {
    on_exit(reason_);
  } else {
    on_exit_ = std::move(on_exit);
  }
}

absl::Status ChildProcess::AwaitOutput(const std::function<bool(const std::string& text)>& there) {
  absl::Notification ended;
  std::string reason;
  WatchExit([&](const std::string& text) {
    reason = text;
    ended.Notify();
  });
  bool found = false;
  while (!found && !ended.HasBeenNotified()) {
    found = there(TextOf(output_));
    // Another process's output cannot be waited for, only looked at.
    if (!found) ended.WaitForNotificationWithTimeout(absl::Milliseconds(5));
  }
  WatchExit([](const std::string&) {});
  return found ? absl::OkStatus() : absl::UnavailableError(reason);
}

void ChildProcess::Watch() {
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  absl::MutexLock lock(&mutex_);
  int status = 0;
  waitpid(pid_, &status, 0);
  exited_ = true;
  reason_ = Describe(status);
  if (on_exit_ && !ending_) on_exit_(reason_);
}

std::string ChildProcess::Describe(int status) const {
  std::string how;
  if (WIFSIGNALED(status)) {
    how = "was killed by signal " + std::to_string(WTERMSIG(status));
  } else {
    how = "exited with " + std::to_string(WEXITSTATUS(status));
  }
  return name_ + " " + how + "; its last output:\n" + EndOf(output_);
}

}  // namespace tasker::bench
