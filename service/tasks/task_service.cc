#include "service/tasks/task_service.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "engine/states/task_machine.h"
#include "service/payloads/json_check.h"
#include "service/server/grpc_status.h"
#include "service/tasks/new_task_id.h"

namespace tasker::service {
namespace {

constexpr int kTagsMax = 32;
constexpr std::size_t kTagBytesMax = 128;
constexpr std::size_t kOriginBytesMax = 1024;
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
  return absl::OkStatus();
}

void SetPosition(storage::PartitionId partition, storage::Sequence sequence,
                 v1::Position& position) {
  position.set_partition(Raw(partition));
  position.set_sequence(Raw(sequence));
}

}  // namespace

absl::StatusOr<engine::CreateTask> TaskService::CommandOf(
    const v1::CreateTaskRequest& request) const {
  if (absl::Status origin = CheckOrigin(request); !origin.ok()) return origin;
  absl::StatusOr<TemplateRegistry::EntryPtr> found =
      templates_.Find(request.namespace_(), request.name(), request.version());
  if (!found.ok()) return found.status();
  std::string context = request.context().empty() ? "{}" : request.context();
  if (absl::Status json = CheckJson(context, JsonKind::kObject, payload_bytes_max_, "context");
      !json.ok()) {
    return json;
  }
  if (absl::Status schema = (*found)->CheckContext(context); !schema.ok()) return schema;
  return engine::CreateTask{NewTaskId(),
                            (*found)->compiled,
                            engine::MakePayload(std::move(context)),
                            {OrUnknown(request.initiator()),
                             OrUnknown(request.source_system()),
                             OrUnknown(request.reason()),
                             {request.tags().begin(), request.tags().end()}}};
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
  response->set_task_id(command->task.ToString());
  response->set_version(command->task_template->id.version);
  runner_.Submit(*std::move(command),
                 [this, reactor, response](const absl::Status& answer, storage::Sequence sequence) {
                   SetPosition(partition_, sequence, *response->mutable_position());
                   reactor->Finish(ToGrpc(answer));
                 });
  return reactor;
}

grpc::ServerUnaryReactor* TaskService::GetTask(grpc::CallbackServerContext* context,
                                               const v1::GetTaskRequest* request,
                                               v1::GetTaskResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<engine::TaskId> id = ParseId(request->task_id());
  absl::StatusOr<v1::Task> task = id.ok() ? reader_.Read(*id) : id.status();
  if (task.ok()) *response->mutable_task() = *std::move(task);
  reactor->Finish(ToGrpc(task.status()));
  return reactor;
}

grpc::ServerUnaryReactor* TaskService::ListTasks(grpc::CallbackServerContext* context,
                                                 const v1::ListTasksRequest* request,
                                                 v1::ListTasksResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<v1::ListTasksResponse> page = reader_.List(*request);
  if (page.ok()) *response = *std::move(page);
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
