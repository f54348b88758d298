// What other threads have to tell the thread in Run().
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/alarm.h"
#include "grpcpp/completion_queue.h"

#include "clients/cpp/src/attempt.h"
#include "clients/cpp/src/held_attempts.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

// An attempt whose handler has returned.
struct FinishedAttempt {
  Attempt* attempt;
  v1::StepResult result;
};

// All that was posted since the reader last looked.
struct Posted {
  std::vector<FinishedAttempt> finished;
  // By token. Those of an attempt in `finished` were made before it returned.
  absl::flat_hash_map<std::string, AttemptReport> reports;
  // Whether PostStop was ever called.
  bool stop = false;
};

// Wakes the reader through its completion queue, once for all that was posted since it last looked:
// that is what lets many results travel in one message. Bounded by the number of attempts held: of
// each the newest report is kept.
//
// Thread-safe; Take, Woken and Close belong to the reader.
class Inbox : public StepReporter {
 public:
  // Wakes with `tag` on `queue`, which must outlive the inbox.
  Inbox(grpc::CompletionQueue& queue, void* tag) : queue_(queue), tag_(tag) {}

  void PostFinished(Attempt* attempt, v1::StepResult result);
  void PostStop();
  void ReportCheckpoint(const std::string& token, std::string checkpoint) override;
  void ReportProgress(const std::string& token, std::optional<double> fraction,
                      std::string message) override;

  // Moves out all that has been posted into `posted`, whose content is replaced.
  void Take(Posted& posted);

  // The reader has got the tag: the next post wakes it again.
  void Woken();

  // Wakes nobody any more.
  void Close();

 private:
  void PostReport(const std::string& token, AttemptReport report);
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::CompletionQueue& queue_;
  void* const tag_;
  absl::Mutex mutex_;
  std::vector<FinishedAttempt> finished_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, AttemptReport> reports_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // Whether the tag is under way.
  bool waking_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::client
