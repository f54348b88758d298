// What becomes of attempts: results, current and late, from handlers and from elsewhere.
#include "absl/strings/str_cat.h"

#include "engine/events/event_records.h"
#include "engine/events/event_rules.h"
#include "engine/model/error_classes.h"
#include "engine/partition.h"

namespace tasker::engine {

absl::Status Partition::Do(CompleteAttempt& command, Changes& changes) {
  const AttemptToken& token = command.token;
  TaskRun* task = Find(token.task);
  const std::optional<StepIndex> step = CurrentStep(task, token);
  if (!step) return AcknowledgeLate(command.session, token, changes);
  const std::string actor = TakeResult(*task, *step, command.session, token, changes);
  if (!PublishOrFail(*task, *step, command.events, {actor, ""}, changes)) return absl::OkStatus();
  Complete(*task, *step, std::move(command.results), {actor, ""}, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(FailAttempt& command, Changes& changes) {
  const AttemptToken& token = command.token;
  TaskRun* task = Find(token.task);
  const std::optional<StepIndex> step = CurrentStep(task, token);
  if (!step) return AcknowledgeLate(command.session, token, changes);
  const std::string actor = TakeResult(*task, *step, command.session, token, changes);
  if (!PublishOrFail(*task, *step, command.events, {actor, ""}, changes)) return absl::OkStatus();
  FailStep(*task, *step, std::move(command.failure), {actor, ""}, changes);
  Proceed(*task, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(DeferAttempt& command, Changes& changes) {
  const AttemptToken& token = command.token;
  TaskRun* task = Find(token.task);
  const std::optional<StepIndex> step = CurrentStep(task, token);
  if (!step || task->at(*step).deferred()) {
    return AcknowledgeLate(command.session, token, changes);
  }
  const std::string actor = TakeResult(*task, *step, command.session, token, changes);
  if (!PublishOrFail(*task, *step, command.events, {actor, ""}, changes)) return absl::OkStatus();
  StepRun& run = task->at(*step);
  if (const OperatorAct* cancel = run.cancel()) {
    // Nobody is left who could end it within the grace period.
    const OperatorAct act = *cancel;
    run.nonce = 0;
    CancelNow(*task, *step, {act.actor, act.reason}, changes);
    Proceed(*task, changes);
    return absl::OkStatus();
  }
  run.More().deferred = true;
  run.extras->progress.reset();
  run.extras->wake_at = kNever;
  if (command.timeout > Duration::zero()) {
    run.extras->wake_at = changes.now() + command.timeout;
    timers_.Add({run.extras->wake_at, StepTimer{StepTimer::Kind::kWake, {task->id, *step}}});
  }
  changes.Note(*task, *step, {actor, "deferred"});
  return absl::OkStatus();
}

absl::Status Partition::Do(EndDeferred& command, Changes& changes) {
  const AttemptToken& token = command.token;
  TaskRun* task = Find(token.task);
  const std::optional<StepIndex> step = CurrentStep(task, token);
  if (!step) {
    switch (OutcomeOfLate(task, token)) {
      case ResultOutcome::kNotOpen:
        return absl::NotFoundError(absl::StrCat("no open task ", token.task.ToString()));
      case ResultOutcome::kAlreadyApplied:
        return absl::AlreadyExistsError("a result of this attempt was taken before");
      default:
        return absl::AbortedError("the attempt is no longer current");
    }
  }
  // Who sent it is there to be told, and may send another.
  if (absl::Status events = CheckEvents(*task, *step, command.events); !events.ok()) return events;
  TakeAttempt(*task, *step);
  Publish(*task, *step, command.events, changes);
  if (auto* results = std::get_if<Payload>(&command.outcome)) {
    Complete(*task, *step, std::move(*results), {command.actor, ""}, changes);
  } else {
    FailStep(*task, *step, std::move(std::get<v1::Failure>(command.outcome)), {command.actor, ""},
             changes);
    Proceed(*task, changes);
  }
  return absl::OkStatus();
}

absl::Status Partition::Do(PublishTaskEvent& command, Changes& changes) {
  TaskRun* task = Find(command.task);
  if (task == nullptr) {
    return absl::NotFoundError(absl::StrCat("no open task ", command.task.ToString()));
  }
  if (absl::Status declared =
          CheckEvent(*task->task_template, command.event, settings_.only_declared_events);
      !declared.ok()) {
    return declared;
  }
  storage::v1::EventRecord& event = changes.Tell(command.event.name, *task);
  event.set_payload(std::string(View(command.event.payload)));
  // The history knows in which commits a task has events; that is how they are found again.
  changes.Note(*task, {"unknown", absl::StrCat("published ", command.event.name)});
  return absl::OkStatus();
}

std::string Partition::TakeAttempt(TaskRun& task, StepIndex step) {
  const StepRun& run = task.at(step);
  std::string actor = absl::StrCat("handler:", run.handler->name);
  if (run.holder != nullptr) TakeFromHolder(task, step);
  return actor;
}

std::string Partition::TakeResult(TaskRun& task, StepIndex step, SessionId session,
                                  const AttemptToken& token, Changes& changes) {
  changes.effects().acknowledgements.push_back({session, token, ResultOutcome::kApplied});
  return TakeAttempt(task, step);
}

absl::Status Partition::AcknowledgeLate(SessionId session, const AttemptToken& token,
                                        Changes& changes) {
  changes.effects().acknowledgements.push_back(
      {session, token, OutcomeOfLate(Find(token.task), token)});
  return absl::OkStatus();
}

absl::Status Partition::CheckEvents(const TaskRun& task, StepIndex step,
                                    const std::vector<PublishedEvent>& events) const {
  return engine::CheckEvents(*task.task_template, task.TemplateOf(step), events,
                             settings_.only_declared_events);
}

bool Partition::PublishOrFail(TaskRun& task, StepIndex step, std::vector<PublishedEvent>& events,
                              const Cause& cause, Changes& changes) {
  const absl::Status checked = CheckEvents(task, step, events);
  if (checked.ok()) {
    Publish(task, step, events, changes);
    return true;
  }
  FailStep(task, step, MakeFailure(kInvalidEvent, std::string(checked.message())), cause, changes);
  Proceed(task, changes);
  return false;
}

void Partition::Publish(const TaskRun& task, StepIndex step, std::vector<PublishedEvent>& events,
                        Changes& changes) {
  for (PublishedEvent& each : events) {
    storage::v1::EventRecord& event = changes.Tell(each.name, task, step);
    event.set_payload(std::string(View(each.payload)));
  }
}

void Partition::Complete(TaskRun& task, StepIndex step, Payload results, const Cause& cause,
                         Changes& changes) {
  if (task.TemplateOf(step).sticky) {
    task.sticky_instance = task.at(step).handler->instance_id;
    changes.Save(task);
  }
  Succeed(task, step, std::move(results), cause, changes);
  Proceed(task, changes);
}

std::optional<StepIndex> Partition::CurrentStep(const TaskRun* task, const AttemptToken& token) {
  const std::optional<StepIndex> step = task == nullptr ? std::nullopt : task->StepOf(token);
  return step && task->at(*step).state == StepState::kInProgress ? step : std::nullopt;
}

ResultOutcome Partition::OutcomeOfLate(const TaskRun* task, const AttemptToken& token) {
  if (task == nullptr) return ResultOutcome::kNotOpen;
  // The nonce is drawn at each hand-out and wiped where anything but a result ends the attempt, so
  // the same nonce means that it was this result.
  return task->StepOf(token) ? ResultOutcome::kAlreadyApplied : ResultOutcome::kStale;
}

}  // namespace tasker::engine
