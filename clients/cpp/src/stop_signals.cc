#include "tasker/client/stop_signals.h"

#include <pthread.h>

#include "tasker/client/worker.h"

namespace tasker::client {

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

StopSignals::~StopSignals() {
  if (!thread_.joinable()) return;
  // Wakes the thread if no signal has come.
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void StopSignals::Watch(const Worker& worker) {
  thread_ = std::thread([this, stop = worker.Stopper()] {
    int signal = 0;
    sigwait(&signals_, &signal);
    stop();
  });
}

}  // namespace tasker::client
