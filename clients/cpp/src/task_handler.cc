#include "tasker/client/task_handler.h"

namespace tasker::client {

void TaskHandler::validate_task_request(const TaskRequest& /*task_request*/) {}

Json TaskHandler::initialize_task_context(const TaskRequest& task_request) {
  return task_request.context;
}

}  // namespace tasker::client
