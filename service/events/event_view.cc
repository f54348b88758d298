#include "service/events/event_view.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include <nlohmann/json.hpp>

#include "config/events/event_name.h"
#include "engine/events/event_names.h"
#include "engine/model/ids.h"
#include "service/events/event_mirrors.h"
#include "service/pipeline/position.h"

namespace tasker::service {
namespace {

using Json = nlohmann::ordered_json;
using storage::v1::EventRecord;
namespace names = engine::event_names;

std::string TraceText(const EventRecord& record) {
  return absl::BytesToHexString(record.trace_id());
}

double Seconds(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }

void AddAttempt(const EventRecord& record, Json& payload) {
  if (record.attempt() > 0) payload["attempt_number"] = record.attempt();
}

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
  if (record.name() == names::kTaskCancelled || record.name() == names::kTaskResolvedManually) {
    payload["reason"] = record.reason();
  }
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

Json Backoff(const EventRecord& record) {
  Json payload = {{"backoff_seconds", Seconds(record.backoff_us())},
                  {"backoff_type", record.server_requested() ? "server_requested" : "exponential"},
                  {"attempt", record.attempt()}};
  // One that was stored before these were kept has none of them.
  if (!record.server_requested() && record.multiplier() > 0) {
    payload["base_delay"] = Seconds(record.base_delay_us());
    payload["multiplier"] = record.multiplier();
    payload["jitter"] = record.jitter();
  }
  return payload;
}

Json ViableSteps(const EventRecord& record) {
  Json ids = Json::array();
  if (const auto task = engine::TaskId::FromBytes(record.task_id())) {
    for (const std::uint32_t step : record.ready_steps_plus_one()) {
      ids.push_back(engine::StepIdText(*task, engine::StepIndex{step - 1}));
    }
  }
  return {{"step_ids", std::move(ids)},
          {"step_count", record.ready_steps()},
          {"processing_mode", record.sequential() ? "sequential" : "concurrent"}};
}

Json Registry(const EventRecord& record) {
  if (!record.payload().empty()) {
    Json payload = Json::parse(record.payload(), nullptr, false);
    return payload.is_discarded() ? Json::object() : payload;
  }
  return {{"handler_class", record.handler_class()},
          {"namespace_name", record.namespace_()},
          {"version", record.version()},
          {"handler_name", record.handler_name()}};
}

// What happened to a step because somebody asked for it, or the engine decided it.
Json Decided(const EventRecord& record) {
  Json payload = {{"reason", record.reason()}};
  AddAttempt(record, payload);
  return payload;
}

Json StepRetry(const EventRecord& record) {
  Json payload = Json::object();
  AddAttempt(record, payload);
  if (!record.reason().empty()) payload["retry_reason"] = record.reason();
  return payload;
}

Json PayloadOf(const EventRecord& record) {
  const std::string& name = record.name();
  if (name == names::kTaskCompleted || name == names::kTaskFailed ||
      name == names::kTaskCancelled || name == names::kTaskResolvedManually) {
    return TaskEnd(record);
  }
  if (name == names::kTaskRetryRequested) return {{"retry_reason", record.reason()}};
  if (name == names::kStepRetryRequested) return StepRetry(record);
  if (name == names::kStepCancelled || name == names::kStepResolvedManually ||
      name == names::kStepSkip) {
    return Decided(record);
  }
  if (name == names::kWorkflowViableStepsDiscovered) return ViableSteps(record);
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
  if (name == names::kStepBackoff) return Backoff(record);
  if (config::EventCategoryOf(name) == "registry") return Registry(record);
  Json payload = Json::object();
  AddAttempt(record, payload);
  return payload;
}

// The payload as it is sent: of a custom event as it was published.
std::string PayloadText(const EventRecord& record) {
  if (config::EventCategoryOf(record.name()) == "custom") return record.payload();
  Json payload = PayloadOf(record);
  if (!record.trace_id().empty()) payload["trace_id"] = TraceText(record);
  if (record.tags_size() > 0) {
    payload["tags"] = std::vector<std::string>(record.tags().begin(), record.tags().end());
  }
  // What handlers wrote was checked to be UTF-8 when it came; `replace` is for what was not.
  return payload.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

v1::Event ViewOf(const EventRecord& record, const EventCursor& cursor) {
  v1::Event event;
  const std::string position = cursor.ToString();
  // A facet that it has no more is seen by its own.
  const std::string_view name = NameOfFacet(record.name(), cursor.facet).value_or(record.name());
  // The position is unique for ever and the same at each reading, so it serves as the id as well.
  event.set_event_id(absl::StrCat("evt-", position));
  event.set_name(std::string(name));
  event.set_category(std::string(config::EventCategoryOf(name)));
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
  event.set_payload(PayloadText(record));
  SetPosition(cursor.partition, cursor.sequence, *event.mutable_position());
  event.set_trace_id(TraceText(record));
  *event.mutable_tags() = record.tags();
  if (record.priority_plus_one() > 0) event.set_priority(record.priority_plus_one() - 1);
  return event;
}

}  // namespace tasker::service
