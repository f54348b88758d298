// Events for subscribers without a service.
#pragma once

#include <string>

#include "tasker/client/event.h"

namespace tasker::testkit {

// An event of that name. Of `fields`, those that every event has (task_id, task_name, namespace,
// version, step_id, step_name, attempt_number, event_id, cursor) are the event's own; all others
// are its payload.
client::Event FakeEvent(const std::string& name, const client::Json& fields = {});

}  // namespace tasker::testkit
