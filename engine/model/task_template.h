// What a task is a run of: steps, their order, and how each is to be done.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/dag.h"
#include "engine/model/ids.h"

namespace tasker::engine {

// What a template is known by.
struct TemplateId {
  std::string namespace_name;
  std::string name;
  std::string version;

  auto operator<=>(const TemplateId&) const = default;

  // `namespace.name@version`.
  std::string ToString() const { return namespace_name + "." + name + "@" + version; }
};

// One step of a template. Defaults and meanings: shared FEATURES, "templates".
struct StepTemplate {
  std::string name;
  // For people.
  std::string description;
  // What a handler registers for to be handed this step.
  std::string handler_class;
  // Steps that must be done first: `depends_on_step`, then `depends_on_steps`, no duplicates.
  std::vector<StepIndex> parents;
  bool retryable = true;
  // Attempts in all, the first included; the first is always made.
  std::uint32_t retry_limit = 3;
  bool skippable = false;
  // Informative; nullopt: neither the step nor the template named one.
  std::optional<std::string> dependent_system;
  // JSON object with variables filled in, as handlers get it; empty: none. May hold secrets.
  std::string handler_config;
  // The same with each variable shown as `${NAME}`, for everyone else.
  std::string handler_config_shown;
};

// A validated template, immutable once made; shared by all tasks that run it, so it lives until
// the last of them has ended. Safe to read from any thread.
struct TaskTemplate {
  TemplateId id;
  // For people; may be empty.
  std::string description;
  // Prefix of the Ruby classes in the Rails engine; informative.
  std::string module_namespace;
  std::string task_handler_class;
  // Whether independent steps may run at the same time.
  bool concurrent = true;
  // JSON Schema of the context; empty: none.
  std::string schema;
  std::vector<StepTemplate> steps;
  // The order that the steps' parents give. Precondition of all that take a template: made from
  // exactly these.
  Dag dag;
};

using TaskTemplatePtr = std::shared_ptr<const TaskTemplate>;

}  // namespace tasker::engine
