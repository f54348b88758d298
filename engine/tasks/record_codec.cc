#include "engine/tasks/record_codec.h"

#include <memory>

#include "absl/strings/str_cat.h"

namespace tasker::engine {
namespace {

// The engine's states are stored by their numbers, so the numbers must agree.
static_assert(static_cast<int>(StepState::kPending) == v1::STEP_STATE_PENDING);
static_assert(static_cast<int>(StepState::kEnqueued) == v1::STEP_STATE_ENQUEUED);
static_assert(static_cast<int>(StepState::kInProgress) == v1::STEP_STATE_IN_PROGRESS);
static_assert(static_cast<int>(StepState::kWaitingForRetry) == v1::STEP_STATE_WAITING_FOR_RETRY);
static_assert(static_cast<int>(StepState::kComplete) == v1::STEP_STATE_COMPLETE);
static_assert(static_cast<int>(StepState::kError) == v1::STEP_STATE_ERROR);
static_assert(static_cast<int>(StepState::kCancelled) == v1::STEP_STATE_CANCELLED);
static_assert(static_cast<int>(StepState::kSkipped) == v1::STEP_STATE_SKIPPED);
static_assert(static_cast<int>(StepState::kResolvedManually) == v1::STEP_STATE_RESOLVED_MANUALLY);
static_assert(static_cast<int>(TaskState::kPending) == v1::TASK_STATE_PENDING);
static_assert(static_cast<int>(TaskState::kInProgress) == v1::TASK_STATE_IN_PROGRESS);
static_assert(static_cast<int>(TaskState::kComplete) == v1::TASK_STATE_COMPLETE);
static_assert(static_cast<int>(TaskState::kError) == v1::TASK_STATE_ERROR);
static_assert(static_cast<int>(TaskState::kCancelled) == v1::TASK_STATE_CANCELLED);
static_assert(static_cast<int>(TaskState::kResolvedManually) == v1::TASK_STATE_RESOLVED_MANUALLY);

StepRun DecodeStep(storage::v1::StepRecord&& record) {
  StepRun step;
  step.state = static_cast<StepState>(record.state());
  step.attempts = AttemptNumber{record.attempts()};
  step.nonce = record.nonce();
  step.enqueued_at = FromMicros(record.enqueued_at_us());
  step.started_at = FromMicros(record.started_at_us());
  step.completed_at = FromMicros(record.completed_at_us());
  step.next_retry_at = FromMicros(record.next_retry_at_us());
  step.results = MakePayload(std::move(*record.mutable_results()));
  if (record.has_last_failure()) {
    step.last_failure = std::make_unique<v1::Failure>(std::move(*record.mutable_last_failure()));
  }
  if (!record.handler_instance().empty()) {
    step.handler = std::make_shared<const HandlerIdentity>(
        HandlerIdentity{record.handler_name(), record.handler_instance()});
  }
  return step;
}

absl::Status DoesNotFit(const StoredTask& stored, std::string_view why) {
  return absl::DataLossError(absl::StrCat("task ", stored.id.ToString(), " of template ",
                                          stored.task_template->id.ToString(), ": ",
                                          std::string(why)));
}

}  // namespace

std::string EncodeTask(const TaskRun& task) {
  storage::v1::TaskRecord record;
  record.set_namespace_(task.task_template->id.namespace_name);
  record.set_name(task.task_template->id.name);
  record.set_version(task.task_template->id.version);
  record.set_state(static_cast<v1::TaskState>(task.state));
  record.set_initiator(task.origin.initiator);
  record.set_source_system(task.origin.source_system);
  record.set_reason(task.origin.reason);
  record.mutable_tags()->Add(task.origin.tags.begin(), task.origin.tags.end());
  record.set_created_at_us(ToMicros(task.created_at));
  record.set_started_at_us(ToMicros(task.started_at));
  record.set_completed_at_us(ToMicros(task.completed_at));
  record.set_total_steps(task.counts.total);
  return record.SerializeAsString();
}

std::string EncodeStep(const StepRun& step) {
  storage::v1::StepRecord record;
  record.set_state(static_cast<v1::StepState>(step.state));
  record.set_attempts(Raw(step.attempts));
  record.set_nonce(step.nonce);
  record.set_enqueued_at_us(ToMicros(step.enqueued_at));
  record.set_started_at_us(ToMicros(step.started_at));
  record.set_completed_at_us(ToMicros(step.completed_at));
  record.set_next_retry_at_us(ToMicros(step.next_retry_at));
  if (step.handler != nullptr) {
    record.set_handler_instance(step.handler->instance_id);
    record.set_handler_name(step.handler->name);
  }
  if (step.results != nullptr) record.set_results(*step.results);
  if (step.last_failure != nullptr) *record.mutable_last_failure() = *step.last_failure;
  return record.SerializeAsString();
}

absl::StatusOr<std::unique_ptr<TaskRun>> DecodeTask(StoredTask stored) {
  const std::size_t total = stored.task_template->steps.size();
  if (stored.record.total_steps() != total) {
    return DoesNotFit(stored, absl::StrCat("it was created with ", stored.record.total_steps(),
                                           " steps, the template now has ", total));
  }
  auto task = std::make_unique<TaskRun>();
  task->id = stored.id;
  task->state = static_cast<TaskState>(stored.record.state());
  task->context = std::move(stored.context);
  task->origin = TaskOrigin{stored.record.initiator(),
                            stored.record.source_system(),
                            stored.record.reason(),
                            {stored.record.tags().begin(), stored.record.tags().end()}};
  task->created_at = FromMicros(stored.record.created_at_us());
  task->started_at = FromMicros(stored.record.started_at_us());
  task->completed_at = FromMicros(stored.record.completed_at_us());
  task->counts = CountSteps(static_cast<std::uint32_t>(total), stored.steps);
  task->steps.resize(total);
  for (auto& [step, record] : stored.steps) {
    if (Raw(step) >= total || NameOf(static_cast<StepState>(record.state())) == "unknown") {
      return DoesNotFit(stored,
                        absl::StrCat("its step ", Raw(step), " is not one of the template's"));
    }
    if (record.state() == v1::STEP_STATE_IN_PROGRESS && record.handler_instance().empty()) {
      return DoesNotFit(stored, absl::StrCat("its step ", Raw(step), " runs at no handler"));
    }
    task->at(step) = DecodeStep(std::move(record));
  }
  const Dag& dag = stored.task_template->dag;
  for (std::uint32_t i = 0; i < total; ++i) {
    task->steps[i].parents_left += dag.ParentCountOf(StepIndex{i});
    if (!IsDone(task->steps[i].state)) continue;
    for (const StepIndex child : dag.ChildrenOf(StepIndex{i})) --task->at(child).parents_left;
  }
  task->task_template = std::move(stored.task_template);
  return task;
}

StepCounts CountSteps(std::uint32_t total,
                      const std::vector<std::pair<StepIndex, storage::v1::StepRecord>>& steps) {
  StepCounts counts;
  counts.total = total;
  for (const auto& [step, record] : steps) {
    counts.Move(StepState::kPending, static_cast<StepState>(record.state()));
  }
  return counts;
}

}  // namespace tasker::engine
