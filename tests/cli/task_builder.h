// Tasks and steps for tests, in as few words as possible.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

#include "tasker/v1/task.pb.h"

namespace tasker::cli {

inline constexpr char kTaskId[] = "3f2a9c1e-0b7d-4c55-9a6e-2f1d8e4b7a10";

// The moment at which test tasks are accepted: 2025-03-01T09:30:00Z.
absl::Time Start();

// `offset` after Start().
google::protobuf::Timestamp At(absl::Duration offset);

// `order_process` of version 0.1.0 with kTaskId, accepted at Start(), and `steps`; the counts fit.
v1::Task MakeTask(v1::TaskState state, const std::vector<v1::Step>& steps);

class StepBuilder {
 public:
  StepBuilder(const std::string& name, v1::StepState state,
              std::vector<std::string> depends_on = {});

  // Attempts started so far, of `limit`.
  StepBuilder& Attempts(std::uint32_t attempts, std::uint32_t limit = 3);
  StepBuilder& Ran(absl::Duration from, absl::Duration to);
  StepBuilder& Started(absl::Duration at);
  StepBuilder& RetryAt(absl::Duration at);
  StepBuilder& Failed(const std::string& error_class, const std::string& message);
  StepBuilder& Handler(const std::string& name);
  StepBuilder& Results(const std::string& json);

  operator v1::Step() const { return step_; }  // NOLINT: a builder is what it builds.

 private:
  v1::Step step_;
};

}  // namespace tasker::cli
