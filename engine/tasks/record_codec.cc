#include "engine/tasks/record_codec.h"

#include <algorithm>
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
  step.left_out = record.left_out();
  step.attempts = AttemptNumber{record.attempts()};
  step.forgiven = AttemptNumber{record.forgiven_attempts()};
  step.nonce = record.nonce();
  step.ready_order = FromMicros(record.ready_order_us());
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
  if (!record.sub_task().empty()) step.More().sub_task = TaskId::FromBytes(record.sub_task());
  if (record.wake_at_us() != 0) step.More().wake_at = FromMicros(record.wake_at_us());
  if (!record.checkpoint().empty()) {
    step.More().checkpoint = MakePayload(std::move(*record.mutable_checkpoint()));
  }
  if (record.has_cancel()) step.More().cancel = Decode(record.cancel());
  if (record.deferred()) step.More().deferred = true;
  if (record.token_step_plus_one() != 0) {
    step.More().token_step = StepIndex{record.token_step_plus_one() - 1};
  }
  return step;
}

absl::Status DoesNotFit(const TaskRun& task, std::string_view why) {
  return absl::DataLossError(absl::StrCat("task ", task.id.ToString(), " of template ",
                                          task.task_template->id.ToString(), ": ",
                                          std::string(why)));
}

void DecodeHeader(const storage::v1::TaskRecord& record, TaskRun& task) {
  task.state = static_cast<TaskState>(record.state());
  task.compensating = record.compensating();
  task.priority = PriorityOf(record);
  task.origin = {record.initiator(),   record.source_system(),
                 record.reason(),      {record.tags().begin(), record.tags().end()},
                 record.traceparent(), record.tracestate()};
  task.created_at = FromMicros(record.created_at_us());
  task.started_at = FromMicros(record.started_at_us());
  task.completed_at = FromMicros(record.completed_at_us());
  task.deadline_at = FromMicros(record.deadline_at_us());
  task.sticky_instance = record.sticky_instance();
  if (const auto parent = TaskId::FromBytes(record.parent_task())) {
    task.parent = {
        {*parent, StepIndex{record.parent_step()}}, record.depth(), record.parent_moves()};
  }
  task.earlier_versions.assign(record.earlier_versions().begin(), record.earlier_versions().end());
  if (record.has_cancel()) task.cancel = Decode(record.cancel());
  if (record.has_pause()) task.pause = Decode(record.pause());
  for (const storage::v1::SignalRecord& signal : record.signals()) {
    task.signals.push_back({signal.name(), MakePayload(signal.payload()), signal.actor()});
  }
}

// Makes room for the items that the records of `for_each` steps tell of. What each item is stays
// to be worked out.
absl::Status DecodeItems(const std::vector<std::pair<StepIndex, storage::v1::StepRecord>>& records,
                         TaskRun& task) {
  const std::size_t steps = task.steps.size();
  std::size_t end = steps;
  for (const auto& [step, record] : records) {
    if (record.items_plus_one() == 0) continue;
    if (Raw(step) >= steps || record.items_first() < steps ||
        record.items_plus_one() - 1 > kItemsMax || record.items_first() > 16 * kItemsMax) {
      return DoesNotFit(task, "the items of a step cannot be where its record says");
    }
    Items& items = task.at(step).More().items.emplace();
    items.first = record.items_first();
    items.elements.resize(record.items_plus_one() - 1);
    end = std::max<std::size_t>(end, items.first + items.size());
  }
  task.items.resize(end - steps);
  for (std::unique_ptr<StepRun>& item : task.items) item = std::make_unique<StepRun>();
  for (std::uint32_t i = 0; i < steps; ++i) {
    const Items* items = task.steps[i].items();
    for (std::uint32_t place = 0; items != nullptr && place < items->size(); ++place) {
      StepExtras& item = task.at(StepIndex{items->first + place}).More();
      if (item.item_of) return DoesNotFit(task, "two steps have the same items");
      item.item_of = StepIndex{i};
      item.item_index = place;
    }
  }
  return absl::OkStatus();
}

}  // namespace

void CountParents(TaskRun& task) {
  const Dag& dag = task.task_template->dag;
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    task.steps[i].parents_left = dag.ParentCountOf(StepIndex{i});
    task.steps[i].parents_wanted = 0;
  }
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    const StepRun& step = task.steps[i];
    if (!IsDone(step.state)) continue;
    for (const StepIndex child : dag.ChildrenOf(StepIndex{i})) {
      --task.at(child).parents_left;
      if (!step.left_out) ++task.at(child).parents_wanted;
    }
  }
}

Priority PriorityOf(const storage::v1::TaskRecord& record) {
  return record.priority_plus_one() == 0 || record.priority_plus_one() > kPriorityMax + 1u
             ? Priority::kNormal
             : static_cast<Priority>(record.priority_plus_one() - 1);
}

std::string EncodeFinished(const TaskRun& task) {
  storage::v1::FinishedRecord record;
  record.set_namespace_(task.task_template->id.namespace_name);
  record.set_name(task.task_template->id.name);
  return record.SerializeAsString();
}

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
  record.set_traceparent(task.origin.traceparent);
  record.set_tracestate(task.origin.tracestate);
  record.set_created_at_us(ToMicros(task.created_at));
  record.set_started_at_us(ToMicros(task.started_at));
  record.set_completed_at_us(ToMicros(task.completed_at));
  record.set_total_steps(task.counts.total);
  record.set_initialized(task.task_template->initialized());
  record.set_priority_plus_one(Raw(task.priority) + 1u);
  record.set_compensating(task.compensating);
  record.set_deadline_at_us(ToMicros(task.deadline_at));
  record.set_sticky_instance(task.sticky_instance);
  if (task.parent) {
    record.set_parent_task(std::string(task.parent->step.task.bytes()));
    record.set_parent_step(Raw(task.parent->step.step));
    record.set_depth(task.parent->depth);
    record.set_parent_moves(task.parent->moves);
  }
  record.mutable_earlier_versions()->Add(task.earlier_versions.begin(),
                                         task.earlier_versions.end());
  if (task.cancel) *record.mutable_cancel() = Encode(*task.cancel);
  if (task.pause) *record.mutable_pause() = Encode(*task.pause);
  for (const Signal& signal : task.signals) {
    storage::v1::SignalRecord& out = *record.add_signals();
    out.set_name(signal.name);
    out.set_payload(std::string(View(signal.payload)));
    out.set_actor(signal.actor);
  }
  return record.SerializeAsString();
}

std::string EncodeStep(const StepRun& step, storage::v1::StepRecord& record) {
  record.Clear();
  record.set_state(static_cast<v1::StepState>(step.state));
  record.set_left_out(step.left_out);
  record.set_attempts(Raw(step.attempts));
  record.set_forgiven_attempts(Raw(step.forgiven));
  record.set_nonce(step.nonce);
  record.set_ready_order_us(ToMicros(step.ready_order));
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
  if (step.extras != nullptr) {
    const StepExtras& extras = *step.extras;
    if (extras.sub_task) record.set_sub_task(std::string(extras.sub_task->bytes()));
    record.set_wake_at_us(ToMicros(extras.wake_at));
    record.set_checkpoint(std::string(View(extras.checkpoint)));
    if (extras.cancel) *record.mutable_cancel() = Encode(*extras.cancel);
    record.set_deferred(extras.deferred);
    if (extras.token_step) record.set_token_step_plus_one(Raw(*extras.token_step) + 1);
    if (extras.items) {
      record.set_items_plus_one(extras.items->size() + 1);
      record.set_items_first(extras.items->first);
    }
  }
  return record.SerializeAsString();
}

absl::StatusOr<std::unique_ptr<TaskRun>> DecodeTask(StoredTask stored) {
  auto task = std::make_unique<TaskRun>();
  task->id = stored.id;
  task->task_template = std::move(stored.task_template);
  const std::size_t total = task->task_template->steps.size();
  if (stored.record.total_steps() != total) {
    return DoesNotFit(*task, absl::StrCat("it has ", stored.record.total_steps(),
                                          " steps, and the template ", total));
  }
  if (NameOf(static_cast<TaskState>(stored.record.state())) == "unknown") {
    return DoesNotFit(*task, absl::StrCat("its state ", stored.record.state(), " is unknown"));
  }
  if (stored.context == nullptr) return DoesNotFit(*task, "its context is empty");
  task->context = std::move(stored.context);
  DecodeHeader(stored.record, *task);
  task->header_bytes = task->records_bytes = stored.record.ByteSizeLong();
  task->counts.total = static_cast<std::uint32_t>(total);
  task->steps.resize(total);
  if (absl::Status items = DecodeItems(stored.steps, *task); !items.ok()) return items;
  for (auto& [step, record] : stored.steps) {
    if (!task->has(step) || NameOf(static_cast<StepState>(record.state())) == "unknown") {
      return DoesNotFit(*task,
                        absl::StrCat("its step ", Raw(step), " is not one of the template's"));
    }
    StepRun& run = task->at(step);
    std::unique_ptr<StepExtras> places = std::move(run.extras);
    const std::size_t bytes = record.ByteSizeLong();
    run = DecodeStep(std::move(record));
    run.record_bytes = static_cast<std::uint32_t>(bytes);
    task->records_bytes += bytes;
    if (places != nullptr) {
      run.More().items = std::move(places->items);
      run.More().item_of = places->item_of;
      run.More().item_index = places->item_index;
    }
    if (!run.is_item()) task->counts.Move(StepState::kPending, run.state);
    if (run.extras != nullptr && run.extras->token_step) task->renumbered.push_back(step);
  }
  // A task ends in the commit in which its last step does.
  if (IsOpen(task->state) && task->counts.active() == 0) {
    return DoesNotFit(*task, "it is open, and none of its steps is at work or waits for its turn");
  }
  CountParents(*task);
  return task;
}

StepCounts CountSteps(std::uint32_t total,
                      const std::vector<std::pair<StepIndex, storage::v1::StepRecord>>& steps) {
  StepCounts counts;
  counts.total = total;
  for (const auto& [step, record] : steps) {
    if (Raw(step) < total) counts.Move(StepState::kPending, static_cast<StepState>(record.state()));
  }
  return counts;
}

}  // namespace tasker::engine
