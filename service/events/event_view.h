// Events as clients see them.
#pragma once

#include "service/events/event_cursor.h"
#include "tasker/storage/v1/records.pb.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// The public form of a stored event that stands at `cursor`. Its payload holds the fields that
// shared FEATURES, "events", gives for its name.
v1::Event ViewOf(const storage::v1::EventRecord& record, const EventCursor& cursor);

}  // namespace tasker::service
