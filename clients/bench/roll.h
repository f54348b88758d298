// Streams that a crowd keeps open: how many are there, and what ended one.
#pragma once

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include <grpcpp/support/status.h>

namespace tasker::bench {

// Thread-safe.
class Roll {
 public:
  void Arrived() {
    absl::MutexLock lock(&mutex_);
    ++arrived_;
  }
  void Ended(const grpc::Status& status) {
    absl::MutexLock lock(&mutex_);
    if (error_.ok()) {
      error_ = absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                            absl::StrCat("a stream ended: ", status.error_message()));
    }
  }
  // OK: that many are there.
  absl::Status Await(std::uint32_t count) {
    absl::MutexLock lock(&mutex_);
    const auto done = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return arrived_ >= count || !error_.ok();
    };
    mutex_.Await(absl::Condition(&done));
    return error_;
  }
  absl::Status error() {
    absl::MutexLock lock(&mutex_);
    return error_;
  }

 private:
  absl::Mutex mutex_;
  std::uint32_t arrived_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::bench
