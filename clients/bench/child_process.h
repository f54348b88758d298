// A program that this one starts and ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include <sys/types.h>

namespace tasker::bench {

// Runs until it ends on its own or this object goes; dies with this process in any case.
//
// Thread-safe, but for the destructor.
class ChildProcess {
 public:
  // Starts `arguments[0]` with both its outputs written to the file `output`. Call it from a thread
  // that lives as long as the child should. NOT_FOUND: there is no such program.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(
      const std::vector<std::string>& arguments, const std::string& output);
  // SIGTERM, and SIGKILL after 30 s.
  ~ChildProcess();

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  // Calls `on_exit` with what to say of it once the process has ended, unless it was ended by the
  // destructor; at once if it has. Called on the watching thread, or in this call. Replaces the
  // callback given before, which is not called any more.
  void WatchExit(std::function<void(const std::string& reason)> on_exit);

  // Waits until `there` holds of what the process has written so far. UNAVAILABLE: it ended before;
  // says how. Takes the place of the callback for its end.
  absl::Status AwaitOutput(const std::function<bool(const std::string& text)>& there);

 private:
  ChildProcess(pid_t pid, std::string name, std::string output);
  void Watch();
  // How it ended, with the end of its output.
  std::string Describe(int status) const;

  const pid_t pid_;
  const std::string name_;
  const std::string output_;
  absl::Mutex mutex_;
  bool exited_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::string reason_ ABSL_GUARDED_BY(mutex_);
  std::function<void(const std::string&)> on_exit_ ABSL_GUARDED_BY(mutex_);
  // `bench-child`, owned by this object: waits for the process and calls `on_exit_`.
  std::thread watcher_;
};

}  // namespace tasker::bench
