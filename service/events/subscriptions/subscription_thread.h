// The thread that all named subscriptions share.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace tasker::service {

// Does what it is given, one after the other, on a thread called `subscriptions`. Public methods
// may be called from any thread.
class SubscriptionThread {
 public:
  using Work = absl::AnyInvocable<void()>;
  using Time = std::chrono::steady_clock::time_point;

  // `settle` is called on the thread after the work that has come in at once, and when it wanted to
  // be called again, which it says; nullopt: not before there is work.
  explicit SubscriptionThread(std::function<std::optional<Time>()> settle);
  // Stops as Stop does.
  ~SubscriptionThread();
  SubscriptionThread(const SubscriptionThread&) = delete;
  SubscriptionThread& operator=(const SubscriptionThread&) = delete;

  // Does not block. After Stop it is done at once, by whoever posts, still one after the other.
  void Post(Work work);

  // Does what was posted, then ends the thread. Idempotent.
  void Stop();

 private:
  void Run();
  void DoLate();

  const std::function<std::optional<Time>()> settle_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  // As long as what is posted: a response for each subscription that reads and a few words for each
  // call.
  std::vector<Work> inbox_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool doing_late_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace tasker::service
