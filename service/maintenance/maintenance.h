// The thread for what works on the whole store.
#pragma once

#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tasker::service {

// Runs jobs one after the other on one thread, `maintenance`, and one job every so often by itself.
// All public methods may be called from any thread.
class Maintenance {
 public:
  // A job asks now and then whether the service stops, and then ends.
  using Cancelled = std::function<bool()>;
  using Job = absl::AnyInvocable<void(const Cancelled& cancelled)>;

  // Jobs that wait at one time.
  static constexpr std::size_t kJobsMax = 64;

  Maintenance() = default;
  // Stops as Stop does.
  ~Maintenance() { Stop(); }
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  // Starts the thread, once. `periodic` may be null; it runs first one `interval` from now.
  void Begin(absl::Duration interval, std::function<void(const Cancelled&)> periodic);

  // Queues a job. Errors, and the job is not run: RESOURCE_EXHAUSTED: too many wait; UNAVAILABLE:
  // the service stops.
  absl::Status Post(Job job);

  // Waits for the job under way, which is told to end; those that wait are run and told as well.
  // Idempotent.
  void Stop();

 private:
  void Run(absl::Duration interval, const std::function<void(const Cancelled&)>& periodic);

  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace tasker::service
