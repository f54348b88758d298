// Ends a worker in good order when the process is told to end.
#pragma once

#include <signal.h>
#include <thread>

namespace tasker::client {

class Worker;

// Blocks SIGTERM and SIGINT for the calling thread and all that it starts from then on, and stops
// the worker it is given at the first of them. A second one changes nothing: Worker::Run gives up
// by itself after `drain_max`.
//
// Make one at the beginning of main, before any thread is started (a library may start some on its
// own), and call Watch when the worker is there. Not thread-safe.
class StopSignals {
 public:
  StopSignals();
  // Ends the watching; signals stay blocked.
  ~StopSignals();

  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Stops `worker` at the first signal; one that has come already counts. The worker may go first.
  // May be called once.
  void Watch(const Worker& worker);

 private:
  sigset_t signals_;
  // Waits for a signal; owned by this object; calls nothing but the worker's Stopper().
  std::thread thread_;
};

}  // namespace tasker::client
