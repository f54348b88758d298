#include "service/events/subscriptions/subscription_start.h"

namespace tasker::service {
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
