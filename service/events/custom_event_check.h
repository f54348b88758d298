// Events that handlers and callers publish.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "engine/command.h"

namespace tasker::service {

// Checks an event's name and payload (JSON; empty: `{}`); `what` names it in messages. Errors:
// INVALID_ARGUMENT: the name is no dotted lower-case name, is too long or is one of the service's
// own, or the payload is no JSON object in UTF-8; RESOURCE_EXHAUSTED: the payload is too long.
absl::StatusOr<engine::PublishedEvent> CheckCustomEvent(const std::string& name,
                                                        std::string payload, std::string_view what);

}  // namespace tasker::service
