// The events that the applied templates declare.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "engine/command.h"
#include "service/templates/template_registry.h"

namespace tasker::service {

// One template's, or step's, word on an event.
struct Declaration {
  TemplateRegistry::EntryPtr entry;
  // Of that template.
  const engine::CustomEvent* event;
  // Empty: the template declares it for each of its steps.
  std::string step_name;
};

// By the events' names; of each by namespace, template and version.
using Declarations = std::map<std::string, std::vector<Declaration>, std::less<>>;

// Safe for concurrent use.
class DeclaredEvents {
 public:
  // `templates` must outlive this object.
  explicit DeclaredEvents(const TemplateRegistry* templates) : templates_(*templates) {}

  // Of all templates as they are now. Gathered anew only when there are others than before.
  std::shared_ptr<const Declarations> Now() const;

  // Whether an event that is about no task may be published: one of the declarations must allow it.
  // Errors: INVALID_ARGUMENT: none does, and why; FAILED_PRECONDITION: there is none, and
  // `only_declared`; the message names the nearest.
  absl::Status Check(const engine::PublishedEvent& event, bool only_declared) const;

 private:
  const TemplateRegistry& templates_;
  mutable absl::Mutex mutex_;
  // TemplateRegistry::changes() before they were gathered; unset: never.
  mutable std::optional<std::uint64_t> as_of_ ABSL_GUARDED_BY(mutex_);
  mutable std::shared_ptr<const Declarations> all_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::service
