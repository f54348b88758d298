#include "service/operators/operator_service.h"

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include <google/protobuf/util/time_util.h>

#include "service/payloads/json_check.h"
#include "service/pipeline/position.h"
#include "service/server/grpc_status.h"

namespace tasker::service {
namespace {

constexpr std::size_t kTextBytesMax = 1024;
constexpr int kRetriedTasksMax = 1000;

std::string OrUnknown(const std::string& text) { return text.empty() ? "unknown" : text; }

absl::StatusOr<engine::TaskId> ParseId(const std::string& text, std::string_view where) {
  if (const auto id = engine::TaskId::Parse(text)) return *id;
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(where), ": \"", absl::CHexEscape(text), "\" is not a UUID"));
}

absl::Status CheckOperator(const v1::Operator& by) {
  for (const auto& [where, text] :
       {std::pair("operator.actor", &by.actor()), std::pair("operator.reason", &by.reason())}) {
    if (text->size() <= kTextBytesMax) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": ", text->size(), " bytes are over the limit of ", kTextBytesMax));
  }
  return absl::OkStatus();
}

// What a scope names beside a task: exactly one kind.
absl::StatusOr<engine::PauseKey> KeyOf(const v1::PauseScope& scope) {
  const bool by_name = !scope.namespace_().empty() || !scope.template_name().empty();
  if (!scope.handler_class().empty() == by_name) {
    return absl::InvalidArgumentError(
        "scope: name exactly one of task_id, handler_class, template_name (with its namespace) "
        "and namespace");
  }
  if (!by_name) return engine::PauseKey{"", "", scope.handler_class()};
  return engine::PauseKey{scope.namespace_().empty() ? "default" : scope.namespace_(),
                          scope.template_name(), ""};
}

absl::StatusOr<engine::Command> PauseCommand(const v1::PauseScope& scope, const v1::Operator& by,
                                             bool pause) {
  if (absl::Status checked = CheckOperator(by); !checked.ok()) return checked;
  const std::string actor = OrUnknown(by.actor());
  const std::string reason = OrUnknown(by.reason());
  if (!scope.task_id().empty()) {
    if (!scope.namespace_().empty() || !scope.template_name().empty() ||
        !scope.handler_class().empty()) {
      return absl::InvalidArgumentError("scope: task_id must stand alone");
    }
    const absl::StatusOr<engine::TaskId> id = ParseId(scope.task_id(), "scope.task_id");
    if (!id.ok()) return id.status();
    if (pause) return engine::PauseTask{*id, actor, reason};
    return engine::ResumeTask{*id, actor, reason};
  }
  absl::StatusOr<engine::PauseKey> key = KeyOf(scope);
  if (!key.ok()) return key.status();
  if (pause) return engine::PauseScope{*std::move(key), actor, reason};
  return engine::ResumeScope{*std::move(key)};
}

absl::StatusOr<engine::Command> TaskCommand(const std::string& task_id, const v1::Operator& by,
                                            engine::RepairTask::Action action,
                                            std::string from_step = "") {
  const absl::StatusOr<engine::TaskId> id = ParseId(task_id, "task_id");
  if (!id.ok()) return id.status();
  if (absl::Status checked = CheckOperator(by); !checked.ok()) return checked;
  return engine::RepairTask{*id, action, std::move(from_step), OrUnknown(by.actor()),
                            OrUnknown(by.reason())};
}

template <typename Request>
absl::StatusOr<engine::Command> StepCommand(const Request& request,
                                            engine::RepairStep::Action action,
                                            engine::Payload results) {
  const absl::StatusOr<engine::TaskId> id = ParseId(request.task_id(), "task_id");
  if (!id.ok()) return id.status();
  if (request.step_name().empty()) return absl::InvalidArgumentError("step_name: is required");
  if (absl::Status by = CheckOperator(request.operator_()); !by.ok()) return by;
  return engine::RepairStep{*id,
                            request.step_name(),
                            action,
                            std::move(results),
                            OrUnknown(request.operator_().actor()),
                            OrUnknown(request.operator_().reason())};
}

}  // namespace

template <typename Response>
grpc::ServerUnaryReactor* OperatorService::Submit(grpc::CallbackServerContext* context,
                                                  absl::StatusOr<engine::Command> command,
                                                  Response* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (!command.ok()) {
    reactor->Finish(ToGrpc(command.status()));
    return reactor;
  }
  runner_.Submit(*std::move(command),
                 [this, reactor, response](const absl::Status& answer, storage::Sequence sequence) {
                   SetPosition(partition_, sequence, *response->mutable_position());
                   reactor->Finish(ToGrpc(answer));
                 });
  return reactor;
}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* OperatorService::RepairStep(grpc::CallbackServerContext* context,
                                                      const Request& request,
                                                      engine::RepairStep::Action action,
                                                      engine::Payload results, Response* response) {
  return Submit(context, StepCommand(request, action, std::move(results)), response);
}

grpc::ServerUnaryReactor* OperatorService::Pause(grpc::CallbackServerContext* context,
                                                 const v1::PauseRequest* request,
                                                 v1::PauseResponse* response) {
  return Submit(context, PauseCommand(request->scope(), request->operator_(), true), response);
}

grpc::ServerUnaryReactor* OperatorService::Resume(grpc::CallbackServerContext* context,
                                                  const v1::ResumeRequest* request,
                                                  v1::ResumeResponse* response) {
  return Submit(context, PauseCommand(request->scope(), request->operator_(), false), response);
}

grpc::ServerUnaryReactor* OperatorService::ListPauses(grpc::CallbackServerContext* context,
                                                      const v1::ListPausesRequest* request,
                                                      v1::ListPausesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const absl::Status known = CheckAtLeast(positions_, *request); !known.ok()) {
    reactor->Finish(ToGrpc(known));
    return reactor;
  }
  *response->mutable_position() = positions_.NewestOf(partition_);
  runner_.Inspect([reactor, response](const engine::Partition* partition) {
    if (partition == nullptr) {
      reactor->Finish({grpc::StatusCode::UNAVAILABLE, "the service stops"});
      return;
    }
    for (const auto& [key, act] : partition->pauses()) {
      v1::PausedScope& scope = *response->add_pauses();
      scope.set_namespace_(key.namespace_name);
      scope.set_template_name(key.template_name);
      scope.set_handler_class(key.handler_class);
      scope.mutable_pause()->set_actor(act.actor);
      scope.mutable_pause()->set_reason(act.reason);
      *scope.mutable_pause()->mutable_since() =
          google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
              act.at.time_since_epoch().count());
    }
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

grpc::ServerUnaryReactor* OperatorService::RetryStep(grpc::CallbackServerContext* context,
                                                     const v1::RetryStepRequest* request,
                                                     v1::RetryStepResponse* response) {
  using Action = engine::RepairStep::Action;
  return RepairStep(context, *request,
                    request->reset_attempts() ? Action::kRetryAfresh : Action::kRetry, nullptr,
                    response);
}

grpc::ServerUnaryReactor* OperatorService::ResolveStep(grpc::CallbackServerContext* context,
                                                       const v1::ResolveStepRequest* request,
                                                       v1::ResolveStepResponse* response) {
  std::string results = request->results().empty() ? "{}" : request->results();
  if (absl::Status json = CheckJson(results, JsonKind::kAny, payload_bytes_max_, "results");
      !json.ok()) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpc(json));
    return reactor;
  }
  return RepairStep(context, *request, engine::RepairStep::Action::kResolve,
                    engine::MakePayload(std::move(results)), response);
}

grpc::ServerUnaryReactor* OperatorService::SkipStep(grpc::CallbackServerContext* context,
                                                    const v1::SkipStepRequest* request,
                                                    v1::SkipStepResponse* response) {
  return RepairStep(context, *request, engine::RepairStep::Action::kSkip, nullptr, response);
}

grpc::ServerUnaryReactor* OperatorService::CancelStep(grpc::CallbackServerContext* context,
                                                      const v1::CancelStepRequest* request,
                                                      v1::CancelStepResponse* response) {
  return RepairStep(context, *request, engine::RepairStep::Action::kCancel, nullptr, response);
}

grpc::ServerUnaryReactor* OperatorService::ResetStepAttempts(
    grpc::CallbackServerContext* context, const v1::ResetStepAttemptsRequest* request,
    v1::ResetStepAttemptsResponse* response) {
  return RepairStep(context, *request, engine::RepairStep::Action::kResetAttempts, nullptr,
                    response);
}

grpc::ServerUnaryReactor* OperatorService::RetryTask(grpc::CallbackServerContext* context,
                                                     const v1::RetryTaskRequest* request,
                                                     v1::RetryTaskResponse* response) {
  return Submit(context,
                TaskCommand(request->task_id(), request->operator_(),
                            engine::RepairTask::Action::kRetryFailed),
                response);
}

grpc::ServerUnaryReactor* OperatorService::RerunTask(grpc::CallbackServerContext* context,
                                                     const v1::RerunTaskRequest* request,
                                                     v1::RerunTaskResponse* response) {
  return Submit(context,
                TaskCommand(request->task_id(), request->operator_(),
                            engine::RepairTask::Action::kRerun, request->from_step()),
                response);
}

grpc::ServerUnaryReactor* OperatorService::ResolveTask(grpc::CallbackServerContext* context,
                                                       const v1::ResolveTaskRequest* request,
                                                       v1::ResolveTaskResponse* response) {
  return Submit(
      context,
      TaskCommand(request->task_id(), request->operator_(), engine::RepairTask::Action::kResolve),
      response);
}

grpc::ServerUnaryReactor* OperatorService::RetryTasks(grpc::CallbackServerContext* context,
                                                      const v1::RetryTasksRequest* request,
                                                      v1::RetryTasksResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (absl::Status checked = CheckOperator(request->operator_()); !checked.ok()) {
    reactor->Finish(ToGrpc(checked));
    return reactor;
  }
  v1::ListTasksRequest filter;
  filter.set_namespace_(request->namespace_());
  filter.set_name(request->name());
  filter.set_version(request->version());
  filter.set_state(v1::TASK_STATE_ERROR);
  filter.set_page_size(100);
  do {
    const absl::StatusOr<v1::ListTasksResponse> page = reader_.List(filter);
    if (!page.ok()) {
      reactor->Finish(ToGrpc(page.status()));
      return reactor;
    }
    for (const v1::Task& task : page->tasks()) {
      if (response->task_ids_size() == kRetriedTasksMax) {
        response->set_more(true);
        break;
      }
      response->add_task_ids(task.task_id());
    }
    filter.set_page_token(page->next_page_token());
  } while (!filter.page_token().empty() && !response->more());
  if (request->dry_run() || response->task_ids().empty()) {
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  std::vector<engine::Command> commands;
  for (const std::string& id : response->task_ids()) {
    commands.push_back(
        *TaskCommand(id, request->operator_(), engine::RepairTask::Action::kRetryFailed));
  }
  runner_.Submit(std::move(commands), [reactor](const absl::Status& answer, storage::Sequence) {
    // One that another operator repaired meanwhile is no error of this call.
    reactor->Finish(absl::IsFailedPrecondition(answer) ? grpc::Status::OK : ToGrpc(answer));
  });
  return reactor;
}

}  // namespace tasker::service
