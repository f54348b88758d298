// Steps of a partition that no handler does: items, waits, sub-tasks, decisions and compensation.
#include <algorithm>

#include "absl/strings/str_cat.h"

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/flow/json_text.h"
#include "engine/flow/step_scope.h"
#include "engine/model/error_classes.h"
#include "engine/partition.h"

namespace tasker::engine {
namespace {

// Tasks that run tasks that run tasks: a template that runs itself ends here.
constexpr std::uint32_t kSubTaskDepthMax = 32;

v1::Failure NoValue(std::string_view key, const absl::Status& why) {
  return MakeFailure(kExpressionError,
                     absl::StrCat(std::string(key), ": ", std::string(why.message())), false);
}

// As one JSON array: its size, before it is made.
std::size_t CollectedBytes(const TaskRun& task, const Items& items) {
  std::size_t bytes = 2;
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    bytes += 1 + View(task.at(StepIndex{items.first + i}).results).size();
  }
  return bytes;
}

v1::Failure TooMuchCollected(std::string_view of, std::size_t bytes, std::size_t bytes_max) {
  return MakeFailure(kInvalidResults,
                     absl::StrCat("the results of ", std::string(of), " are ", bytes,
                                  " bytes together, over the limit of ", bytes_max, " bytes"),
                     false);
}

Payload CollectResults(const TaskRun& task, const Items& items) {
  std::string all = "[";
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    if (i > 0) all.push_back(',');
    AppendJsonValue(View(task.at(StepIndex{items.first + i}).results), all);
  }
  all.push_back(']');
  return MakePayload(std::move(all));
}

// Whether the step's results are among those that its task gives to a step that ran it.
bool IsLast(const TaskRun& task, std::uint32_t step) {
  return task.task_template->dag.ChildrenOf(StepIndex{step}).empty() &&
         task.steps[step].results != nullptr;
}

// Of the results below, about: before they are made.
std::size_t ResultBytesOfTask(const TaskRun& task) {
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    if (IsLast(task, i)) bytes += View(task.steps[i].results).size();
  }
  return bytes;
}

// What a step that ran `task` gives to those that depend on it: the results of the task's last
// steps.
Payload ResultsOfTask(const TaskRun& task) {
  std::string all = "{\"task_id\":";
  AppendJsonString(task.id.ToString(), all);
  all.append(",\"results\":{");
  bool first = true;
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    if (!IsLast(task, i)) continue;
    if (!std::exchange(first, false)) all.push_back(',');
    AppendJsonString(task.task_template->steps[i].name, all);
    all.push_back(':');
    AppendJsonValue(View(task.steps[i].results), all);
  }
  all.append("}}");
  return MakePayload(std::move(all));
}

v1::Failure FailureOfTask(const TaskRun& task) {
  const std::string name =
      absl::StrCat("task ", task.id.ToString(), " of ", task.task_template->id.ToString());
  if (task.state == TaskState::kCancelled) {
    return MakeFailure(kSubTaskFailed, absl::StrCat(name, " was cancelled"), false);
  }
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    const StepRun& step = task.steps[i];
    if (step.state != StepState::kError || step.last_failure == nullptr) continue;
    return MakeFailure(
        kSubTaskFailed,
        absl::StrCat(name, " failed: step `", task.task_template->steps[i].name,
                     "`: ", step.last_failure->error_class(), ": ", step.last_failure->message()));
  }
  return MakeFailure(kSubTaskFailed, absl::StrCat(name, " failed"));
}

TaskId DrawTaskId(Draws& draws) {
  std::string bytes;
  for (int half = 0; half < 2; ++half) {
    const std::uint64_t draw = draws.Next();
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(draw >> shift));
  }
  // The bits that make it a UUID of version 4 (RFC 9562).
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  return *TaskId::FromBytes(bytes);
}

}  // namespace

void Partition::Begin(TaskRun& task, StepIndex step, Changes& changes) {
  StartTask(task, changes);
  StepRun& run = task.at(step);
  const StepTemplate& kind = task.TemplateOf(step);
  // What goes on where it was is no new attempt.
  if (run.items() == nullptr) run.attempts = AttemptNumber{Raw(run.attempts) + 1};
  run.nonce = 0;
  run.handler = nullptr;
  run.started_at = changes.now();
  changes.Move(task, step, StepInput::kAssign);
  changes.Tell(event_names::kStepExecutionRequested, task, step);
  if (kind.for_each && !run.is_item()) {
    BeginItems(task, step, changes);
  } else if (kind.wait) {
    BeginWait(task, step, changes);
  } else {
    BeginSubTask(task, step, changes);
  }
}

void Partition::BeginItems(TaskRun& task, StepIndex step, Changes& changes) {
  StepRun& run = task.at(step);
  if (run.items() != nullptr) {
    // Tried again by an operator: only what failed.
    Items& items = *run.items();
    items.starting = true;
    for (std::uint32_t i = 0; i < items.size(); ++i) {
      const StepIndex item{items.first + i};
      const StepState state = task.at(item).state;
      if (state != StepState::kError && state != StepState::kCancelled) continue;
      ++items.active;
      task.at(item).forgiven = task.at(item).attempts;
      Enqueue(task, item, StepInput::kOperatorRetry, {}, changes);
    }
    items.starting = false;
    StartItems(task, step, changes);
    EndItemsIfAllEnded(task, step, changes);
    return;
  }
  absl::StatusOr<std::vector<std::string>> elements =
      task.TemplateOf(step).for_each->items->Elements(StepScope(task, step));
  if (!elements.ok()) {
    GiveUp(task, step, NoValue("for_each", elements.status()), {}, changes);
    return;
  }
  if (elements->size() > kItemsMax) {
    GiveUp(task, step,
           MakeFailure(kExpressionError,
                       absl::StrCat("for_each: ", elements->size(), " items are over the limit of ",
                                    kItemsMax),
                       false),
           {}, changes);
    return;
  }
  Items& items = run.More().items.emplace();
  items.first = static_cast<std::uint32_t>(task.steps.size() + task.items.size());
  for (std::uint32_t i = 0; i < elements->size(); ++i) {
    items.elements.push_back(MakePayload(std::move((*elements)[i])));
    StepExtras& item = task.items.emplace_back(std::make_unique<StepRun>())->More();
    item.item_of = step;
    item.item_index = i;
  }
  StartItems(task, step, changes);
  EndItemsIfAllEnded(task, step, changes);
}

void Partition::StartItems(TaskRun& task, StepIndex step, Changes& changes) {
  StepRun& run = task.at(step);
  Items& items = *run.items();
  std::uint32_t limit = task.TemplateOf(step).for_each->concurrency;
  if (limit == 0) limit = kItemsMax;
  if (!task.task_template->concurrent) limit = 1;
  items.starting = true;
  while (run.state == StepState::kInProgress && !run.cancel() && !task.cancel &&
         items.active < limit && items.next < items.size()) {
    const StepIndex item{items.first + items.next++};
    if (task.at(item).state != StepState::kPending) continue;
    ++items.active;
    Enqueue(task, item, StepInput::kReady, {}, changes);
  }
  items.starting = false;
}

void Partition::ItemEnded(TaskRun& task, StepIndex item, Changes& changes) {
  const StepIndex step = *task.at(item).extras->item_of;
  Items& items = *task.at(step).items();
  --items.active;
  if (IsDone(task.at(item).state)) ++items.done;
  if (items.starting) return;
  StartItems(task, step, changes);
  EndItemsIfAllEnded(task, step, changes);
}

void Partition::EndItemsIfAllEnded(TaskRun& task, StepIndex step, Changes& changes) {
  StepRun& run = task.at(step);
  const Items& items = *run.items();
  if (run.state != StepState::kInProgress || items.active > 0) return;
  if (run.cancel() != nullptr || task.cancel) {
    const OperatorAct act = task.cancel ? *task.cancel : *run.cancel();
    CancelNow(task, step, {act.actor, act.reason}, changes);
    return;
  }
  if (items.next < items.size()) return;
  if (items.done == items.size()) {
    const std::size_t bytes = CollectedBytes(task, items);
    if (bytes > settings_.collected_bytes_max) {
      GiveUp(task, step, TooMuchCollected("its items", bytes, settings_.collected_bytes_max), {},
             changes);
      return;
    }
    Succeed(task, step, CollectResults(task, items), {}, changes);
    return;
  }
  std::string first;
  for (std::uint32_t i = 0; i < items.size() && first.empty(); ++i) {
    const StepIndex item{items.first + i};
    const StepRun& each = task.at(item);
    if (IsDone(each.state)) continue;
    first = task.NameOf(item);
    if (each.last_failure != nullptr) {
      absl::StrAppend(&first, ": ", each.last_failure->error_class(), ": ",
                      each.last_failure->message());
    }
  }
  GiveUp(task, step,
         MakeFailure(kItemsFailed,
                     absl::StrCat(items.size() - items.done, " of ", items.size(),
                                  " items are not done; the first: ", first),
                     false),
         {}, changes);
}

absl::Status Partition::RestoreItems(TaskRun& task, StepIndex step) {
  Items& items = *task.at(step).items();
  if (IsDone(task.at(step).state)) return absl::OkStatus();
  absl::StatusOr<std::vector<std::string>> elements =
      task.TemplateOf(step).for_each.has_value()
          ? task.TemplateOf(step).for_each->items->Elements(StepScope(task, step))
          : absl::DataLossError("the template has no such items");
  if (!elements.ok() || elements->size() != items.size()) {
    return absl::DataLossError(absl::StrCat("task ", task.id.ToString(), ": the items of step `",
                                            task.NameOf(step), "` cannot be worked out again"));
  }
  items.next = items.active = items.done = 0;
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    items.elements[i] = MakePayload(std::move((*elements)[i]));
    const StepState state = task.at(StepIndex{items.first + i}).state;
    if (IsDone(state)) ++items.done;
    if (state == StepState::kEnqueued || state == StepState::kInProgress ||
        state == StepState::kWaitingForRetry) {
      ++items.active;
    }
  }
  return absl::OkStatus();
}

void Partition::BeginWait(TaskRun& task, StepIndex step, Changes& changes) {
  const Wait& wait = *task.TemplateOf(step).wait;
  StepExtras& extras = task.at(step).More();
  extras.wake_at = kNever;
  if (!wait.signal.empty()) {
    const auto signal = std::ranges::find(task.signals, wait.signal, &Signal::name);
    if (signal != task.signals.end()) {
      const Signal taken = std::move(*signal);
      task.signals.erase(signal);
      changes.Save(task);
      const std::string why = absl::StrCat("signal ", taken.name);
      Succeed(task, step, taken.payload, {taken.actor, why}, changes);
      return;
    }
    if (wait.timeout > Duration::zero()) extras.wake_at = changes.now() + wait.timeout;
  } else if (wait.until != nullptr) {
    const absl::StatusOr<Timestamp> until = wait.until->Moment(StepScope(task, step));
    if (!until.ok()) {
      GiveUp(task, step, NoValue("wait_until", until.status()), {}, changes);
      return;
    }
    extras.wake_at = std::max(*until, changes.now());
  } else {
    extras.wake_at = changes.now() + wait.duration;
  }
  if (extras.wake_at == kNever) return;
  timers_.Add({extras.wake_at, StepTimer{StepTimer::Kind::kWake, {task.id, step}}});
}

void Partition::BeginSubTask(TaskRun& task, StepIndex step, Changes& changes) {
  const std::uint32_t depth = (task.parent ? task.parent->depth : 0) + 1;
  if (depth > kSubTaskDepthMax) {
    GiveUp(task, step,
           MakeFailure(kSubTaskFailed,
                       absl::StrCat("tasks may run tasks to a depth of ", kSubTaskDepthMax,
                                    ", and this one is at it"),
                       false),
           {}, changes);
    return;
  }
  Payload context = task.context;
  if (const ExpressionPtr& expression = task.TemplateOf(step).sub_task->context) {
    absl::StatusOr<std::string> value = expression->Json(StepScope(task, step));
    if (!value.ok()) {
      GiveUp(task, step, NoValue("sub_task.context", value.status()), {}, changes);
      return;
    }
    context = MakePayload(*std::move(value));
  }
  task.at(step).More().sub_task = DrawTaskId(draws_);
  if (const Duration limit = task.TemplateOf(step).timeouts.start_to_close;
      limit > Duration::zero()) {
    timers_.Add(
        {changes.now() + limit, StepTimer{StepTimer::Kind::kStartToClose, {task.id, step}}});
  }
  RequestSubTask(task, step, std::move(context), changes);
}

void Partition::RequestSubTask(TaskRun& task, StepIndex step, Payload context, Changes& changes) {
  const SubTask& wanted = *task.TemplateOf(step).sub_task;
  SubTaskRequest request;
  request.parent = {{task.id, step}, (task.parent ? task.parent->depth : 0) + 1};
  request.sub_task = *task.at(step).extras->sub_task;
  request.template_id = {wanted.namespace_name, wanted.name, wanted.version};
  request.context = std::move(context);
  request.origin = {absl::StrCat("task:", task.id.ToString()),
                    task.origin.source_system,
                    absl::StrCat("step ", task.NameOf(step)),
                    task.origin.tags,
                    task.origin.traceparent,
                    task.origin.tracestate};
  request.priority = task.priority;
  changes.effects().sub_tasks.push_back(std::move(request));
}

void Partition::TellParents(Changes& changes) {
  // By index: a parent that ends may have a parent of its own.
  for (std::size_t i = 0; i < ended_sub_tasks_.size(); ++i) {
    const TaskRun* ended = FindAny(ended_sub_tasks_[i]);
    if (ended == nullptr || IsOpen(ended->state)) continue;
    const StepRef above = ended->parent->step;
    TaskRun* task = Find(above.task);
    if (task == nullptr || !task->has(above.step)) continue;
    StepRun& run = task->at(above.step);
    const bool awaited = run.state == StepState::kInProgress && run.extras != nullptr &&
                         run.extras->sub_task == ended->id;
    if (!awaited) continue;
    if (ended->state == TaskState::kComplete || ended->state == TaskState::kResolvedManually) {
      const std::size_t bytes = ResultBytesOfTask(*ended);
      if (bytes > settings_.collected_bytes_max) {
        FailStep(*task, above.step,
                 TooMuchCollected("its task", bytes, settings_.collected_bytes_max), {}, changes);
      } else {
        Succeed(*task, above.step, ResultsOfTask(*ended), {}, changes);
      }
    } else {
      FailStep(*task, above.step, FailureOfTask(*ended), {}, changes);
    }
    Proceed(*task, changes);
  }
  ended_sub_tasks_.clear();
}

void Partition::LeaveOut(TaskRun& task, StepIndex decision, const std::vector<StepIndex>& chosen,
                         Changes& changes) {
  const std::string why = absl::StrCat("decision `", task.NameOf(decision), "` did not choose it");
  for (const StepIndex branch : task.TemplateOf(decision).branches) {
    if (task.at(branch).state != StepState::kPending || std::ranges::count(chosen, branch) > 0) {
      continue;
    }
    Skip(task, branch, true, {"engine", why}, changes);
  }
}

std::vector<StepIndex> Partition::PlanCompensation(const TaskRun& task) {
  std::vector<StepIndex> undo;
  std::vector<StepIndex> after;
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    if (task.steps[i].state != StepState::kPending) continue;
    if (task.task_template->steps[i].compensates) undo.push_back(StepIndex{i});
    if (task.task_template->steps[i].on_failure) after.push_back(StepIndex{i});
  }
  const auto undone = [&](StepIndex step) { return *task.TemplateOf(step).compensates; };
  std::ranges::stable_sort(undo, [&](StepIndex a, StepIndex b) {
    const Timestamp a_done = task.at(undone(a)).completed_at;
    const Timestamp b_done = task.at(undone(b)).completed_at;
    // Of two that were done at the same instant, a later one in the template counts as later done.
    return a_done != b_done ? a_done > b_done : Raw(undone(a)) > Raw(undone(b));
  });
  undo.insert(undo.end(), after.begin(), after.end());
  return undo;
}

void Partition::BeginCompensation(TaskRun& task, Changes& changes) {
  task.compensating = true;
  changes.Note(task, {"engine", "the task failed: what was done is undone"});
  for (const StepIndex step : PlanCompensation(task)) {
    const std::optional<StepIndex> undone = task.TemplateOf(step).compensates;
    const StepState state = undone ? task.at(*undone).state : StepState::kComplete;
    if (state == StepState::kComplete || state == StepState::kResolvedManually) {
      task.held_back.push_back(step);
    } else {
      Skip(task, step, true, {"engine", "there is nothing to undo"}, changes);
    }
  }
}

}  // namespace tasker::engine
