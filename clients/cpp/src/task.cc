#include "tasker/client/task.h"

#include <utility>

#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

Task::Task(v1::Assignment& assignment)
    : assignment_(assignment),
      context_(std::move(*assignment.mutable_context()), "the task's context") {}

const std::string& Task::id() const { return assignment_.task_id(); }
const std::string& Task::name() const { return assignment_.task_name(); }
const std::string& Task::namespace_name() const { return assignment_.namespace_(); }
const std::string& Task::version() const { return assignment_.version(); }
std::uint32_t Task::priority() const { return assignment_.priority(); }

const Json& Task::context() const {
  static const Json kEmpty = Json::object();
  if (context_.text().empty()) return kEmpty;
  const Json& value = context_.value();
  if (!value.is_object()) {
    throw InvalidAssignmentError(std::string("the task's context is no JSON object but ") +
                                 value.type_name());
  }
  return value;
}

}  // namespace tasker::client
