#include "engine/tasks/changes.h"

#include <optional>
#include <utility>

#include "engine/events/event_records.h"
#include "engine/model/invariant.h"
#include "engine/tasks/record_codec.h"

namespace tasker::engine {

namespace {

// Of what a large command needed, so much is kept for the next.
constexpr std::size_t kTasksKept = 16;
constexpr int kTransitionsKept = 256;
constexpr std::size_t kResultBytesKept = 64u << 10;

}  // namespace

void Changes::Touched::Begin(TaskRun& of) {
  task = &of;
  header = false;
  steps.clear();
  dropped.clear();
  vacated.clear();
  history.Clear();
}

void Changes::SaveContext(TaskRun& task, const Payload& stored_context) {
  effects_.records.push_back({.kind = RecordWrite::Kind::kContext,
                              .task = task.id,
                              .value = std::string(View(stored_context))});
}

void Changes::Create(TaskRun& task, const Payload& stored_context) {
  Touch(task).header = true;
  SaveContext(task, stored_context);
  effects_.records.push_back({.kind = RecordWrite::Kind::kOpen, .task = task.id, .value = {}});
  effects_.records.push_back({.kind = RecordWrite::Kind::kCreated,
                              .task = task.id,
                              .at_us = ToMicros(task.created_at),
                              .value = {}});
}

void Changes::Reopen(TaskRun& task) {
  effects_.records.push_back({.kind = RecordWrite::Kind::kOpen,
                              .task = task.id,
                              .at_us = ToMicros(task.completed_at),
                              .value = {}});
}

void Changes::Move(TaskRun& task, StepIndex step, StepInput input, const Cause& cause) {
  StepRun& run = task.at(step);
  const std::optional<StepState> to = NextState(run.state, input);
  Invariant(to.has_value());
  AddStepTransition(task, step, *to, cause);
  if (!run.is_item()) task.counts.Move(run.state, *to);
  run.state = *to;
  // What comes ready now may follow from this, so it must not be told of before.
  if (*to != StepState::kEnqueued && *to != StepState::kInProgress) task.ready_event = 0;
}

void Changes::Move(TaskRun& task, TaskInput input, const Cause& cause) {
  const std::optional<TaskState> to = NextState(task.state, input);
  Invariant(to.has_value());
  AddTaskTransition(task, *to, cause);
  task.state = *to;
}

void Changes::Save(TaskRun& task, StepIndex step) { TouchStep(Touch(task), task, step); }

void Changes::Save(TaskRun& task) { Touch(task).header = true; }

void Changes::Note(TaskRun& task, StepIndex step, const Cause& cause) {
  AddStepTransition(task, step, task.at(step).state, cause);
}

void Changes::Note(TaskRun& task, const Cause& cause) {
  AddTaskTransition(task, task.state, cause);
}

storage::v1::EventRecord& Changes::Tell(std::string_view name, const TaskRun& task) {
  storage::v1::EventRecord& event = effects_.events.Add();
  FillTaskEvent(name, task, now_, event);
  return event;
}

storage::v1::EventRecord& Changes::Tell(std::string_view name, const TaskRun& task,
                                        StepIndex step) {
  storage::v1::EventRecord& event = effects_.events.Add();
  FillStepEvent(name, task, step, now_, event);
  return event;
}

void Changes::Drop(TaskRun& task, StepIndex step) {
  Touched& touched = Touch(task);
  std::erase(touched.steps, step);
  touched.dropped.push_back(step);
}

std::vector<StepIndex> Changes::Renumber(TaskRun& task) {
  std::vector<StepIndex> steps = std::exchange(Touch(task).steps, {});
  for (const StepIndex step : steps) task.at(step).touched = false;
  return steps;
}

void Changes::Vacate(TaskRun& task, StepIndex place) { Touch(task).vacated.push_back(place); }

void Changes::NoteMove(TaskRun& task, std::string_view from, const Cause& cause) {
  AddTaskTransition(task, task.state, cause).set_from_version(std::string(from));
}

std::vector<TaskRun*> Changes::Flush() {
  std::vector<TaskRun*> changed;
  for (std::size_t i = 0; i < scratch_.used_; ++i) {
    Touched& touched = scratch_.touched_[i];
    TaskRun& task = *touched.task;
    changed.push_back(&task);
    task.touched_place = 0;
    task.ready_event = 0;
    if (touched.header) {
      std::string record = EncodeTask(task);
      task.records_bytes += record.size() - std::exchange(task.header_bytes, record.size());
      effects_.records.push_back(
          {.kind = RecordWrite::Kind::kTask, .task = task.id, .value = std::move(record)});
      if (!IsOpen(task.state)) {
        effects_.records.push_back({.kind = RecordWrite::Kind::kClosed,
                                    .task = task.id,
                                    .at_us = ToMicros(task.completed_at),
                                    .value = EncodeFinished(task)});
      }
    }
    for (const StepIndex place : touched.vacated) {
      // Another step may have come there, and begun, since.
      if (task.has(place) && task.at(place).touched) continue;
      effects_.records.push_back(
          {.kind = RecordWrite::Kind::kStepGone, .task = task.id, .step = place, .value = {}});
    }
    for (const StepIndex step : touched.steps) {
      StepRun& run = task.at(step);
      run.touched = false;
      std::string record = EncodeStep(run, scratch_.step_);
      const auto bytes = static_cast<std::uint32_t>(record.size());
      task.records_bytes += bytes - std::size_t{std::exchange(run.record_bytes, bytes)};
      effects_.records.push_back({.kind = RecordWrite::Kind::kStep,
                                  .task = task.id,
                                  .step = step,
                                  .value = std::move(record)});
    }
    for (const StepIndex step : touched.dropped) {
      task.records_bytes -= std::exchange(task.at(step).record_bytes, 0);
      effects_.records.push_back(
          {.kind = RecordWrite::Kind::kStepGone, .task = task.id, .step = step, .value = {}});
    }
    if (touched.history.transitions_size() > 0) {
      effects_.records.push_back({.kind = RecordWrite::Kind::kHistory,
                                  .task = task.id,
                                  .value = touched.history.SerializeAsString()});
    }
  }
  for (Touched& touched : scratch_.touched_) {
    if (touched.history.transitions_size() > kTransitionsKept) touched = {};
  }
  scratch_.used_ = 0;
  if (scratch_.touched_.size() > kTasksKept) scratch_.touched_.resize(kTasksKept);
  if (scratch_.step_.results().capacity() > kResultBytesKept) scratch_.step_ = {};
  return changed;
}

Changes::Touched& Changes::Touch(TaskRun& task) {
  if (task.touched_place == 0) {
    if (scratch_.used_ == scratch_.touched_.size()) scratch_.touched_.emplace_back();
    scratch_.touched_[scratch_.used_].Begin(task);
    task.touched_place = ++scratch_.used_;
  }
  return scratch_.touched_[task.touched_place - 1];
}

void Changes::TouchStep(Touched& touched, TaskRun& task, StepIndex step) {
  if (std::exchange(task.at(step).touched, true)) return;
  touched.steps.push_back(step);
}

void Changes::AddStepTransition(TaskRun& task, StepIndex step, StepState to, const Cause& cause) {
  const StepRun& run = task.at(step);
  Touched& touched = Touch(task);
  TouchStep(touched, task, step);
  storage::v1::Transition& transition = AddTransition(touched, cause);
  transition.set_moves(task.moves());
  transition.set_step_plus_one(Raw(task.TemplateStep(step)) + 1);
  if (run.is_item()) transition.set_item_plus_one(run.extras->item_index + 1);
  transition.set_step_from(static_cast<v1::StepState>(run.state));
  transition.set_step_to(static_cast<v1::StepState>(to));
  transition.set_attempt(Raw(run.attempts));
}

storage::v1::Transition& Changes::AddTaskTransition(TaskRun& task, TaskState to,
                                                    const Cause& cause) {
  Touched& touched = Touch(task);
  touched.header = true;
  storage::v1::Transition& transition = AddTransition(touched, cause);
  transition.set_moves(task.moves());
  transition.set_task_from(static_cast<v1::TaskState>(task.state));
  transition.set_task_to(static_cast<v1::TaskState>(to));
  return transition;
}

storage::v1::Transition& Changes::AddTransition(Touched& touched, const Cause& cause) {
  storage::v1::Transition& transition = *touched.history.add_transitions();
  transition.set_at_us(ToMicros(now_));
  transition.set_actor(cause.actor.data(), cause.actor.size());
  transition.set_reason(cause.reason.data(), cause.reason.size());
  return transition;
}

}  // namespace tasker::engine
