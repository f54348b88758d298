// What users write: what is done with a new task before any of its steps begins.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tasker/client/json.h"

namespace tasker::client {

// A task as it was asked for.
struct TaskRequest {
  // The template's name, namespace and version.
  std::string name = {};
  std::string namespace_name = {};
  std::string version = {};
  // The input, an object.
  Json context = Json::object();
  // Who asked.
  std::string initiator = {};
  // The system that asked.
  std::string source_system = {};
  // Why.
  std::string reason = {};
  // Free labels.
  std::vector<std::string> tags = {};
  // Steps to leave out.
  std::vector<std::string> bypass_steps = {};
  // When the service accepted it, by the service's clock.
  std::chrono::system_clock::time_point requested_at = {};
};

// Validates and initialises the tasks of one `task_handler_class`. One object does all of them, on
// several threads at once if the worker has several. May run more than once for a task.
class TaskHandler {
 public:
  virtual ~TaskHandler() = default;

  // Throws to refuse the task: it ends in error with the exception's class and message. A
  // RetryableError is tried again instead. The default takes every task.
  virtual void validate_task_request(const TaskRequest& task_request);

  // The context that the task has from then on: an object that satisfies the template's schema.
  // Exceptions count as those of StepHandler::process do. The default leaves it as it is.
  virtual Json initialize_task_context(const TaskRequest& task_request);
};

}  // namespace tasker::client
