#include "clients/cpp/src/inbox.h"

#include <utility>

#include <grpc/support/time.h>

namespace tasker::client {

void Inbox::PostFinished(Attempt* attempt, v1::StepResult result) {
  absl::MutexLock lock(&mutex_);
  finished_.push_back({attempt, std::move(result)});
  Wake();
}

void Inbox::PostStop() {
  absl::MutexLock lock(&mutex_);
  stop_ = true;
  Wake();
}

bool Inbox::Take(std::vector<FinishedAttempt>& finished) {
  finished.clear();
  absl::MutexLock lock(&mutex_);
  finished.swap(finished_);
  return stop_;
}

void Inbox::Woken() {
  absl::MutexLock lock(&mutex_);
  waking_ = false;
}

void Inbox::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

void Inbox::Wake() {
  if (waking_ || closed_) return;
  waking_ = true;
  // A time in the past: due at once.
  alarm_.Set(&queue_, gpr_time_0(GPR_CLOCK_MONOTONIC), tag_);
}

}  // namespace tasker::client
