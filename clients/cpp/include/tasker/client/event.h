// An event as subscribers see it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "tasker/client/lazy_json.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::client {

// Something that happened, once. Immutable, hence thread-safe.
class Event {
 public:
  explicit Event(v1::Event event);

  // Unique; the same whenever the event is read again.
  const std::string& id() const { return event_.event_id(); }
  // Dotted, such as `step.completed`.
  const std::string& name() const { return event_.name(); }
  // `task`, `step`, `workflow`, `observability`, `registry` or `custom`.
  const std::string& category() const { return event_.category(); }
  // When the change was made, by the service's clock.
  std::chrono::system_clock::time_point timestamp() const;
  // Subscribe after this to go on behind this event.
  const std::string& cursor() const { return event_.cursor(); }
  // The task concerned and its template; empty: none.
  const std::string& task_id() const { return event_.task_id(); }
  const std::string& task_name() const { return event_.task_name(); }
  const std::string& namespace_name() const { return event_.namespace_(); }
  const std::string& version() const { return event_.version(); }
  // The step concerned; empty: none.
  const std::string& step_id() const { return event_.step_id(); }
  const std::string& step_name() const { return event_.step_name(); }
  // Its attempt, from 1; 0: none.
  std::uint32_t attempt_number() const { return event_.attempt_number(); }
  // The event's own fields, an object; empty if what came is none.
  const Json& payload() const;

  // As it came, without its payload.
  const v1::Event& proto() const { return event_; }

 private:
  v1::Event event_;
  LazyJson payload_;
};

// The field `key` of the payload or, if it is not there, of the event itself (`task_id`, `name`,
// ...); `fallback` if it is nowhere, null or empty. Never throws but for memory.
Json safe_get(const Event& event, std::string_view key, Json fallback = nullptr);

}  // namespace tasker::client
