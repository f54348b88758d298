// The context and template of a task that is to be made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "engine/model/payload.h"
#include "service/handlers/task_handler_classes.h"
#include "service/templates/template_registry.h"

namespace tasker::service {

// What a task works with, and what is stored of it.
struct TaskContext {
  // With the template's defaults.
  engine::Payload effective;
  // As it was given.
  engine::Payload given;
};

// The template that a new task of `entry` runs on: with the step that initialises, if its class has
// a task handler.
engine::TaskTemplatePtr TemplateForNewTask(const TemplateRegistry& templates,
                                           const TemplateRegistry::EntryPtr& entry,
                                           const TaskHandlerClasses& task_handlers);

// Checks what a new task of `entry` was given, and lays it over the template's defaults. `what`
// names it in messages. Errors: INVALID_ARGUMENT: it is no JSON object, or breaks the template's
// schema; RESOURCE_EXHAUSTED: it is over the limit, alone or with the defaults.
absl::StatusOr<TaskContext> ContextFor(const TemplateRegistry::Entry& entry, std::string given,
                                       std::uint64_t bytes_max, std::string_view what);

}  // namespace tasker::service
