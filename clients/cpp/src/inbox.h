// What other threads have to tell the thread in Run().
#pragma once

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/alarm.h"
#include "grpcpp/completion_queue.h"

#include "clients/cpp/src/attempt.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

// An attempt whose handler has returned.
struct FinishedAttempt {
  Attempt* attempt;
  v1::StepResult result;
};

// Wakes the reader through its completion queue, once for all that was posted since it last looked:
// that is what lets many results travel in one message. Bounded by the number of attempts held.
//
// Thread-safe; Take, Woken and Close belong to the reader.
class Inbox {
 public:
  // Wakes with `tag` on `queue`, which must outlive the inbox.
  Inbox(grpc::CompletionQueue& queue, void* tag) : queue_(queue), tag_(tag) {}

  void PostFinished(Attempt* attempt, v1::StepResult result);
  void PostStop();

  // Moves out all that has been posted into `finished`, whose content is replaced. Gives whether
  // PostStop was ever called.
  bool Take(std::vector<FinishedAttempt>& finished);

  // The reader has got the tag: the next post wakes it again.
  void Woken();

  // Wakes nobody any more.
  void Close();

 private:
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::CompletionQueue& queue_;
  void* const tag_;
  absl::Mutex mutex_;
  std::vector<FinishedAttempt> finished_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // Whether the tag is under way.
  bool waking_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::client
