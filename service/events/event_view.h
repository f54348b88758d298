// Events as clients see them.
#pragma once

#include "service/events/event_cursor.h"
#include "tasker/storage/v1/records.pb.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// The public form of a stored event that stands at `cursor`, under the name of the mirror that the
// cursor is of, if it is one. Its payload has the fields that the catalog gives for its name.
v1::Event ViewOf(const storage::v1::EventRecord& record, const EventCursor& cursor);

}  // namespace tasker::service
