// What a named subscription is made of, checked and stored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <google/protobuf/duration.pb.h>

#include "service/events/event_cursor.h"
#include "tasker/storage/v1/records.pb.h"
#include "tasker/v1/event_subscription.pb.h"

namespace tasker::service {

// Error: INVALID_ARGUMENT: empty, too long, or has other characters; `field` is named.
absl::Status CheckSubscriptionName(std::string_view name, std::string_view field);

// Microseconds. `given`: null: the default. Error: INVALID_ARGUMENT: out of bounds.
absl::StatusOr<std::int64_t> AckTimeoutOf(const google::protobuf::Duration* given);

// Whether both match the same, as far as their fields show it: neither the order of values nor
// repeated ones count, nor upper case in ids.
bool SameFilter(const v1::EventFilter& one, const v1::EventFilter& other);

storage::v1::EventPlaceRecord PlaceOf(const EventCursor& cursor);
EventCursor CursorOf(const storage::v1::EventPlaceRecord& place, storage::PartitionId partition);

}  // namespace tasker::service
