// A closed loop: for each task that completes another one is created.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/alarm.h"
#include "grpcpp/completion_queue.h"

#include "tasker/v1/event_service.grpc.pb.h"
#include "tasker/v1/task_service.grpc.pb.h"
#include "tests/bench/report.h"

namespace tasker::bench {

// How hard, and for how long.
struct WorkloadOptions {
  // host:port of the service.
  std::string server;
  // Tasks created and not completed, at any time.
  std::uint32_t in_flight = 64;
  // Connections that the calls are spread over.
  std::uint32_t channels = 2;
  // Steps of a task, to count with.
  std::uint32_t steps_per_task = 5;
  // From the first completed task to the begin of the window.
  std::chrono::seconds warmup{2};
  // How long is measured.
  std::chrono::seconds window{10};
};

// What the server has used since it began.
struct ServerUsage {
  std::chrono::microseconds cpu{};
  // Negative if not known.
  double syncs = -1;
};

// One thread makes all calls, asynchronously over one completion queue, and learns of completed
// tasks by one subscription to `task.completed`.
//
// Abort() is thread-safe; Run() may be called once.
class Workload {
 public:
  // `usage` is asked for at both ends of the window.
  Workload(WorkloadOptions options, std::function<absl::StatusOr<ServerUsage>()> usage);
  ~Workload();

  // Precondition: the template is applied. The memory of the server is left to the caller.
  // INTERNAL: a task failed. DEADLINE_EXCEEDED: for 30 s no task completed. Otherwise what the
  // service answered, or UNAVAILABLE with the reason given to Abort().
  absl::StatusOr<Measurement> Run();

  // Ends Run().
  void Abort(const std::string& reason);

 private:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  enum class Phase { kStarting, kWarmingUp, kMeasuring };

  class Creation;
  class Subscription;

  void CreateOne();
  void OnCreated(Creation& creation);
  void OnEvents(const v1::SubscribeResponse& response);
  void OnCompleted(Time created, Time completed);
  void OnTime(Time now);
  void BeginWindow();
  void EndWindow();
  void Fail(absl::Status status);
  // Ends every call and waits for it.
  void EndCalls();

  const WorkloadOptions options_;
  const std::function<absl::StatusOr<ServerUsage>()> usage_;
  v1::CreateTaskRequest request_;

  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<v1::TaskService::Stub>> stubs_;
  std::size_t next_stub_ = 0;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<Subscription> subscription_;
  absl::flat_hash_set<Creation*> creations_;
  // Created, not completed: when each was asked for.
  absl::flat_hash_map<std::string, Time> running_;
  // Completed before the answer to CreateTask came: when.
  absl::flat_hash_map<std::string, Time> early_;

  Phase phase_ = Phase::kStarting;
  Time phase_until_ = Time::max();
  Time window_begin_;
  Time last_completion_;
  ServerUsage usage_begin_;
  Measurement measurement_;
  std::optional<absl::Status> outcome_;

  absl::Mutex mutex_;
  std::string abort_reason_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::bench
