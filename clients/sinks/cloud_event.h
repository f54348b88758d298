// Events as CloudEvents 1.0, in JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "config/sinks/sink_settings.h"
#include "tasker/v1/event.pb.h"

namespace tasker::sinks {

// What a sink delivers: one event, written once and the same at each attempt.
struct CloudEvent {
  // Unique, and the same whenever the event is read again.
  std::string id;
  // As the service calls it, such as `step.completed`.
  std::string name;
  // Empty for events that concern no task.
  std::string task_id;
  std::string namespace_name;
  std::string task_name;
  // The whole, without line breaks.
  std::string json;
};

// Media types of the JSON event format, and of its batches.
inline constexpr std::string_view kMediaType = "application/cloudevents+json; charset=utf-8";
inline constexpr std::string_view kBatchMediaType =
    "application/cloudevents-batch+json; charset=utf-8";

// The payload goes into it byte for byte (white space aside), so no number loses a digit. A payload
// that is not JSON, which the service lets nobody publish, goes as `data_base64`.
//
//   id              the event's
//   source          `settings.source`/NAMESPACE
//   type            `settings.type_prefix` and the name
//   subject         the task's id
//   time            when the change was made
//   taskid, taskname, tasknamespace, taskversion, stepid, stepname, attempt: where they are
//   concerned sequence        the commit, in 20 digits, so that texts order as the numbers do
//   cursor          for Subscribe
//   partitionkey    the task's id
//   traceparent     where there is a trace: its id, and a span's that follows from the event's id
CloudEvent ToCloudEvent(const v1::Event& event, const config::CloudEventSettings& settings);

// The same from what ToCloudEvent wrote. INVALID_ARGUMENT: it is no CloudEvent, and why.
absl::StatusOr<CloudEvent> ParseCloudEvent(std::string_view json,
                                           const config::CloudEventSettings& settings);

}  // namespace tasker::sinks
