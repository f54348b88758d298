#include "tasker/client/event.h"

#include <utility>

namespace tasker::client {

Event::Event(v1::Event event)
    : event_(std::move(event)),
      payload_(std::move(*event_.mutable_payload()), "the event's payload") {}

std::chrono::system_clock::time_point Event::timestamp() const {
  const auto since_epoch = std::chrono::seconds(event_.timestamp().seconds()) +
                           std::chrono::nanoseconds(event_.timestamp().nanos());
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(since_epoch));
}

const Json& Event::payload() const {
  static const Json kEmpty = Json::object();
  try {
    return payload_.value().is_object() ? payload_.value() : kEmpty;
  } catch (const InvalidAssignmentError&) {
    return kEmpty;
  }
}

namespace {

// The event's own field of that name; empty: none.
std::string OwnField(const Event& event, std::string_view key) {
  if (key == "id" || key == "event_id") return event.id();
  if (key == "name") return event.name();
  if (key == "category") return event.category();
  if (key == "cursor") return event.cursor();
  if (key == "task_id") return event.task_id();
  if (key == "task_name") return event.task_name();
  if (key == "namespace") return event.namespace_name();
  if (key == "version") return event.version();
  if (key == "step_id") return event.step_id();
  if (key == "step_name") return event.step_name();
  return {};
}

}  // namespace

Json safe_get(const Event& event, std::string_view key, Json fallback) {
  const auto found = event.payload().find(std::string(key));
  if (found != event.payload().end() && !found->is_null()) return *found;
  if (key == "attempt_number" && event.attempt_number() > 0) return event.attempt_number();
  if (std::string own = OwnField(event, key); !own.empty()) return own;
  return fallback;
}

}  // namespace tasker::client
