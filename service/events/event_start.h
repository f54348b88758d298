// Where streams of events begin.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "engine/model/time.h"
#include "service/events/event_cursor.h"
#include "service/events/event_filter.h"
#include "service/events/event_log.h"
#include "storage/store.h"
#include "tasker/v1/event_service.pb.h"
#include "tasker/v1/position.pb.h"

namespace tasker::service {

// Works out the place behind which a stream goes on. Safe for concurrent use.
class EventStarts {
 public:
  // Both must outlive it.
  EventStarts(storage::Store* store, const EventLog* log) : store_(*store), log_(*log) {}

  // Of a named subscription. Errors: INVALID_ARGUMENT: a cursor that this service did not make, or
  // a time that is none. FAILED_PRECONDITION: a position that the log has not come to.
  // OUT_OF_RANGE: retention has removed events behind the start that `filter` could match; the
  // message names the earliest cursor. Else what the store answers.
  absl::StatusOr<EventCursor> Find(const v1::EventStart& start, const EventFilter& filter) const;

  // Of a call of Subscribe, `at_least` included; a snapshot starts at the log's end. Errors: the
  // same.
  absl::StatusOr<EventCursor> Find(const v1::SubscribeRequest& request,
                                   const EventFilter& filter) const;

  // Behind everything that is durable, events or not.
  absl::StatusOr<EventCursor> End() const;

 private:
  absl::StatusOr<EventCursor> AfterCursor(const std::string& text) const;
  absl::StatusOr<EventCursor> AfterPosition(const v1::Position& position,
                                            std::string_view field) const;
  absl::StatusOr<EventCursor> FromTime(const google::protobuf::Timestamp& time,
                                       const EventFilter& filter) const;
  // In front of the first event at or after `from`; a search, since the times of commits grow.
  absl::StatusOr<EventCursor> FirstSince(engine::Timestamp from) const;
  absl::Status CheckKept(const EventCursor& start, const EventFilter& filter) const;

  storage::Store& store_;
  const EventLog& log_;
};

}  // namespace tasker::service
