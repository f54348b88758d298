#include "engine/events/event_records.h"

#include "absl/strings/escaping.h"

#include "engine/events/event_names.h"
#include "engine/tasks/record_codec.h"

namespace tasker::engine {
namespace {

// Steps that one event names of those that became ready; it counts them all.
constexpr int kReadyStepsNamedMax = 1000;

}  // namespace

std::string TraceIdOf(std::string_view traceparent) {
  // `00-TRACE-PARENT-01`: version, 32 digits, 16 digits, flags.
  constexpr std::size_t kBegin = 3;
  constexpr std::size_t kDigits = 32;
  if (traceparent.size() <= kBegin + kDigits || traceparent[kBegin - 1] != '-' ||
      traceparent[kBegin + kDigits] != '-') {
    return "";
  }
  const std::string_view digits = traceparent.substr(kBegin, kDigits);
  // The standard has lower-case digits, and no trace of zeros.
  if (digits.find_first_not_of("0123456789abcdef") != std::string_view::npos ||
      digits.find_first_not_of('0') == std::string_view::npos) {
    return "";
  }
  return absl::HexStringToBytes(std::string(digits));
}

void FillTaskEvent(std::string_view name, const TaskRun& task, Timestamp now,
                   storage::v1::EventRecord& event) {
  event.set_name(name.data(), name.size());
  event.set_at_us(ToMicros(now));
  const std::string_view id = task.id.bytes();
  event.set_task_id(id.data(), id.size());
  event.set_namespace_(task.task_template->id.namespace_name);
  event.set_task_name(task.task_template->id.name);
  event.set_version(task.task_template->id.version);
  event.set_priority_plus_one(Raw(task.priority) + 1u);
  event.mutable_tags()->Add(task.origin.tags.begin(), task.origin.tags.end());
  if (!task.origin.traceparent.empty()) event.set_trace_id(TraceIdOf(task.origin.traceparent));
}

void FillReadyEvent(const TaskRun& task, Timestamp now, storage::v1::EventRecord& event) {
  FillTaskEvent(event_names::kWorkflowViableStepsDiscovered, task, now, event);
  event.set_sequential(!task.task_template->concurrent);
}

void AddReady(StepIndex step, storage::v1::EventRecord& event) {
  event.set_ready_steps(event.ready_steps() + 1);
  if (event.ready_steps_plus_one_size() >= kReadyStepsNamedMax) return;
  event.add_ready_steps_plus_one(Raw(step) + 1);
}

void FillTaskEndEvent(std::string_view name, const TaskRun& task, Timestamp now,
                      storage::v1::EventRecord& event) {
  FillTaskEvent(name, task, now, event);
  event.set_total_steps(task.counts.total);
  event.set_completed_steps(task.counts.done);
  event.set_total_duration_us((now - task.created_at).count());
  if (task.started_at != kNever) event.set_execution_duration_us((now - task.started_at).count());
  if (task.counts.error + task.counts.cancelled == 0 || task.state == TaskState::kCancelled) {
    return;
  }
  for (std::size_t i = 0; i < task.steps.size(); ++i) {
    const StepRun& step = task.steps[i];
    if (step.state != StepState::kError && step.state != StepState::kCancelled) continue;
    event.add_failed_steps(task.task_template->steps[i].name);
    if (step.last_failure == nullptr || !event.error_class().empty()) continue;
    event.set_error_class(step.last_failure->error_class());
    event.set_error_message(step.last_failure->message());
  }
}

void FillStepEvent(std::string_view name, const TaskRun& task, StepIndex step, Timestamp now,
                   storage::v1::EventRecord& event) {
  FillTaskEvent(name, task, now, event);
  event.set_step_plus_one(Raw(step) + 1);
  event.set_step_name(task.NameOf(step));
  event.set_attempt(Raw(task.at(step).counted()));
}

void FillStepFailedEvent(const TaskRun& task, StepIndex step, const v1::Failure& failure,
                         Timestamp now, storage::v1::EventRecord& event) {
  FillStepEvent(event_names::kStepFailed, task, step, now, event);
  event.set_error_class(failure.error_class());
  event.set_error_message(failure.message());
  event.set_backtrace(failure.backtrace());
  event.set_business(failure.business());
  event.set_payload(failure.details());
  const Timestamp started = task.at(step).started_at;
  if (started != kNever) event.set_execution_duration_us((now - started).count());
}

void FillHandlerEvent(std::string_view name, std::string_view handler_name,
                      const ServedClass& served, Timestamp now, storage::v1::EventRecord& event) {
  event.set_name(name.data(), name.size());
  event.set_at_us(ToMicros(now));
  event.set_namespace_(served.namespace_name);
  event.set_version(served.version);
  event.set_handler_class(served.handler_class);
  event.set_handler_name(handler_name.data(), handler_name.size());
}

}  // namespace tasker::engine
