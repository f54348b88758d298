#include "config/resolved_template.h"

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tasker::config {
namespace {

using Json = nlohmann::ordered_json;

Json Span(engine::Duration span) { return absl::FormatDuration(absl::FromChrono(span)); }

Json TextOrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json Parsed(const std::string& json) { return json.empty() ? Json() : Json::parse(json); }

Json NamesOf(const engine::TaskTemplate& from, const std::vector<engine::StepIndex>& steps) {
  Json names = Json::array();
  for (const engine::StepIndex step : steps) names.push_back(from.steps[Raw(step)].name);
  return names;
}

Json CurveJson(const engine::RetryCurve& curve) {
  Json json;
  if (curve.exponential) {
    json["base"] = Span(curve.exponential->base);
    json["factor"] = curve.exponential->factor;
  } else {
    json["backoff_seconds"] = Json::array();
    for (const engine::Duration delay : curve.backoff) {
      json["backoff_seconds"].push_back(Span(delay));
    }
    json["backoff_multiplier"] = curve.multiplier;
  }
  json["cap"] = Span(curve.delay_max);
  json["jitter"] = curve.jitter;
  return json;
}

void AddLimits(const engine::StepTemplate& step, Json& json) {
  Json retry = step.retry_curve != nullptr ? CurveJson(*step.retry_curve) : Json();
  if (!step.non_retryable.empty()) retry["non_retryable"] = step.non_retryable;
  if (!retry.is_null()) json["retry"] = std::move(retry);
  Json timeouts;
  const auto add = [&timeouts](const char* key, engine::Duration span) {
    if (span.count() > 0) timeouts[key] = Span(span);
  };
  add("schedule_to_start", step.timeouts.schedule_to_start);
  add("start_to_close", step.timeouts.start_to_close);
  add("heartbeat", step.timeouts.heartbeat);
  if (!timeouts.is_null()) json["timeouts"] = std::move(timeouts);
}

void AddWait(const engine::Wait& wait, Json& json) {
  if (!wait.signal.empty()) {
    json["wait_for_signal"] = {{"name", wait.signal}};
    if (wait.timeout.count() > 0) json["wait_for_signal"]["timeout"] = Span(wait.timeout);
  } else if (wait.until != nullptr) {
    json["wait_until"] = std::string(wait.until->text());
  } else {
    json["wait"] = Span(wait.duration);
  }
}

void AddSubTask(const engine::SubTask& sub_task, Json& json) {
  Json& into = json["sub_task"] = {{"name", sub_task.name}, {"namespace", sub_task.namespace_name}};
  if (!sub_task.version.empty()) into["version"] = sub_task.version;
  if (sub_task.context != nullptr) into["context"] = std::string(sub_task.context->text());
}

void AddFlow(const engine::TaskTemplate& from, const engine::StepTemplate& step, Json& json) {
  if (step.when != nullptr) json["when"] = std::string(step.when->text());
  if (step.choice != nullptr) {
    json["type"] = "decision";
    json["branches"] = NamesOf(from, step.branches);
  }
  if (step.for_each) {
    json["for_each"] = {{"items", std::string(step.for_each->items->text())}};
    if (step.for_each->concurrency > 0)
      json["for_each"]["concurrency"] = step.for_each->concurrency;
  }
  if (step.sub_task) AddSubTask(*step.sub_task, json);
  if (step.wait) AddWait(*step.wait, json);
  if (step.compensates) json["compensates"] = from.steps[Raw(*step.compensates)].name;
  if (step.on_failure) json["on_failure"] = true;
}

void AddCustomEvents(const std::vector<engine::CustomEvent>& events, Json& json) {
  for (const engine::CustomEvent& event : events) {
    Json shown = {{"name", event.name}, {"description", event.description}};
    if (!event.schema_shown.empty()) shown["schema"] = Parsed(event.schema_shown);
    json["custom_events"].push_back(std::move(shown));
  }
}

Json StepJson(const engine::TaskTemplate& from, const engine::StepTemplate& step) {
  Json json;
  json["name"] = step.name;
  json["description"] = step.description;
  json["handler_class"] = TextOrNull(step.handler_class);
  json["depends_on"] = NamesOf(from, step.parents);
  json["retryable"] = step.retryable;
  json["retry_limit"] = step.retry_limit;
  json["skippable"] = step.skippable;
  json["dependent_system"] = step.dependent_system ? Json(*step.dependent_system) : Json();
  json["handler_config"] = Parsed(step.handler_config_shown);
  AddLimits(step, json);
  if (!step.labels.empty()) json["labels"] = step.labels;
  if (step.sticky) json["sticky"] = true;
  AddCustomEvents(step.custom_events, json);
  AddFlow(from, step, json);
  return json;
}

}  // namespace

Json ResolvedJson(const engine::TaskTemplate& resolved) {
  Json json;
  json["name"] = resolved.id.name;
  json["namespace_name"] = resolved.id.namespace_name;
  json["version"] = resolved.id.version;
  json["description"] = TextOrNull(resolved.description);
  json["module_namespace"] = TextOrNull(resolved.module_namespace);
  json["task_handler_class"] = resolved.task_handler_class;
  json["concurrent"] = resolved.concurrent;
  json["has_schema"] = !resolved.schema.empty();
  if (!resolved.schema.empty()) json["schema"] = Parsed(resolved.schema_shown);
  if (!resolved.default_context.empty()) {
    json["default_context"] = Parsed(resolved.default_context_shown);
  }
  if (resolved.priority != engine::Priority::kNormal) {
    json["priority"] = static_cast<int>(resolved.priority);
  }
  if (resolved.deadline.count() > 0) json["deadline"] = Span(resolved.deadline);
  if (resolved.running_steps_max > 0) json["max_running_steps"] = resolved.running_steps_max;
  if (resolved.identity != engine::Identity::kAlwaysUnique) {
    json["identity"] = resolved.identity == engine::Identity::kByKey ? "key" : "context";
  }
  AddCustomEvents(resolved.custom_events, json);
  json["steps"] = Json::array();
  for (const engine::StepTemplate& step : resolved.steps) {
    json["steps"].push_back(StepJson(resolved, step));
  }
  return json;
}

}  // namespace tasker::config
