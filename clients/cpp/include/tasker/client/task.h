// The task that a step belongs to, as a handler sees it.
#pragma once

#include <string>
#include <string_view>

#include "tasker/client/lazy_json.h"

namespace tasker::v1 {
class Assignment;
}

namespace tasker::client {

// One run of a template. Immutable, hence thread-safe. Lives until `process` returns.
class Task {
 public:
  // Takes the context out of `assignment`, which must outlive the task.
  explicit Task(v1::Assignment& assignment);

  // A UUID in its usual text form.
  const std::string& id() const;
  // The template's name.
  const std::string& name() const;
  // The template's namespace.
  const std::string& namespace_name() const;
  // The template's version.
  const std::string& version() const;
  // How urgent it is, 0 to 9.
  std::uint32_t priority() const;
  // The task's input, a JSON object. Throws InvalidAssignmentError if it is none.
  const Json& context() const;
  // The same as the text that was stored.
  std::string_view context_json() const { return context_.text(); }

 private:
  const v1::Assignment& assignment_;
  const LazyJson context_;
};

}  // namespace tasker::client
