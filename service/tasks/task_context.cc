#include "service/tasks/task_context.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "config/context_defaults.h"
#include "service/payloads/json_check.h"

namespace tasker::service {

engine::TaskTemplatePtr TemplateForNewTask(const TemplateRegistry& templates,
                                           const TemplateRegistry::EntryPtr& entry,
                                           const TaskHandlerClasses& task_handlers) {
  return task_handlers.Contains(entry->compiled->task_handler_class) ? templates.Initialized(entry)
                                                                     : entry->compiled;
}

absl::StatusOr<TaskContext> ContextFor(const TemplateRegistry::Entry& entry, std::string given,
                                       std::uint64_t bytes_max, std::string_view what) {
  if (absl::Status json = CheckJson(given, JsonKind::kObject, bytes_max, what); !json.ok()) {
    return json;
  }
  TaskContext context;
  const std::string& defaults = entry.compiled->default_context;
  if (defaults.empty()) {
    context.effective = context.given = engine::MakePayload(std::move(given));
  } else {
    context.effective = engine::MakePayload(config::WithDefaults(given, defaults));
    context.given = engine::MakePayload(std::move(given));
    if (context.effective->size() > bytes_max) {
      return absl::ResourceExhaustedError(absl::StrCat(
          std::string(what), " with the template's `default_context`: ", context.effective->size(),
          " bytes are over the limit of ", bytes_max, " bytes"));
    }
  }
  if (absl::Status schema = entry.CheckContext(engine::View(context.effective)); !schema.ok()) {
    return schema;
  }
  return context;
}

}  // namespace tasker::service
