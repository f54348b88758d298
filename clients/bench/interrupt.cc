#include "clients/bench/interrupt.h"

#include <pthread.h>
#include <utility>

namespace tasker::bench {
namespace {

sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

void BlockEndSignals() {
  const sigset_t signals = EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Interrupt::Interrupt() : signals_(EndSignals()) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "bench-signals");
    int signal = 0;
    sigwait(&signals_, &signal);
    absl::MutexLock lock(&mutex_);
    if (ending_) return;
    reason_ = "interrupted by signal " + std::to_string(signal);
    if (on_signal_) on_signal_(reason_);
  });
}

Interrupt::~Interrupt() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
  }
  // To that thread alone; it may have returned already, but is not joined.
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void Interrupt::Watch(std::function<void(const std::string&)> on_signal) {
  absl::MutexLock lock(&mutex_);
  on_signal_ = std::move(on_signal);
  if (on_signal_ && !reason_.empty()) on_signal_(reason_);
}

absl::Status Interrupt::status() const {
  absl::MutexLock lock(&mutex_);
  return reason_.empty() ? absl::OkStatus() : absl::CancelledError(reason_);
}

}  // namespace tasker::bench
