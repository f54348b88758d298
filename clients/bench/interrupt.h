// Ends a measurement in good order when the program is told to end.
#pragma once

#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace tasker::bench {

// Blocks SIGINT and SIGTERM for the calling thread and all that it starts from then on. Call it
// before anything starts a thread.
void BlockEndSignals();

// Waits for one of them, so that children and folders go as well.
//
// Thread-safe, but for the destructor.
class Interrupt {
 public:
  // Precondition: BlockEndSignals().
  Interrupt();
  ~Interrupt();

  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Has `on_signal` called with what to say when a signal comes, at once if one has come. Called on
  // the waiting thread, or in this call. Replaces the callback before; null: none.
  void Watch(std::function<void(const std::string& reason)> on_signal);

  // CANCELLED once a signal has come.
  absl::Status status() const;

 private:
  sigset_t signals_;
  mutable absl::Mutex mutex_;
  std::string reason_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void(const std::string&)> on_signal_ ABSL_GUARDED_BY(mutex_);
  // `bench-signals`: waits for the signals and calls `on_signal_`.
  std::thread thread_;
};

}  // namespace tasker::bench
