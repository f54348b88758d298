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
  // Takes the context out of `assignment`.
  explicit Task(v1::Assignment& assignment);

  // A UUID in its usual text form.
  const std::string& id() const { return id_; }
  // The template's name.
  const std::string& name() const { return name_; }
  // The template's namespace.
  const std::string& namespace_name() const { return namespace_name_; }
  // The template's version.
  const std::string& version() const { return version_; }
  // The task's input, a JSON object.
  const Json& context() const { return context_.value(); }
  // The same as the text that was stored.
  std::string_view context_json() const { return context_.text(); }

 private:
  const std::string id_;
  const std::string name_;
  const std::string namespace_name_;
  const std::string version_;
  const LazyJson context_;
};

}  // namespace tasker::client
