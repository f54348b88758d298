// Partition's dealings with handlers: sessions, hand-outs and leases.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/model/error_classes.h"
#include "engine/partition.h"

namespace tasker::engine {
namespace {

void AddHandlerEvents(std::string_view name, const HandlerInstance& instance, Changes& changes) {
  for (const ServedClass& served : instance.classes) {
    FillHandlerEvent(name, instance.identity->name, served, changes.now(),
                     changes.effects().events.Add());
  }
}

TaskRequest RequestOf(const TaskRun& task) {
  TaskRequest request{task.origin, {}, task.created_at};
  // Nothing but what was bypassed can be skipped before the task is initialised.
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    if (task.steps[i].state != StepState::kSkipped) continue;
    request.bypassed.push_back(task.task_template->steps[i].name);
  }
  return request;
}

v1::Failure LostBy(const HandlerIdentity& handler, std::string_view error_class, Duration lease) {
  return MakeFailure(error_class,
                     absl::StrCat("handler ", handler.name, " (instance ", handler.instance_id,
                                  ") gave no sign of life for ",
                                  absl::FormatDuration(absl::Microseconds(lease.count()))));
}

}  // namespace

absl::Status Partition::Do(RegisterHandler& command, Changes& changes) {
  auto [instance, held_before] = handlers_.Connect(command);
  AddHandlerEvents(event_names::kHandlerRegistered, instance, changes);
  Registration registration{command.session, {}};
  for (const AttemptToken& token : command.held) {
    TaskRun* task = Find(token.task);
    const std::optional<StepIndex> step = CurrentStep(task, token);
    if (step && held_before.erase({token.task, *step}) > 0) {
      Hold(instance, *task, *step, true, changes.now());
      if (const OperatorAct* cancel = task->at(*step).cancel()) {
        changes.effects().cancellations.push_back({command.session, token, cancel->reason});
      }
    } else if (OutcomeOfLate(task, token) == ResultOutcome::kStale) {
      registration.stale.push_back(token);
    }
  }
  changes.effects().registrations.push_back(std::move(registration));
  // What the process does not know of never reached it.
  for (const StepRef& ref : held_before) {
    TaskRun& task = *Find(ref.task);
    task.at(ref.step).holder = nullptr;
    if (queues_.Finished(*ReadyQueues::RouteOf(task, ref.step))) {
      OfferAgain(*ReadyQueues::RouteOf(task, ref.step));
    }
    TakeBack(task, ref.step, "the handler connected again and did not have it", changes);
  }
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

absl::Status Partition::Do(DrainHandler& command, Changes& changes) {
  if (HandlerInstance* instance = handlers_.Find(command.session)) instance->draining = true;
  if (command.asked_by_handler) changes.effects().drained.push_back(command.session);
  return absl::OkStatus();
}

absl::Status Partition::Do(GrantCredits& command, Changes&) {
  HandlerInstance* instance = handlers_.Find(command.session);
  if (instance == nullptr || !instance->credits || *instance->credits >= command.total) {
    return absl::OkStatus();
  }
  instance->credits = command.total;
  freed_sessions_.push_back(command.session);
  return absl::OkStatus();
}

absl::Status Partition::Do(ConfirmAttempts& command, Changes& changes) {
  RenewLeases renew{command.session, std::move(command.tokens)};
  return Do(renew, changes);
}

absl::Status Partition::Do(RenewLeases& command, Changes& changes) {
  HandlerInstance* instance = handlers_.Find(command.session);
  if (instance == nullptr) return absl::OkStatus();
  const auto renew = [&](const AttemptToken& token) -> std::optional<StepIndex> {
    TaskRun* task = Find(token.task);
    const std::optional<StepIndex> step = CurrentStep(task, token);
    if (!step || task->at(*step).holder != instance) return std::nullopt;
    StepRun& run = task->at(*step);
    run.confirmed = true;
    run.lease_until = changes.now() + LeaseOf(*task, *step);
    return step;
  };
  for (const AttemptToken& token : command.tokens) renew(token);
  for (auto& [token, progress] : command.progress) {
    const std::optional<StepIndex> step = renew(token);
    if (step) Find(token.task)->at(*step).More().progress = std::move(progress);
  }
  for (Checkpoint& checkpoint : command.checkpoints) {
    const std::optional<StepIndex> step = renew(checkpoint.token);
    if (!step) continue;
    TaskRun& task = *Find(checkpoint.token.task);
    StepExtras& extras = task.at(*step).More();
    extras.checkpoint = std::move(checkpoint.data);
    // The one kept back is stored with the attempt's end.
    if (changes.now() - extras.checkpoint_stored_at < settings_.checkpoint_interval) continue;
    extras.checkpoint_stored_at = changes.now();
    changes.Save(task, *step);
  }
  return absl::OkStatus();
}

std::uint32_t Partition::InFlightOf(SessionId session) const {
  const HandlerInstance* instance = handlers_.Find(session);
  return instance == nullptr ? 0 : static_cast<std::uint32_t>(instance->attempts.size());
}

void Partition::Offer(TaskRun& task, StepIndex step) {
  queues_.Push(task, step);
  hot_routes_.push_back(ReadyQueues::RouteOf(task, step));
}

void Partition::OfferAgain(Route& route) {
  for (Route* each : route.use->routes) hot_routes_.push_back(each);
  if (!route.pool->ready.empty()) hot_routes_.push_back(route.pool->ready.begin()->second);
}

void Partition::Dispatch(Changes& changes) {
  // The most urgent first, where several became ready for the same free slots.
  const auto before = [](const Route* a, const Route* b) {
    if (!a->listed || !b->listed) return a->listed.has_value() && !b->listed;
    return *a->listed < *b->listed;
  };
  if (hot_routes_.size() > 1) std::ranges::stable_sort(hot_routes_, before);
  for (Route* route : hot_routes_) {
    while (route->listed) {
      const StepRef& first = route->waiting.begin()->second;
      const TaskRun* task = Find(first.task);
      const bool sticky = task != nullptr && task->TemplateOf(first.step).sticky;
      HandlerInstance* instance = HandlerDirectory::LeastLoaded(
          *route, sticky ? std::string_view(task->sticky_instance) : "");
      if (instance == nullptr) break;
      if (task == nullptr) {
        WantFirstOf(*route, instance->free());
      } else {
        Assign(*route, *instance, changes);
      }
    }
  }
  hot_routes_.clear();
  for (const SessionId session : freed_sessions_) {
    HandlerInstance* instance = handlers_.Find(session);
    while (instance != nullptr) {
      Route* next = HandlerDirectory::NextFor(*instance);
      if (next == nullptr) break;
      if (Find(next->waiting.begin()->second.task) == nullptr) {
        WantFirstOf(*next, instance->free());
      } else {
        Assign(*next, *instance, changes);
      }
    }
  }
  freed_sessions_.clear();
}

void Partition::Assign(Route& route, HandlerInstance& instance, Changes& changes) {
  const StepRef ref = route.waiting.begin()->second;
  TaskRun& task = *Find(ref.task);
  StepRun& run = task.at(ref.step);
  queues_.Remove(task, ref.step);
  StartTask(task, changes);
  run.attempts = AttemptNumber{Raw(run.attempts) + 1};
  do {
    run.nonce = draws_.Next();
  } while (run.nonce == 0);
  run.started_at = changes.now();
  run.handler = instance.identity;
  if (run.extras != nullptr) {
    run.extras->token_step.reset();
    run.extras->progress.reset();
    run.extras->deferred = false;
    run.extras->wake_at = kNever;
  }
  ++instance.handed_out;
  changes.Move(task, ref.step, StepInput::kAssign);
  queues_.Started(route);
  Hold(instance, task, ref.step, !instance.confirms, changes.now());
  const StepTemplate& kind = task.TemplateOf(ref.step);
  if (kind.timeouts.start_to_close > Duration::zero()) {
    timers_.Add({run.started_at + kind.timeouts.start_to_close,
                 StepTimer{StepTimer::Kind::kStartToClose, ref}});
  }
  storage::v1::EventRecord& event =
      changes.Tell(event_names::kStepExecutionRequested, task, ref.step);
  event.set_handler_name(instance.identity->name);

  Assignment assignment{.session = instance.session,
                        .token = {task.id, ref.step, run.attempts, run.nonce},
                        .task_template = task.task_template,
                        .template_step = task.TemplateStep(ref.step),
                        .context = task.context,
                        .dependencies = {},
                        .attempt = run.counted(),
                        .priority = task.priority,
                        .traceparent = task.origin.traceparent,
                        .tracestate = task.origin.tracestate};
  const auto add = [&](StepIndex parent) {
    const StepRun& done = task.at(parent);
    assignment.dependencies.push_back({parent, done.state, done.results});
  };
  for (const StepIndex parent : kind.parents) {
    if (!task.TemplateOf(parent).initializes) add(parent);
  }
  if (kind.initializes) assignment.request = RequestOf(task);
  if (kind.compensates) add(*kind.compensates);
  if (run.extras != nullptr) assignment.checkpoint = run.extras->checkpoint;
  if (run.is_item()) {
    const Items& items = *task.at(*run.extras->item_of).items();
    assignment.item = ItemOf{run.extras->item_index, items.elements[run.extras->item_index]};
  }
  changes.effects().assignments.push_back(std::move(assignment));
}

Duration Partition::LeaseOf(const TaskRun& task, StepIndex step) const {
  const Duration heartbeat = task.TemplateOf(step).timeouts.heartbeat;
  return heartbeat > Duration::zero() ? std::min(heartbeat, settings_.lease) : settings_.lease;
}

void Partition::Hold(HandlerInstance& instance, TaskRun& task, StepIndex step, bool confirmed,
                     Timestamp now) {
  StepRun& run = task.at(step);
  run.holder = &instance;
  run.confirmed = confirmed;
  run.lease_until = now + (confirmed ? LeaseOf(task, step) : settings_.confirm_within);
  handlers_.Hold(instance, {task.id, step}, ReadyQueues::RouteOf(task, step)->key);
  if (instance.lease_check_at == kNever || run.lease_until < instance.lease_check_at) {
    PlanLeaseCheck(instance, run.lease_until);
  }
}

void Partition::TakeFromHolder(TaskRun& task, StepIndex step) {
  Route& route = *ReadyQueues::RouteOf(task, step);
  HandlerInstance* holder = std::exchange(task.at(step).holder, nullptr);
  if (holder->connected()) freed_sessions_.push_back(holder->session);
  handlers_.Release(*holder, {task.id, step}, route.key);
  if (queues_.Finished(route)) OfferAgain(route);
}

void Partition::TakeBack(TaskRun& task, StepIndex step, std::string_view why, Changes& changes) {
  StepRun& run = task.at(step);
  run.attempts = AttemptNumber{Raw(run.attempts) - 1};
  if (const OperatorAct* cancel = run.cancel()) {
    const OperatorAct act = *cancel;
    CancelNow(task, step, {act.actor, act.reason}, changes);
    Proceed(task, changes);
    return;
  }
  Enqueue(task, step, StepInput::kUndelivered, {"engine", why}, changes);
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
    const bool arrived = task.at(ref.step).confirmed;
    Recall(task, ref.step, arrived ? "the lease has ended" : "its arrival was not confirmed",
           changes);
    if (!arrived) {
      TakeBack(task, ref.step, "the handler did not confirm that it arrived", changes);
      continue;
    }
    const Duration lease = LeaseOf(task, ref.step);
    const bool by_template = task.TemplateOf(ref.step).timeouts.heartbeat == lease;
    FailStep(task, ref.step,
             LostBy(*identity, by_template ? kHeartbeatTimeout : kHandlerLost, lease), {}, changes);
    Proceed(task, changes);
  }
}

}  // namespace tasker::engine
