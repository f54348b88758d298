#include "service/events/event_view.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include <nlohmann/json.hpp>

#include "engine/events/event_names.h"
#include "engine/model/ids.h"
#include "service/events/event_filter.h"

namespace tasker::service {
namespace {

using Json = nlohmann::ordered_json;
using storage::v1::EventRecord;
namespace names = engine::event_names;

double Seconds(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }

Json TaskEnd(const EventRecord& record) {
  Json payload = {{"total_steps", record.total_steps()},
                  {"completed_steps", record.completed_steps()},
                  {"total_duration", Seconds(record.total_duration_us())},
                  {"execution_duration", Seconds(record.execution_duration_us())}};
  if (record.name() == names::kTaskFailed) {
    payload["error_message"] = record.error_message();
    payload["exception_class"] = record.error_class();
    payload["failed_steps"] =
        Json(std::vector<std::string>(record.failed_steps().begin(), record.failed_steps().end()));
  }
  if (record.name() == names::kTaskCancelled) payload["reason"] = record.reason();
  return payload;
}

Json StepFailed(const EventRecord& record) {
  Json payload = {{"error_class", record.error_class()},
                  {"error_message", record.error_message()},
                  {"backtrace", record.backtrace()},
                  {"execution_duration", Seconds(record.execution_duration_us())},
                  {"attempt_number", record.attempt()}};
  if (record.business()) payload["business"] = true;
  if (!record.payload().empty()) {
    Json details = Json::parse(record.payload(), nullptr, false);
    if (!details.is_discarded()) payload["details"] = std::move(details);
  }
  return payload;
}

Json PayloadOf(const EventRecord& record) {
  const std::string& name = record.name();
  if (name == names::kTaskCompleted || name == names::kTaskFailed ||
      name == names::kTaskCancelled) {
    return TaskEnd(record);
  }
  if (name == names::kTaskMigrated) {
    return {{"from_version", record.from_version()},
            {"to_version", record.version()},
            {"reason", record.reason()}};
  }
  if (name == names::kTaskInitializeRequested) return {{"reason", record.reason()}};
  if (name == names::kStepFailed) return StepFailed(record);
  if (name == names::kStepCompleted) {
    return {{"execution_duration", Seconds(record.execution_duration_us())},
            {"attempt_number", record.attempt()}};
  }
  if (name == names::kStepExecutionRequested) {
    return {{"attempt_number", record.attempt()}, {"handler_name", record.handler_name()}};
  }
  if (name == names::kStepBackoff) {
    return {{"backoff_seconds", Seconds(record.backoff_us())},
            {"backoff_type", record.server_requested() ? "server_requested" : "exponential"},
            {"attempt", record.attempt()}};
  }
  if (CategoryOf(name) == "registry") {
    if (!record.payload().empty()) return Json::parse(record.payload(), nullptr, false);
    return {{"handler_class", record.handler_class()},
            {"namespace_name", record.namespace_()},
            {"version", record.version()},
            {"handler_name", record.handler_name()}};
  }
  if (record.attempt() > 0) return {{"attempt_number", record.attempt()}};
  return Json::object();
}

}  // namespace

v1::Event ViewOf(const EventRecord& record, const EventCursor& cursor) {
  v1::Event event;
  const std::string position = cursor.ToString();
  // The position is unique for ever and the same at each reading, so it serves as the id as well.
  event.set_event_id(absl::StrCat("evt-", position));
  event.set_name(record.name());
  event.set_category(std::string(CategoryOf(record.name())));
  *event.mutable_timestamp() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(record.at_us());
  event.set_cursor(position);
  event.set_task_name(record.task_name());
  event.set_namespace_(record.namespace_());
  event.set_version(record.version());
  event.set_step_name(record.step_name());
  event.set_attempt_number(record.attempt());
  if (const auto task = engine::TaskId::FromBytes(record.task_id())) {
    event.set_task_id(task->ToString());
    if (record.step_plus_one() > 0) {
      event.set_step_id(engine::StepIdText(*task, engine::StepIndex{record.step_plus_one() - 1}));
    }
  }
  // What handlers wrote was checked to be UTF-8 when it came; `replace` is for what was not.
  event.set_payload(event.category() == "custom"
                        ? record.payload()
                        : PayloadOf(record).dump(-1, ' ', false, Json::error_handler_t::replace));
  return event;
}

}  // namespace tasker::service
