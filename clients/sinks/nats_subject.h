// The subject that an event is published to.
#pragma once

#include <string>

#include "clients/sinks/cloud_event.h"

namespace tasker::sinks {

// `pattern` with `{namespace}`, `{name}`, `{task_name}` and `{task_id}` filled in. In what is
// filled in, points of the name part it further; all else that means something in a subject (points
// elsewhere, white space, `*`, `>`) becomes `_`, and so does what is empty.
std::string NatsSubject(const std::string& pattern, const CloudEvent& event);

}  // namespace tasker::sinks
