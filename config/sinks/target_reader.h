// Reads where a sink's events go.
#pragma once

#include <string>

#include "config/sinks/sink_fields.h"
#include "config/sinks/sink_settings.h"

namespace tasker::config {

// The kinds there are, for messages.
std::string TargetNames();

// Reads the map `target`, which has one key: the kind.
SinkTarget ReadTarget(const SinkFields& fields);

// The placeholders of a NATS subject: `tasker.{namespace}.{name}`.
inline constexpr const char* kSubjectPlaceholders[] = {"namespace", "name", "task_name", "task_id"};

}  // namespace tasker::config
