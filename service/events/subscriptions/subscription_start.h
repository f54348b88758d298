// Where in the log a named subscription is to start.
#pragma once

#include "absl/status/statusor.h"

#include "service/events/event_cursor.h"
#include "service/events/event_filter.h"
#include "service/events/event_log.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// The place. Errors: INVALID_ARGUMENT: not a cursor or position
// of this log; OUT_OF_RANGE: events behind it are no longer kept.
absl::StatusOr<EventCursor> ResolveStart(const v1::EventStart& start, const EventFilter& filter,
                                         const EventLog& log);

// The start that a Subscribe asks for. Error: INVALID_ARGUMENT: one that is not for named
// subscriptions.
absl::StatusOr<v1::EventStart> StartIn(const v1::SubscribeRequest& request);

}  // namespace tasker::service
