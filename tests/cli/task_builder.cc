#include "tests/cli/task_builder.h"

#include "clients/cli/state_text.h"

namespace tasker::cli {

absl::Time Start() { return absl::FromUnixSeconds(1740821400); }

google::protobuf::Timestamp At(absl::Duration offset) {
  const std::int64_t micros = absl::ToUnixMicros(Start() + offset);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(micros / 1'000'000);
  timestamp.set_nanos(static_cast<std::int32_t>(micros % 1'000'000 * 1000));
  return timestamp;
}

v1::Task MakeTask(v1::TaskState state, const std::vector<v1::Step>& steps) {
  v1::Task task;
  task.set_task_id(kTaskId);
  task.set_name("order_process");
  task.set_namespace_("default");
  task.set_version("0.1.0");
  task.set_state(state);
  *task.mutable_created_at() = At(absl::ZeroDuration());
  task.set_total_steps(static_cast<std::uint32_t>(steps.size()));
  for (const auto& step : steps) {
    *task.add_steps() = step;
    if (step.state() == v1::STEP_STATE_COMPLETE)
      task.set_completed_steps(task.completed_steps() + 1);
    if (step.state() == v1::STEP_STATE_ERROR) task.add_failed_steps(step.name());
  }
  return task;
}

StepBuilder::StepBuilder(const std::string& name, v1::StepState state,
                         std::vector<std::string> depends_on) {
  step_.set_name(name);
  step_.set_handler_class("Order::" + name);
  step_.set_state(state);
  step_.set_retry_limit(3);
  step_.mutable_depends_on()->Assign(depends_on.begin(), depends_on.end());
}

StepBuilder& StepBuilder::Attempts(std::uint32_t attempts, std::uint32_t limit) {
  step_.set_attempts(attempts);
  step_.set_retry_limit(limit);
  return *this;
}

StepBuilder& StepBuilder::Ran(absl::Duration from, absl::Duration to) {
  *step_.mutable_completed_at() = At(to);
  return Started(from);
}

StepBuilder& StepBuilder::Started(absl::Duration at) {
  *step_.mutable_started_at() = At(at);
  if (step_.attempts() == 0) step_.set_attempts(1);
  return *this;
}

StepBuilder& StepBuilder::RetryAt(absl::Duration at) {
  *step_.mutable_next_retry_at() = At(at);
  return *this;
}

StepBuilder& StepBuilder::Failed(const std::string& error_class, const std::string& message) {
  step_.mutable_last_failure()->set_error_class(error_class);
  step_.mutable_last_failure()->set_message(message);
  return *this;
}

StepBuilder& StepBuilder::Handler(const std::string& name) {
  step_.set_handler_name(name);
  return *this;
}

StepBuilder& StepBuilder::Results(const std::string& json) {
  step_.set_results(json);
  return *this;
}

}  // namespace tasker::cli
