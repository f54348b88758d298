#include "service/tasks/sub_task_starter.h"

#include <string>
#include <utility>

#include "engine/model/error_classes.h"
#include "service/tasks/task_context.h"

namespace tasker::service {

void SubTaskStarter::Start(const engine::SubTaskRequest& request) const {
  absl::StatusOr<engine::CreateTask> command = CommandFor(request);
  if (command.ok()) {
    runner_->Submit(*std::move(command), nullptr);
    return;
  }
  runner_->Submit(
      engine::RefuseSubTask{request.parent.step, request.sub_task,
                            engine::MakeFailure(engine::kSubTaskFailed,
                                                std::string(command.status().message()), false)},
      nullptr);
}

absl::StatusOr<engine::CreateTask> SubTaskStarter::CommandFor(
    const engine::SubTaskRequest& request) const {
  const engine::TemplateId& id = request.template_id;
  const absl::StatusOr<TemplateRegistry::EntryPtr> found =
      templates_.Find(id.namespace_name, id.name, id.version);
  if (!found.ok()) return found.status();
  const absl::StatusOr<TaskContext> contexts = ContextFor(
      **found, std::string(engine::View(request.context)), payload_bytes_max_, "sub_task.context");
  if (!contexts.ok()) return contexts.status();
  return engine::CreateTask{.task = request.sub_task,
                            .task_template = TemplateForNewTask(templates_, *found, task_handlers_),
                            .context = contexts->effective,
                            .origin = request.origin,
                            .priority = request.priority,
                            .parent = request.parent,
                            .stored_context = contexts->given};
}

}  // namespace tasker::service
