#include "engine/explain/explainer.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include <google/protobuf/util/time_util.h>

#include "engine/states/execution_status.h"

namespace tasker::engine {
namespace {

// Names and handlers that one answer lists at most.
constexpr int kListedMax = 20;
// Ready steps that are counted at most.
constexpr std::uint32_t kAheadMax = 1000;

void SetTime(Timestamp time, google::protobuf::Timestamp& out) {
  out = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(time));
}

std::string Text(Timestamp time) {
  return absl::FormatTime(absl::RFC3339_sec, absl::FromUnixMicros(ToMicros(time)),
                          absl::UTCTimeZone());
}

void SetPause(const OperatorAct& act, v1::Pause& out) {
  out.set_actor(act.actor);
  out.set_reason(act.reason);
  SetTime(act.at, *out.mutable_since());
}

std::string Attempts(const StepRun& run, const StepTemplate& kind) {
  return absl::StrCat("attempt ", Raw(run.counted()), " of ", std::max(1u, kind.retry_limit));
}

std::string FailureText(const StepRun& run) {
  if (run.last_failure == nullptr) return "";
  return absl::StrCat(": ", run.last_failure->error_class(), ": ", run.last_failure->message());
}

void AddLimited(const std::string& name, google::protobuf::RepeatedPtrField<std::string>& names) {
  if (names.size() < kListedMax) *names.Add() = name;
}

}  // namespace

Explainer::Explainer(const Partition& partition, const TaskRun& task, Timestamp now)
    : partition_(partition), task_(task), now_(now) {}

v1::ExplainTaskResponse Explainer::ExplainTask() const {
  v1::ExplainTaskResponse out;
  out.set_state(static_cast<v1::TaskState>(task_.state));
  const v1::ExecutionStatus status = ExecutionStatusOf(task_.counts, task_.pause.has_value());
  out.set_execution_status(status);
  out.set_recommended_action(RecommendedAction(status));
  out.set_health_status(HealthStatus(task_.counts));
  const StepCounts& counts = task_.counts;
  std::string summary = absl::StrCat(counts.done, " of ", counts.total, " steps are done");
  const auto add = [&](std::uint32_t count, const char* what) {
    if (count > 0) absl::StrAppend(&summary, ", ", count, " ", what);
  };
  add(counts.in_progress, "in progress");
  add(counts.enqueued, "ready");
  add(counts.waiting_for_retry, "waiting for a retry");
  add(counts.error, "failed");
  add(counts.cancelled, "cancelled");
  if (task_.cancel) absl::StrAppend(&summary, "; being cancelled by ", task_.cancel->actor);
  if (task_.pause) {
    absl::StrAppend(&summary, "; paused by ", task_.pause->actor, ": ", task_.pause->reason);
  }
  if (task_.compensating) absl::StrAppend(&summary, "; undoing what was done");
  out.set_summary(std::move(summary));
  return out;
}

v1::StepExplanation Explainer::ExplainStep(StepIndex step) const {
  const StepRun& run = task_.at(step);
  v1::StepExplanation out;
  out.set_step_name(task_.NameOf(step));
  out.set_state(static_cast<v1::StepState>(run.state));
  switch (run.state) {
    case StepState::kPending:
      ExplainPending(step, out);
      break;
    case StepState::kEnqueued:
      SetTime(run.enqueued_at, *out.mutable_since());
      ExplainEnqueued(step, out);
      break;
    case StepState::kInProgress:
      SetTime(run.started_at, *out.mutable_since());
      ExplainRunning(step, out);
      break;
    case StepState::kWaitingForRetry:
      out.set_hold(v1::STEP_HOLD_BACKOFF);
      SetTime(run.next_retry_at, *out.mutable_earliest_at());
      out.set_message(absl::StrCat(Attempts(run, task_.TemplateOf(step)),
                                   " failed; the next is due at ", Text(run.next_retry_at),
                                   FailureText(run)));
      break;
    default:
      SetTime(run.completed_at, *out.mutable_since());
      ExplainEnded(step, out);
      break;
  }
  return out;
}

void Explainer::ExplainEnded(StepIndex step, v1::StepExplanation& out) const {
  const StepRun& run = task_.at(step);
  out.set_hold(v1::STEP_HOLD_ENDED);
  out.set_message(absl::StrCat(
      "it is ", std::string(NameOf(run.state)), " since ", Text(run.completed_at),
      IsDone(run.state) ? "" : absl::StrCat(FailureText(run), "; only a repair helps")));
}

void Explainer::ExplainPending(StepIndex step, v1::StepExplanation& out) const {
  const StepTemplate& kind = task_.TemplateOf(step);
  const StepRun& run = task_.at(step);
  if (task_.cancel) {
    out.set_hold(v1::STEP_HOLD_CANCELLING);
    out.set_message(absl::StrCat("the task is being cancelled by ", task_.cancel->actor));
    return;
  }
  if (kind.in_reserve() && !task_.compensating) {
    out.set_hold(v1::STEP_HOLD_IN_RESERVE);
    out.set_message("it is done only after the task has failed");
    return;
  }
  if (run.is_item() || run.parents_left == 0) {
    out.set_hold(v1::STEP_HOLD_TASK_CONCURRENCY);
    for (std::uint32_t i = 0; i < task_.steps.size() + task_.items.size(); ++i) {
      const StepState state = task_.at(StepIndex{i}).state;
      if (state == StepState::kInProgress) {
        AddLimited(task_.NameOf(StepIndex{i}), *out.mutable_waits_for());
      }
    }
    out.set_message(absl::StrCat(
        run.is_item() ? "as many items run as may: " : "the task runs one step at a time: ",
        absl::StrJoin(out.waits_for(), ", ")));
    return;
  }
  for (const StepIndex parent : kind.parents) {
    if (IsDone(task_.at(parent).state)) continue;
    AddLimited(task_.NameOf(parent), *out.mutable_waits_for());
  }
  for (const std::string& name : Blockers(step)) AddLimited(name, *out.mutable_blocked_by());
  if (out.blocked_by_size() > 0) {
    out.set_hold(v1::STEP_HOLD_BLOCKED_BY_FAILURE);
    out.set_message(absl::StrCat("blocked by ", absl::StrJoin(out.blocked_by(), ", "),
                                 ": only a repair of it helps"));
  } else {
    out.set_hold(v1::STEP_HOLD_DEPENDENCIES);
    out.set_message(absl::StrCat("waits for ", absl::StrJoin(out.waits_for(), ", ")));
  }
}

std::vector<std::string> Explainer::Blockers(StepIndex step) const {
  std::vector<std::string> blockers;
  std::vector<bool> seen(task_.steps.size(), false);
  std::vector<StepIndex> look = {step};
  for (std::size_t i = 0; i < look.size(); ++i) {
    for (const StepIndex parent : task_.TemplateOf(look[i]).parents) {
      if (seen[Raw(parent)]) continue;
      seen[Raw(parent)] = true;
      const StepState state = task_.at(parent).state;
      if (state == StepState::kError || state == StepState::kCancelled) {
        blockers.push_back(task_.NameOf(parent));
      } else if (state == StepState::kPending) {
        look.push_back(parent);
      }
    }
  }
  return blockers;
}

bool Explainer::ExplainPause(StepIndex step, v1::StepExplanation& out) const {
  std::vector<std::string> what;
  const auto add = [&](const OperatorAct& act, const std::string& name) -> v1::PausedScope& {
    v1::PausedScope& scope = *out.add_pauses();
    SetPause(act, *scope.mutable_pause());
    what.push_back(absl::StrCat(name, " is paused by ", act.actor, " since ", Text(act.at), " (",
                                act.reason, ")"));
    return scope;
  };
  if (task_.pause) add(*task_.pause, "the task").set_task_id(task_.id.ToString());
  const TemplateId& id = task_.task_template->id;
  const PauseKey keys[] = {{"", "", task_.TemplateOf(step).handler_class},
                           {id.namespace_name, id.name, ""},
                           {id.namespace_name, "", ""}};
  for (const PauseKey& key : keys) {
    const auto found = partition_.pauses_.find(key);
    if (found == partition_.pauses_.end() || task_.by_engine(step)) continue;
    v1::PausedScope& scope = add(found->second, key.ToString());
    scope.set_namespace_(key.namespace_name);
    scope.set_template_name(key.template_name);
    scope.set_handler_class(key.handler_class);
  }
  if (what.empty()) return false;
  out.set_hold(v1::STEP_HOLD_PAUSED);
  out.set_message(absl::StrJoin(what, "; "));
  return true;
}

void Explainer::AddHandler(const HandlerInstance& instance, v1::StepExplanation& out) const {
  if (out.handlers_size() == kListedMax) return;
  v1::HandlerSlot& slot = *out.add_handlers();
  slot.set_name(instance.identity->name);
  slot.set_instance_id(instance.identity->instance_id);
  slot.set_in_flight(static_cast<std::uint32_t>(instance.attempts.size()));
  slot.set_concurrency(instance.concurrency);
  slot.set_draining(instance.draining);
  slot.set_connected(instance.connected());
}

void Explainer::ExplainEnqueued(StepIndex step, v1::StepExplanation& out) const {
  if (ExplainPause(step, out)) return;
  const Route* route = ReadyQueues::RouteOf(task_, step);
  const StepRun& run = task_.at(step);
  out.set_ahead(ReadyQueues::CountAhead(*route, run, kAheadMax));
  int servers = 0;
  for (const HandlerInstance* server : route->pool->servers) {
    if (!HandlerDirectory::MayServe(*server, route->key)) continue;
    ++servers;
    AddHandler(*server, out);
  }
  const std::string& handler_class = route->key.handler_class;
  if (route->use->full()) {
    out.set_hold(v1::STEP_HOLD_LIMIT);
    out.set_limit(route->use->limit);
    out.set_message(absl::StrCat("ready; ", route->use->running, " steps of template ",
                                 route->key.template_id.ToString(),
                                 " run, and its max_running_steps is ", route->use->limit));
  } else if (route->pool->full()) {
    out.set_hold(v1::STEP_HOLD_LIMIT);
    out.set_limit(route->pool->limit);
    out.set_message(absl::StrCat("ready; ", route->pool->running, " steps of handler class ",
                                 handler_class, " run, and its limit is ", route->pool->limit));
  } else if (servers == 0) {
    out.set_hold(v1::STEP_HOLD_NO_HANDLER);
    out.set_message(
        absl::StrCat("ready, but no handler that serves ", handler_class, " for this template",
                     route->key.labels.empty() ? "" : " and has its labels", " is connected"));
  } else {
    out.set_hold(v1::STEP_HOLD_NO_FREE_SLOT);
    out.set_message(absl::StrCat("ready; ", servers, " connected handlers serve ", handler_class,
                                 ", and none has a free slot; ", out.ahead(),
                                 " ready steps go before it"));
  }
}

void Explainer::ExplainRunning(StepIndex step, v1::StepExplanation& out) const {
  const StepRun& run = task_.at(step);
  const StepTemplate& kind = task_.TemplateOf(step);
  if (run.holder != nullptr) {
    out.set_hold(v1::STEP_HOLD_RUNNING);
    AddHandler(*run.holder, out);
    std::string message =
        absl::StrCat(Attempts(run, kind), " runs at handler ", run.holder->identity->name);
    if (!run.confirmed) absl::StrAppend(&message, ", which has not confirmed that it arrived");
    if (!run.holder->connected()) {
      absl::StrAppend(&message, ", which is not connected; it is kept until ",
                      Text(run.lease_until));
    }
    if (const OperatorAct* cancel = run.cancel()) {
      absl::StrAppend(&message, "; cancelled by ", cancel->actor, ", ends at the latest at ",
                      Text(cancel->at));
    }
    if (run.extras != nullptr && run.extras->progress) {
      const Progress& progress = *run.extras->progress;
      if (progress.fraction) {
        out.set_progress(*progress.fraction);
        absl::StrAppend(&message, "; ", std::lround(*progress.fraction * 100), " % done");
      }
      out.set_progress_message(progress.message);
      if (!progress.message.empty()) absl::StrAppend(&message, "; ", progress.message);
    }
    out.set_message(std::move(message));
    return;
  }
  if (run.deferred()) {
    const Timestamp until = run.extras->wake_at;
    out.set_hold(v1::STEP_HOLD_DEFERRED);
    if (until != kNever) SetTime(until, *out.mutable_earliest_at());
    out.set_message(absl::StrCat(Attempts(run, kind), " was deferred by handler ",
                                 run.handler->name, "; it waits for CompleteStep",
                                 until == kNever ? "" : absl::StrCat(" until ", Text(until))));
    return;
  }
  if (const Items* items = run.items()) {
    out.set_hold(v1::STEP_HOLD_ITEMS);
    for (std::uint32_t i = 0; i < items->size() && out.waits_for_size() < kListedMax; ++i) {
      const StepIndex item{items->first + i};
      if (!IsDone(task_.at(item).state)) AddLimited(task_.NameOf(item), *out.mutable_waits_for());
    }
    out.set_message(absl::StrCat(items->done, " of ", items->size(), " items are done, ",
                                 items->active, " are under way"));
    return;
  }
  if (kind.wait) {
    const bool signal = !kind.wait->signal.empty();
    const Timestamp wake = run.extras->wake_at;
    out.set_hold(signal ? v1::STEP_HOLD_SIGNAL : v1::STEP_HOLD_TIMER);
    out.set_signal(kind.wait->signal);
    if (wake != kNever) SetTime(wake, *out.mutable_earliest_at());
    out.set_message(signal
                        ? absl::StrCat("waits for the signal `", kind.wait->signal, "`",
                                       wake == kNever ? "" : absl::StrCat(", until ", Text(wake)))
                        : absl::StrCat("waits until ", Text(wake)));
    return;
  }
  out.set_hold(v1::STEP_HOLD_SUB_TASK);
  out.set_sub_task_id(run.extras->sub_task->ToString());
  out.set_message(absl::StrCat("runs task ", out.sub_task_id()));
}

absl::StatusOr<v1::ExplainTaskResponse> Partition::Explain(const TaskId& id, std::string_view name,
                                                           Timestamp now,
                                                           std::size_t steps_max) const {
  const TaskRun* task = Look(id);
  if (task == nullptr) return absl::NotFoundError(absl::StrCat("no open task ", id.ToString()));
  const Explainer explainer(*this, *task, now);
  v1::ExplainTaskResponse out = explainer.ExplainTask();
  if (!name.empty()) {
    const std::optional<StepIndex> step = task->Find(name);
    if (!step) {
      return absl::NotFoundError(absl::StrCat("the template ", task->task_template->id.ToString(),
                                              " has no step `", std::string(name), "`"));
    }
    *out.add_steps() = explainer.ExplainStep(*step);
    return out;
  }
  for (std::uint32_t i = 0; i < task->steps.size(); ++i) {
    if (IsDone(task->steps[i].state)) continue;
    if (static_cast<std::size_t>(out.steps_size()) == steps_max) {
      out.set_truncated(true);
      break;
    }
    *out.add_steps() = explainer.ExplainStep(StepIndex{i});
  }
  return out;
}

}  // namespace tasker::engine
