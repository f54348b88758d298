// Partition's dealings with handlers: sessions, hand-outs and leases.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/partition.h"

namespace tasker::engine {
namespace {

void AddHandlerEvents(std::string_view name, const HandlerInstance& instance, Changes& changes) {
  for (const ServedClass& served : instance.classes) {
    changes.effects().events.push_back(
        HandlerEvent(name, instance.identity->name, served, changes.now()));
  }
}

v1::Failure LostBy(const HandlerIdentity& handler, Duration lease) {
  v1::Failure failure;
  failure.set_error_class(std::string(kHandlerLost));
  failure.set_message(absl::StrCat("handler ", handler.name, " (instance ", handler.instance_id,
                                   ") gave no sign of life for ",
                                   absl::FormatDuration(absl::Microseconds(lease.count()))));
  return failure;
}

}  // namespace

absl::Status Partition::Do(RegisterHandler& command, Changes& changes) {
  auto [instance, held_before] = handlers_.Connect(command);
  AddHandlerEvents(event_names::kHandlerRegistered, instance, changes);
  Registration registration{command.session, {}};
  for (const AttemptToken& token : command.held) {
    TaskRun* task = Find(token.task);
    const StepRef ref{token.task, token.step};
    if (IsCurrent(task, token) && held_before.erase(ref) > 0) {
      Hold(instance, *task, token.step, changes.now());
    } else if (OutcomeOfLate(task, token) == ResultOutcome::kStale) {
      registration.stale.push_back(token);
    }
  }
  // What the process does not know of never reached it.
  for (const StepRef& ref : held_before) {
    TaskRun& task = *Find(ref.task);
    StepRun& run = task.at(ref.step);
    run.holder = nullptr;
    run.attempts = AttemptNumber{Raw(run.attempts) - 1};
    Enqueue(task, ref.step, StepInput::kUndelivered,
            {"engine", "the handler connected again and did not have it"}, changes);
  }
  changes.effects().registrations.push_back(std::move(registration));
  freed_sessions_.push_back(command.session);
  return absl::OkStatus();
}

absl::Status Partition::Do(DisconnectHandler& command, Changes& changes) {
  HandlerInstance* instance = handlers_.Disconnect(command.session);
  if (instance == nullptr) return absl::OkStatus();
  AddHandlerEvents(event_names::kHandlerUnregistered, *instance, changes);
  handlers_.ForgetIfIdle(*instance);
  return absl::OkStatus();
}

absl::Status Partition::Do(DrainHandler& command, Changes&) {
  if (HandlerInstance* instance = handlers_.Find(command.session)) instance->draining = true;
  return absl::OkStatus();
}

absl::Status Partition::Do(RenewLeases& command, Changes& changes) {
  const HandlerInstance* instance = handlers_.Find(command.session);
  if (instance == nullptr) return absl::OkStatus();
  for (const AttemptToken& token : command.tokens) {
    TaskRun* task = Find(token.task);
    if (!IsCurrent(task, token)) continue;
    StepRun& run = task->at(token.step);
    if (run.holder == instance) run.lease_until = changes.now() + settings_.lease;
  }
  return absl::OkStatus();
}

std::uint32_t Partition::InFlightOf(SessionId session) const {
  const HandlerInstance* instance = handlers_.Find(session);
  return instance == nullptr ? 0 : static_cast<std::uint32_t>(instance->attempts.size());
}

void Partition::Dispatch(Changes& changes) {
  if (!hot_routes_.empty()) handlers_.IntroduceNewRoutes();
  for (Route* route : hot_routes_) {
    while (!route->waiting.empty()) {
      HandlerInstance* instance = HandlerDirectory::LeastLoaded(*route);
      if (instance == nullptr) break;
      Assign(*route, *instance, changes);
    }
  }
  hot_routes_.clear();
  for (const SessionId session : freed_sessions_) {
    if (HandlerInstance* instance = handlers_.Find(session)) DispatchTo(*instance, changes);
  }
  freed_sessions_.clear();
}

void Partition::DispatchTo(HandlerInstance& instance, Changes& changes) {
  while (true) {
    Route* oldest = nullptr;
    for (Route* route : instance.routes) {
      if (route->waiting.empty() || !HandlerDirectory::HasRoom(instance, route->key)) continue;
      if (oldest == nullptr || route->waiting.begin()->first < oldest->waiting.begin()->first) {
        oldest = route;
      }
    }
    if (oldest == nullptr) return;
    Assign(*oldest, instance, changes);
  }
}

void Partition::Assign(Route& route, HandlerInstance& instance, Changes& changes) {
  const StepRef ref = route.waiting.begin()->second;
  route.waiting.erase(route.waiting.begin());
  TaskRun& task = *Find(ref.task);
  StepRun& run = task.at(ref.step);
  if (task.state == TaskState::kPending) {
    task.started_at = changes.now();
    changes.Move(task, TaskInput::kStart);
    changes.effects().events.push_back(
        TaskEvent(event_names::kTaskStartRequested, task, changes.now()));
  }
  run.attempts = AttemptNumber{Raw(run.attempts) + 1};
  run.nonce = draws_.Next();
  run.started_at = changes.now();
  run.handler = instance.identity;
  changes.Move(task, ref.step, StepInput::kAssign);
  Hold(instance, task, ref.step, changes.now());
  storage::v1::EventRecord event =
      StepEvent(event_names::kStepExecutionRequested, task, ref.step, changes.now());
  event.set_handler_name(instance.identity->name);
  changes.effects().events.push_back(std::move(event));

  Assignment assignment{instance.session,
                        {task.id, ref.step, run.attempts, run.nonce},
                        task.task_template,
                        task.context,
                        {}};
  for (const StepIndex parent : task.TemplateOf(ref.step).parents) {
    const StepRun& done = task.at(parent);
    assignment.dependencies.push_back({parent, done.state, done.results});
  }
  changes.effects().assignments.push_back(std::move(assignment));
}

void Partition::Hold(HandlerInstance& instance, TaskRun& task, StepIndex step, Timestamp now) {
  StepRun& run = task.at(step);
  run.holder = &instance;
  run.lease_until = now + settings_.lease;
  handlers_.Hold(instance, {task.id, step}, queues_.RouteOf(*task.task_template, step).key);
  if (instance.lease_check_at == kNever) PlanLeaseCheck(instance, run.lease_until);
}

void Partition::PlanLeaseCheck(HandlerInstance& instance, Timestamp at) {
  instance.lease_check_at = at;
  timers_.Add({at, LeaseCheck{instance.identity->instance_id}});
}

void Partition::CheckLeases(HandlerInstance& instance, Changes& changes) {
  instance.lease_check_at = kNever;
  std::vector<StepRef> ended;
  std::optional<Timestamp> next;
  for (const StepRef& ref : instance.attempts) {
    const Timestamp until = Find(ref.task)->at(ref.step).lease_until;
    if (until <= changes.now()) {
      ended.push_back(ref);
    } else {
      next = std::min(next.value_or(until), until);
    }
  }
  // First, since giving up the last attempt of a lost handler forgets the handler.
  if (next) PlanLeaseCheck(instance, *next);
  const std::shared_ptr<const HandlerIdentity> identity = instance.identity;
  for (const StepRef& ref : ended) {
    TaskRun& task = *Find(ref.task);
    Fence(task.at(ref.step));
    FailStep(task, ref.step, LostBy(*identity, settings_.lease), {}, changes);
  }
}

}  // namespace tasker::engine
