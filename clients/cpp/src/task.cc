#include "tasker/client/task.h"

#include <utility>

#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

Task::Task(v1::Assignment& assignment)
    : id_(assignment.task_id()),
      name_(assignment.task_name()),
      namespace_name_(assignment.namespace_()),
      version_(assignment.version()),
      context_(std::move(*assignment.mutable_context())) {}

}  // namespace tasker::client
