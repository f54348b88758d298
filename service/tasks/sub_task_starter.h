// Creates the tasks that steps run.
#pragma once

#include <cstdint>

#include "engine/effects.h"
#include "service/handlers/task_handler_classes.h"
#include "service/pipeline/partition_runner.h"
#include "service/templates/template_registry.h"

namespace tasker::service {

// Answers the engine's requests. Called by one thread at a time.
class SubTaskStarter {
 public:
  // `templates` and `task_handlers` must outlive it.
  SubTaskStarter(std::uint64_t payload_bytes_max, const TemplateRegistry* templates,
                 const TaskHandlerClasses* task_handlers)
      : payload_bytes_max_(payload_bytes_max),
        templates_(*templates),
        task_handlers_(*task_handlers) {}

  // To be called before the first request; `runner` must outlive every request.
  void SubmitTo(PartitionRunner* runner) { runner_ = runner; }

  // Submits the task, or, if its template is not there or does not take the context, why it cannot
  // be created.
  void Start(const engine::SubTaskRequest& request) const;

 private:
  absl::StatusOr<engine::CreateTask> CommandFor(const engine::SubTaskRequest& request) const;

  const std::uint64_t payload_bytes_max_;
  const TemplateRegistry& templates_;
  const TaskHandlerClasses& task_handlers_;
  PartitionRunner* runner_ = nullptr;
};

}  // namespace tasker::service
