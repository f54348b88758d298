// The load: tasks created, and waited for.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/alarm.h"
#include "grpcpp/completion_queue.h"

#include "clients/bench/load_calls.h"
#include "clients/bench/usage_probe.h"

namespace tasker::bench {

// How hard, and for how long.
struct LoadOptions {
  // host:port of the service.
  std::string server;
  // The template, and the context of each task.
  std::string task_name;
  std::string namespace_name;
  std::string context = "{}";
  // Closed loop: tasks created and not completed, at any time.
  std::uint32_t in_flight = 64;
  // Open loop: tasks begun a second, whatever became of those before; 0: closed.
  double rate = 0;
  // As many tasks and no more, measured from the first creation to the last completion; 0: as many
  // as the window takes.
  std::uint64_t tasks = 0;
  // A task is done with when its creation is answered, and nobody waits for its completion.
  bool creation_only = false;
  // Connections that the calls are spread over.
  std::uint32_t channels = 2;
  // From the first completed task to the begin of the window.
  std::chrono::milliseconds warmup{2000};
  // How long is measured; as often as it takes until a task has completed.
  std::chrono::milliseconds window{8000};
  // With no task completed for this long, something is broken.
  std::chrono::milliseconds stall_max{60'000};
};

// What was counted.
struct LoadResult {
  std::chrono::duration<double> window{};
  // Tasks completed within it.
  std::uint64_t completed = 0;
  // Closed loop: from the call of CreateTask to the arrival of `task.completed`, of each task that
  // completed within the window. Open loop: from the moment when the call was due, of each task
  // that was due within the window, so that a service that stalls does not hide behind calls not
  // made. Sorted.
  std::vector<std::chrono::nanoseconds> latencies;
  // Open loop: tasks due within the window that had not completed when as much time again had
  // passed (at least 10 s). What they had waited by then is among the latencies.
  std::uint64_t unfinished = 0;
  // At both ends of the window.
  Usage begin;
  Usage end;
};

// One thread reads all answers, from one completion queue, and learns of completed tasks by one
// subscription to `task.completed`; in an open loop a second one makes the calls when they are due.
//
// Abort() is thread-safe; Run() may be called once.
class Load {
 public:
  // `usage` is asked at both ends of the window.
  Load(LoadOptions options, std::function<absl::StatusOr<Usage>()> usage);
  ~Load();

  // Precondition: the template is applied. INTERNAL: a task failed. DEADLINE_EXCEEDED: no task
  // completed for `stall_max`. RESOURCE_EXHAUSTED: an open loop left a million tasks behind.
  // Otherwise what the service answered, or UNAVAILABLE with the reason given to Abort().
  absl::StatusOr<LoadResult> Run();

  // Ends Run().
  void Abort(const std::string& reason);

 private:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  enum class Phase { kStarting, kWarmingUp, kMeasuring, kDraining };

  void Subscribe();
  void Begin();
  void CreateOne(Time intended);
  void Pace();
  void OnCreated(CreateCall& call);
  void OnEvents(const v1::SubscribeResponse& response);
  void OnCompleted(Time intended, Time completed);
  void OnTime(Time now);
  Time NextDeadline() const;
  void BeginWindow();
  void EndWindow();
  void EndDraining(Time now);
  void Fail(absl::Status status);
  bool closed_loop() const { return options_.rate <= 0; }
  // Ends every call and waits for it.
  void EndCalls();

  const LoadOptions options_;
  const std::function<absl::StatusOr<Usage>()> usage_;
  const std::function<void(CreateCall&)> on_created_;
  v1::CreateTaskRequest request_;

  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<v1::TaskService::Stub>> stubs_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<EventCall> subscription_;

  absl::Mutex calls_mutex_;
  absl::flat_hash_set<CreateCall*> calls_ ABSL_GUARDED_BY(calls_mutex_);
  std::uint64_t begun_ ABSL_GUARDED_BY(calls_mutex_) = 0;

  // The rest belongs to the thread in Run().
  // Created, not completed: when each was due.
  absl::flat_hash_map<std::string, Time> running_;
  // Completed before the answer to CreateTask came: when.
  absl::flat_hash_map<std::string, Time> early_;
  Phase phase_ = Phase::kStarting;
  Time phase_until_ = Time::max();
  Time window_begin_;
  Time window_end_ = Time::max();
  Time last_completion_;
  std::uint64_t completed_in_all_ = 0;
  LoadResult result_;
  std::optional<absl::Status> outcome_;

  // `bench-pace`: calls CreateOne() when a task is due. Touches what `calls_mutex_` guards.
  std::thread pacer_;
  std::atomic<bool> pacing_ = false;
  Time pace_from_;

  absl::Mutex mutex_;
  std::string abort_reason_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::bench
