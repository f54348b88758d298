// What a task is a run of: steps, their order, and how each is to be done.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "engine/model/dag.h"
#include "engine/model/expression.h"
#include "engine/model/ids.h"
#include "engine/model/payload.h"
#include "engine/model/priority.h"
#include "engine/model/retry_curve.h"
#include "engine/model/time.h"

namespace tasker::engine {

// What a template is known by.
struct TemplateId {
  std::string namespace_name;
  std::string name;
  std::string version;
  // In a request for a template: that with the step that initialises its tasks. A template's own id
  // never says so.
  bool initialized = false;

  auto operator<=>(const TemplateId&) const = default;

  // `namespace.name@version`.
  std::string ToString() const { return namespace_name + "." + name + "@" + version; }
};

// How long parts of an attempt may take. Zero: as long as it likes.
struct StepTimeouts {
  // From ready to handed out.
  Duration schedule_to_start{};
  // From handed out to its result.
  Duration start_to_close{};
  // From one sign of life to the next.
  Duration heartbeat{};
};

// A step that is done once for each element of an array.
struct ForEach {
  // The array.
  ExpressionPtr items;
  // Items under way at one time; 0: no limit.
  std::uint32_t concurrency = 0;
};

// A step that runs another template, and whose results are those of that task.
struct SubTask {
  std::string namespace_name;
  std::string name;
  // Empty: the highest applied when the step begins.
  std::string version;
  // The new task's context, an object; null: the context of the task that runs it.
  ExpressionPtr context;
};

// A step that no handler does: it ends after a time, at a moment, or with a signal.
struct Wait {
  // How long to wait; used if neither of the others is set.
  Duration duration{};
  // Until when; null: see `duration`.
  ExpressionPtr until;
  // Which signal to wait for; empty: none. Its payload becomes the step's results.
  std::string signal;
  // How long to wait for the signal before the step fails; zero: for ever.
  Duration timeout{};
};

// What the payload of an event must be like. Immutable; safe to use from several threads.
class PayloadRules {
 public:
  virtual ~PayloadRules() = default;

  // Error: INVALID_ARGUMENT that names each fault and its place in the payload, a JSON object.
  virtual absl::Status Check(std::string_view payload) const = 0;
};

// An event that handlers of a step may publish.
struct CustomEvent {
  // Under which it is published.
  std::string name;
  // For people.
  std::string description;
  // JSON Schema of the payload; empty: any object.
  std::string schema = {};
  // The same with each variable shown as `${NAME}`.
  std::string schema_shown = {};
  // Null: any object will do.
  std::shared_ptr<const PayloadRules> rules = nullptr;
};

// One step of a template. Defaults and meanings: shared FEATURES, "templates", and
// docs/templates.md.
struct StepTemplate {
  std::string name;
  // For people.
  std::string description;
  // What a handler registers for to be handed this step. Empty where no handler does it.
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
  std::vector<CustomEvent> custom_events;

  StepTimeouts timeouts;
  // Null: as the service is set.
  std::shared_ptr<const RetryCurve> retry_curve;
  // Error classes that are never retried.
  std::vector<std::string> non_retryable;
  // Labels that a handler must have registered with.
  std::map<std::string, std::string> labels;
  // Whether the step goes to the handler that did the task's last sticky step, if it can.
  bool sticky = false;

  // The step runs only where this holds, and is skipped elsewhere; null: always.
  ExpressionPtr when;
  // Makes the step a decision: the names of those of `branches` that its results choose. The
  // others are left out, and with them every step that only they lead to. Null: no decision.
  ExpressionPtr choice;
  // Direct children among which `choice` chooses.
  std::vector<StepIndex> branches;
  // At most one of these two, and of the next.
  std::optional<SubTask> sub_task;
  std::optional<Wait> wait;
  // May be combined with a handler or a sub-task.
  std::optional<ForEach> for_each;
  // Runs only after the task failed, to undo this step if that was done.
  std::optional<StepIndex> compensates;
  // Runs only after the task failed, behind all that compensates.
  bool on_failure = false;

  // Whether it belongs to what is done only after a failure.
  bool in_reserve() const { return on_failure || compensates.has_value(); }

  // Not of a YAML template: a task handler validates and initialises the task by it, before every
  // other step. Its results are the task's context from then on.
  bool initializes = false;
};

// What steps that initialise tasks are handed out as, so that a step handler of the same name is no
// task handler.
inline std::string TaskHandlerRoute(std::string_view task_handler_class) {
  return "task handler " + std::string(task_handler_class);
}

// A context that a task handler gave, as the task works with it and as it is stored.
struct AcceptedContext {
  Payload effective;
  Payload stored;
};

// Decides what of a template's tasks may be a context. Safe to use from any thread.
class ContextRules {
 public:
  virtual ~ContextRules() = default;
  // Error: INVALID_ARGUMENT or RESOURCE_EXHAUSTED with what is wrong with it.
  virtual absl::StatusOr<AcceptedContext> Accept(const Payload& context) const = 0;
};

// How a task is told from another that asks for the same.
enum class Identity : std::uint8_t {
  kAlwaysUnique,
  // Tasks of the same template and context are one.
  kByContext,
  // Tasks with the same key, which every caller must give, are one.
  kByKey,
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
  // The same with each variable shown as `${NAME}`.
  std::string schema_shown;
  // JSON object that a task's context is laid over; empty: none. May hold secrets, so that a
  // context is stored as it was given.
  std::string default_context;
  // The same with each variable shown as `${NAME}`.
  std::string default_context_shown;
  // Events that handlers of any step may publish.
  std::vector<CustomEvent> custom_events;
  // Of tasks that are created without one.
  Priority priority = Priority::kNormal;
  Identity identity = Identity::kAlwaysUnique;
  // How long a task may take from its creation; zero: as long as it likes.
  Duration deadline{};
  // Steps of all its tasks that may be at handlers at one time; 0: no limit.
  std::uint32_t running_steps_max = 0;
  std::vector<StepTemplate> steps;
  // Set where the last of `steps` initialises; see StepTemplate.
  std::shared_ptr<const ContextRules> context_rules;
  // How many of `steps` are in reserve.
  std::uint32_t reserve_steps = 0;
  // Whether its last step initialises its tasks.
  bool initialized() const { return context_rules != nullptr; }

  // The order that the steps' parents give. Precondition of all that take a template: made from
  // exactly these.
  Dag dag;
};

using TaskTemplatePtr = std::shared_ptr<const TaskTemplate>;

}  // namespace tasker::engine
