#include "service/events/event_fields.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"

namespace tasker::service {
namespace {

using Json = config::ExpressionJson;

// `event` by the number of its field in the contract, the payload apart.
Json ValueOf(const v1::Event& event, int number) {
  switch (number) {
    case v1::Event::kEventIdFieldNumber:
      return event.event_id();
    case v1::Event::kNameFieldNumber:
      return event.name();
    case v1::Event::kCategoryFieldNumber:
      return event.category();
    case v1::Event::kTimestampFieldNumber:
      // Always with six digits, so that the order of the strings is that of the times.
      return absl::FormatTime(
          "%Y-%m-%dT%H:%M:%E6SZ",
          absl::FromUnixMicros(
              google::protobuf::util::TimeUtil::TimestampToMicroseconds(event.timestamp())),
          absl::UTCTimeZone());
    case v1::Event::kCursorFieldNumber:
      return event.cursor();
    case v1::Event::kTaskIdFieldNumber:
      return event.task_id();
    case v1::Event::kTaskNameFieldNumber:
      return event.task_name();
    case v1::Event::kNamespaceFieldNumber:
      return event.namespace_();
    case v1::Event::kVersionFieldNumber:
      return event.version();
    case v1::Event::kStepIdFieldNumber:
      return event.step_id();
    case v1::Event::kStepNameFieldNumber:
      return event.step_name();
    case v1::Event::kAttemptNumberFieldNumber:
      return event.attempt_number();
    case v1::Event::kPositionFieldNumber:
      return {{"partition", event.position().partition()},
              {"sequence", event.position().sequence()}};
    case v1::Event::kTraceIdFieldNumber:
      return event.trace_id();
    case v1::Event::kTagsFieldNumber:
      return std::vector<std::string>(event.tags().begin(), event.tags().end());
    case v1::Event::kPriorityFieldNumber:
      return event.has_priority() ? Json(event.priority()) : Json();
    default:
      return {};
  }
}

}  // namespace

absl::StatusOr<config::ExpressionValue> EventFields::Field(std::size_t field) {
  const int number = static_cast<int>(field) + 1;
  if (number != v1::Event::kPayloadFieldNumber) {
    return std::make_shared<const Json>(ValueOf(event_, number));
  }
  if (payload_ == nullptr) {
    Json payload = Json::parse(event_.payload(), nullptr, false);
    if (payload.is_discarded()) {
      return absl::InvalidArgumentError("the payload cannot be read as JSON");
    }
    payload_ = std::make_shared<const Json>(std::move(payload));
  }
  return payload_;
}

}  // namespace tasker::service
