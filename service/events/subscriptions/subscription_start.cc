#include "service/events/subscriptions/subscription_start.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tasker::service {
namespace {

absl::StatusOr<EventCursor> Behind(std::string_view text, const EventFilter& filter,
                                   const EventLog& log) {
  const std::optional<EventCursor> cursor = EventCursor::Parse(text);
  const EventCursor end = log.End();
  // Equal to the end is fine; past it, it was made by another store.
  if (!cursor || cursor->partition != end.partition || cursor->sequence > end.sequence) {
    return absl::InvalidArgumentError(
        absl::StrCat("after_cursor: \"", absl::CHexEscape(std::string(text)),
                     "\" is not a cursor of this service's event log"));
  }
  if (cursor->sequence < log.FloorFor(filter)) return log.PastRetention(filter);
  return *cursor;
}

}  // namespace

absl::StatusOr<EventCursor> ResolveStart(const v1::EventStart& start, const EventFilter& filter,
                                         const EventLog& log) {
  switch (start.start_case()) {
    case v1::EventStart::kFromEarliest:
      if (!start.from_earliest()) return log.End();
      return EventCursor{log.partition(), log.FloorFor(filter), EventCursor::kWholeCommit};
    case v1::EventStart::kAfterCursor:
      return Behind(start.after_cursor(), filter, log);
    case v1::EventStart::kFromTime:
    case v1::EventStart::kAfterPosition:
      return absl::UnimplementedError("this start is not there yet");
    case v1::EventStart::START_NOT_SET:
      return log.End();
  }
  return log.End();
}

absl::StatusOr<v1::EventStart> StartIn(const v1::SubscribeRequest& request) {
  v1::EventStart start;
  switch (request.start_case()) {
    case v1::SubscribeRequest::kFromEarliest:
      start.set_from_earliest(request.from_earliest());
      break;
    case v1::SubscribeRequest::kAfterCursor:
      start.set_after_cursor(request.after_cursor());
      break;
    case v1::SubscribeRequest::kFromTime:
      *start.mutable_from_time() = request.from_time();
      break;
    case v1::SubscribeRequest::kAfterPosition:
      *start.mutable_after_position() = request.after_position();
      break;
    case v1::SubscribeRequest::kSnapshot:
      return absl::InvalidArgumentError("snapshot: not with a named subscription");
    case v1::SubscribeRequest::START_NOT_SET:
      break;
  }
  return start;
}

}  // namespace tasker::service
