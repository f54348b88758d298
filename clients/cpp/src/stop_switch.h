// Stopping a worker from what may outlive it.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "clients/cpp/src/session.h"

namespace tasker::client {

// Thread-safe.
class StopSwitch {
 public:
  // `session` is there until Detach().
  explicit StopSwitch(Session& session) : session_(&session) {}

  // Session::Stop, or nothing once it is detached.
  void Stop() {
    absl::MutexLock lock(&mutex_);
    if (session_ != nullptr) session_->Stop();
  }

  // Returns when no Stop() is under way; none reaches the session from then on.
  void Detach() {
    absl::MutexLock lock(&mutex_);
    session_ = nullptr;
  }

 private:
  absl::Mutex mutex_;
  Session* session_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::client
