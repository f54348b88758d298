// Names of events that a subscriber may ask for.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tasker::cli::generate {

// What a subscriber asks for, checked.
struct SubscribedEvent {
  // As given: `task.completed`, or a pattern, `step.*`.
  std::string name;
  // Whether it stands for several names; its events have no method of their own.
  bool is_pattern = false;
  // Of a pattern: a name that it stands for, none of the others asked for; empty if there is none.
  std::string sample;
  // What the user should hear about it, a sentence; empty: nothing.
  std::string remark;

  // `task_completed`, as in `handle_task_completed`. Precondition: !is_pattern.
  std::string Snake() const;
};

// The checked `names`, in their order, each once. INVALID_ARGUMENT: none are given, one is
// malformed, or one is of a category of the service's own (`task.`, `step.`, ...) but tells of
// nothing there; the message says which, and the nearest that is known. Other dotted names in lower
// case are events of the user's own, such as `order.paid`.
absl::StatusOr<std::vector<SubscribedEvent>> CheckEvents(const std::vector<std::string>& names);

}  // namespace tasker::cli::generate
