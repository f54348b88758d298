// Where in the log a named subscription is to start.
#pragma once

#include "absl/status/statusor.h"

#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// The start that a Subscribe asks for. Error: INVALID_ARGUMENT: one that is not for named
// subscriptions.
absl::StatusOr<v1::EventStart> StartIn(const v1::SubscribeRequest& request);

}  // namespace tasker::service
