#include "service/tasks/task_service.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "config/context_defaults.h"
#include "engine/states/execution_status.h"
#include "engine/states/step_machine.h"
#include "engine/states/task_machine.h"
#include "service/payloads/json_check.h"
#include "service/pipeline/clock.h"
#include "service/pipeline/position.h"
#include "service/server/grpc_status.h"
#include "service/tasks/new_task_id.h"
#include "service/tasks/tag_limits.h"
#include "service/tasks/task_context.h"
#include "service/tasks/task_identity.h"

namespace tasker::service {
namespace {

constexpr std::size_t kOriginBytesMax = 1024;
constexpr std::size_t kTraceBytesMax = 512;
constexpr std::size_t kKeyBytesMax = 256;
constexpr std::size_t kExplainedStepsMax = 1000;
constexpr std::size_t kBacklogMax = 100'000;

absl::StatusOr<engine::TaskId> ParseId(const std::string& text) {
  const std::optional<engine::TaskId> id = engine::TaskId::Parse(text);
  if (id) return *id;
  return absl::InvalidArgumentError(
      absl::StrCat("task_id: \"", absl::CHexEscape(text), "\" is not a UUID"));
}

std::string OrUnknown(const std::string& text) { return text.empty() ? "unknown" : text; }

absl::Status CheckLength(const std::string& text, std::string_view where) {
  if (text.size() <= kOriginBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(std::string(where), ": ", text.size(),
                                                 " bytes are over the limit of ", kOriginBytesMax));
}

absl::Status CheckOrigin(const v1::CreateTaskRequest& request) {
  if (request.name().empty()) return absl::InvalidArgumentError("name: is required");
  for (const auto& [where, text] : {std::pair("initiator", &request.initiator()),
                                    std::pair("source_system", &request.source_system()),
                                    std::pair("reason", &request.reason())}) {
    if (absl::Status length = CheckLength(*text, where); !length.ok()) return length;
  }
  for (const auto& [where, text] : {std::pair("traceparent", &request.traceparent()),
                                    std::pair("tracestate", &request.tracestate())}) {
    if (text->size() <= kTraceBytesMax) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": ", text->size(), " bytes are over the limit of ", kTraceBytesMax));
  }
  if (request.tags_size() > kTagsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("tags: ", request.tags_size(), " are over the limit of ", kTagsMax));
  }
  for (int i = 0; i < request.tags_size(); ++i) {
    if (request.tags(i).empty() || request.tags(i).size() > kTagBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("tags[", i, "]: must have 1 to ", kTagBytesMax, " bytes"));
    }
  }
  if (request.priority() > engine::kPriorityMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("priority: must be 0 to ", engine::kPriorityMax, ", is ", request.priority()));
  }
  if (request.idempotency_key().size() > kKeyBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("idempotency_key: ", request.idempotency_key().size(),
                     " bytes are over the limit of ", kKeyBytesMax));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<engine::StepIndex>> BypassOf(const v1::CreateTaskRequest& request,
                                                        const engine::TaskTemplate& task_template) {
  std::vector<engine::StepIndex> bypass;
  for (const std::string& name : request.bypass_steps()) {
    const auto found = std::ranges::find(task_template.steps, name, &engine::StepTemplate::name);
    if (found == task_template.steps.end()) {
      return absl::InvalidArgumentError(absl::StrCat("bypass_steps: the template ",
                                                     task_template.id.ToString(), " has no step \"",
                                                     absl::CHexEscape(name), "\""));
    }
    bypass.push_back(
        engine::StepIndex{static_cast<std::uint32_t>(found - task_template.steps.begin())});
  }
  return bypass;
}

// Of the call itself; empty if it has none, or one that is too long to be one.
std::string MetadataOf(const grpc::CallbackServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  if (found == context.client_metadata().end() || found->second.size() > kTraceBytesMax) return "";
  return {found->second.data(), found->second.size()};
}

}  // namespace

template <typename Request>
absl::StatusOr<engine::TaskId> TaskService::ReadableId(const Request& request) const {
  if (absl::Status known = CheckAtLeast(positions_, request); !known.ok()) return known;
  return ParseId(request.task_id());
}

absl::StatusOr<engine::CreateTask> TaskService::CommandOf(
    const v1::CreateTaskRequest& request) const {
  if (absl::Status origin = CheckOrigin(request); !origin.ok()) return origin;
  absl::StatusOr<TemplateRegistry::EntryPtr> found =
      templates_.Find(request.namespace_(), request.name(), request.version());
  if (!found.ok()) return found.status();
  std::string context = request.context().empty() ? "{}" : request.context();
  const engine::TaskTemplate& task_template = *(*found)->compiled;
  absl::StatusOr<TaskContext> contexts =
      ContextFor(**found, std::move(context), payload_bytes_max_, "context");
  if (!contexts.ok()) return contexts.status();
  // By what is shown, so that it does not hang on what variables hold today.
  const auto shared = SharedTaskId(
      task_template, request.idempotency_key(),
      config::WithDefaults(engine::View(contexts->given), task_template.default_context_shown));
  if (!shared.ok()) return shared.status();
  absl::StatusOr<std::vector<engine::StepIndex>> bypass = BypassOf(request, task_template);
  if (!bypass.ok()) return bypass.status();
  engine::CreateTask command{
      .task = shared->value_or(engine::TaskId()),
      .task_template = TemplateForNewTask(templates_, *found, task_handlers_),
      .context = contexts->effective,
      .origin = {OrUnknown(request.initiator()),
                 OrUnknown(request.source_system()),
                 OrUnknown(request.reason()),
                 {request.tags().begin(), request.tags().end()},
                 request.traceparent(),
                 request.tracestate()},
      .bypass = *std::move(bypass),
      .may_exist = shared->has_value(),
      .stored_context = contexts->given};
  if (!shared->has_value()) command.task = NewTaskId(ReadClock());
  if (request.has_priority()) command.priority = static_cast<engine::Priority>(request.priority());
  return command;
}

grpc::ServerUnaryReactor* TaskService::CreateTask(grpc::CallbackServerContext* context,
                                                  const v1::CreateTaskRequest* request,
                                                  v1::CreateTaskResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (draining_) {
    reactor->Finish({grpc::StatusCode::UNAVAILABLE, "the service stops"});
    return reactor;
  }
  if (runner_.backlog() > kBacklogMax) {
    reactor->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED,
                     absl::StrCat("more than ", kBacklogMax, " requests wait; try again later")});
    return reactor;
  }
  absl::StatusOr<engine::CreateTask> command = CommandOf(*request);
  if (!command.ok()) {
    reactor->Finish(ToGrpc(command.status()));
    return reactor;
  }
  if (request->traceparent().empty()) {
    command->origin.traceparent = MetadataOf(*context, "traceparent");
    command->origin.tracestate = MetadataOf(*context, "tracestate");
  }
  response->set_task_id(command->task.ToString());
  response->set_version(command->task_template->id.version);
  std::vector<engine::Command> commands;
  commands.push_back(*std::move(command));
  runner_.SubmitHere(std::move(commands), [this, reactor, response](const absl::Status& answer,
                                                                    storage::Sequence sequence) {
    SetPosition(partition_, sequence, *response->mutable_position());
    response->set_existing(absl::IsAlreadyExists(answer));
    reactor->Finish(response->existing() ? grpc::Status::OK : ToGrpc(answer));
  });
  return reactor;
}

grpc::ServerUnaryReactor* TaskService::SignalTask(grpc::CallbackServerContext* context,
                                                  const v1::SignalTaskRequest* request,
                                                  v1::SignalTaskResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<engine::TaskId> id = ParseId(request->task_id());
  absl::Status checked = id.status();
  if (checked.ok() && (request->name().empty() || request->name().size() > kKeyBytesMax)) {
    checked =
        absl::InvalidArgumentError(absl::StrCat("name: must have 1 to ", kKeyBytesMax, " bytes"));
  }
  if (checked.ok()) checked = CheckLength(request->initiator(), "initiator");
  std::string payload = request->payload().empty() ? "{}" : request->payload();
  if (checked.ok()) checked = CheckJson(payload, JsonKind::kAny, payload_bytes_max_, "payload");
  if (!checked.ok()) {
    reactor->Finish(ToGrpc(checked));
    return reactor;
  }
  runner_.Submit(
      engine::SignalTask{*id, request->name(), engine::MakePayload(std::move(payload)),
                         OrUnknown(request->initiator())},
      [this, reactor, response, id = *id](const absl::Status& answer, storage::Sequence sequence) {
        SetPosition(partition_, sequence, *response->mutable_position());
        absl::Status told = answer;
        if (absl::IsNotFound(answer)) {
          told = WhyNotOpen(id);
          if (told.ok()) told = absl::FailedPreconditionError("the task is cancelled");
        }
        reactor->Finish(ToGrpc(told));
      });
  return reactor;
}

grpc::ServerUnaryReactor* TaskService::GetTaskHistory(grpc::CallbackServerContext* context,
                                                      const v1::GetTaskHistoryRequest* request,
                                                      v1::GetTaskHistoryResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<engine::TaskId> id = ReadableId(*request);
  v1::Position position = positions_.NewestOf(partition_);
  absl::StatusOr<v1::GetTaskHistoryResponse> page =
      id.ok() ? reader_.History(*id, *request) : id.status();
  if (page.ok()) *response = *std::move(page);
  *response->mutable_position() = std::move(position);
  reactor->Finish(ToGrpc(page.status()));
  return reactor;
}

grpc::ServerUnaryReactor* TaskService::ExplainTask(grpc::CallbackServerContext* context,
                                                   const v1::ExplainTaskRequest* request,
                                                   v1::ExplainTaskResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<engine::TaskId> id = ReadableId(*request);
  if (!id.ok()) {
    reactor->Finish(ToGrpc(id.status()));
    return reactor;
  }
  runner_.Inspect(*id, [this, reactor, response, id = *id,
                        position = positions_.NewestOf(partition_),
                        step = request->step_name()](const engine::Partition* partition) {
    absl::StatusOr<v1::ExplainTaskResponse> explained = absl::UnavailableError("the service stops");
    if (partition != nullptr) {
      explained = partition->Look(id) != nullptr
                      ? partition->Explain(id, step, ReadClock(), kExplainedStepsMax)
                      : ExplainFinished(id, step);
    }
    if (explained.ok()) *response = *std::move(explained);
    *response->mutable_position() = position;
    reactor->Finish(ToGrpc(explained.status()));
  });
  return reactor;
}

absl::StatusOr<v1::ExplainTaskResponse> TaskService::ExplainFinished(
    const engine::TaskId& id, const std::string& wanted) const {
  const absl::StatusOr<v1::Task> task = reader_.Read(id);
  if (!task.ok()) return task.status();
  v1::ExplainTaskResponse out;
  out.set_state(task->state());
  out.set_execution_status(task->execution_status());
  out.set_recommended_action(engine::RecommendedAction(task->execution_status()));
  const bool blocked = task->state() == v1::TASK_STATE_ERROR;
  out.set_health_status(blocked ? "blocked" : "healthy");
  std::string summary =
      absl::StrCat("the task has finished: it is ",
                   std::string(NameOf(static_cast<engine::TaskState>(task->state()))));
  if (task->failed_steps_size() > 0) {
    absl::StrAppend(&summary, ", blocked by ", absl::StrJoin(task->failed_steps(), ", "));
  }
  out.set_summary(std::move(summary));
  bool found = wanted.empty();
  for (const v1::Step& step : task->steps()) {
    const auto state = static_cast<engine::StepState>(step.state());
    if (wanted.empty() ? engine::IsDone(state) : step.name() != wanted) continue;
    found = true;
    v1::StepExplanation& explained = *out.add_steps();
    explained.set_step_name(step.name());
    explained.set_state(step.state());
    const bool waits = state == engine::StepState::kPending;
    explained.set_hold(waits ? v1::STEP_HOLD_BLOCKED_BY_FAILURE : v1::STEP_HOLD_ENDED);
    explained.set_message(absl::StrCat("it is ", std::string(NameOf(state))));
    if (step.has_last_failure()) {
      absl::StrAppend(explained.mutable_message(), ": ", step.last_failure().error_class(), ": ",
                      step.last_failure().message());
    }
    if (!waits) continue;
    *explained.mutable_blocked_by() = task->failed_steps();
    *explained.mutable_waits_for() = step.depends_on();
  }
  if (!found) {
    return absl::NotFoundError(absl::StrCat("the template ", task->namespace_(), ".", task->name(),
                                            "@", task->version(), " has no step `", wanted, "`"));
  }
  return out;
}

grpc::ServerUnaryReactor* TaskService::GetTask(grpc::CallbackServerContext* context,
                                               const v1::GetTaskRequest* request,
                                               v1::GetTaskResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<engine::TaskId> id = ReadableId(*request);
  *response->mutable_position() = positions_.NewestOf(partition_);
  absl::StatusOr<v1::Task> task = id.ok() ? reader_.Read(*id) : id.status();
  if (task.ok()) *response->mutable_task() = *std::move(task);
  reactor->Finish(ToGrpc(task.status()));
  return reactor;
}

grpc::ServerUnaryReactor* TaskService::ListTasks(grpc::CallbackServerContext* context,
                                                 const v1::ListTasksRequest* request,
                                                 v1::ListTasksResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Status known = CheckAtLeast(positions_, *request);
  v1::Position position = positions_.NewestOf(partition_);
  absl::StatusOr<v1::ListTasksResponse> page = known.ok() ? reader_.List(*request) : known;
  if (page.ok()) *response = *std::move(page);
  *response->mutable_position() = std::move(position);
  reactor->Finish(ToGrpc(page.status()));
  return reactor;
}

grpc::ServerUnaryReactor* TaskService::CancelTask(grpc::CallbackServerContext* context,
                                                  const v1::CancelTaskRequest* request,
                                                  v1::CancelTaskResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<engine::TaskId> id = ParseId(request->task_id());
  if (!id.ok()) {
    reactor->Finish(ToGrpc(id.status()));
    return reactor;
  }
  runner_.Submit(
      engine::CancelTask{*id, OrUnknown(request->initiator()), OrUnknown(request->reason())},
      [this, reactor, response, id = *id](const absl::Status& answer, storage::Sequence sequence) {
        SetPosition(partition_, sequence, *response->mutable_position());
        reactor->Finish(ToGrpc(absl::IsNotFound(answer) ? WhyNotOpen(id) : answer));
      });
  return reactor;
}

absl::Status TaskService::WhyNotOpen(const engine::TaskId& id) const {
  const absl::StatusOr<v1::Task> task = reader_.Read(id);
  if (!task.ok()) return task.status();
  if (task->state() == v1::TASK_STATE_CANCELLED) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("task ", id.ToString(), " has finished: it is ",
                   std::string(NameOf(static_cast<engine::TaskState>(task->state())))));
}

}  // namespace tasker::service
