// The fields of an event by their names, as conditions look at them.
#pragma once

#include <array>
#include <string_view>

#include "config/expressions/field_condition.h"
#include "tasker/v1/event.pb.h"

namespace tasker::service {

// The names of v1::Event's fields, in the order of their numbers.
inline constexpr std::array<std::string_view, 17> kEventFields = {
    "event_id",  "name",      "category", "timestamp", "cursor",    "task_id",
    "task_name", "namespace", "version",  "step_id",   "step_name", "attempt_number",
    "payload",   "position",  "trace_id", "tags",      "priority"};

// One event's. The payload is parsed when it is first looked at. Not thread-safe.
class EventFields final : public config::FieldValues {
 public:
  // `event` must outlive it.
  explicit EventFields(const v1::Event& event) : event_(event) {}

  // `field`: its place in kEventFields. What is unset is null, where the field can tell.
  absl::StatusOr<config::ExpressionValue> Field(std::size_t field) override;

 private:
  const v1::Event& event_;
  config::ExpressionValue payload_;
};

}  // namespace tasker::service
