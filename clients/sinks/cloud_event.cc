#include "clients/sinks/cloud_event.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include <nlohmann/json.hpp>
#include <openssl/sha.h>

namespace tasker::sinks {
namespace {

using Json = nlohmann::ordered_json;

// What may stand in a part of a URI's path as it is.
bool IsUnreserved(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

std::string PathPart(std::string_view text) {
  std::string part;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      part += c;
    } else {
      part += absl::StrFormat("%%%02X", static_cast<unsigned char>(c));
    }
  }
  return part;
}

std::string TimeOf(const google::protobuf::Timestamp& timestamp) {
  const absl::Time time =
      absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

bool IsTraceId(std::string_view text) {
  return text.size() == 32 && std::ranges::any_of(text, [](char c) { return c != '0'; }) &&
         std::ranges::all_of(
             text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// W3C Trace Context names a span beside the trace: one that is the event's own. Sampled, as there
// would be no id otherwise.
std::string TraceParent(const std::string& trace_id, const std::string& event_id) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(event_id.data()), event_id.size(), digest);
  // All zeros would be no span.
  digest[0] |= 1;
  const std::string span(reinterpret_cast<const char*>(digest), 8);
  const absl::string_view view(span.data(), span.size());
  return "00-" + trace_id + "-" + std::string(absl::BytesToHexString(view)) + "-01";
}

void SetIfAny(Json& json, const char* name, const std::string& value) {
  if (!value.empty()) json[name] = value;
}

// Line breaks stand between values alone: within texts they are escaped.
void ReplaceLineBreaks(std::string& json) {
  for (char& c : json) {
    if (c == '\n' || c == '\r') c = ' ';
  }
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

CloudEvent ToCloudEvent(const v1::Event& event, const config::CloudEventSettings& settings) {
  Json json;
  json["specversion"] = "1.0";
  json["id"] = event.event_id();
  json["source"] = event.namespace_().empty()
                       ? settings.source
                       : settings.source + "/" + PathPart(event.namespace_());
  json["type"] = settings.type_prefix + event.name();
  SetIfAny(json, "subject", event.task_id());
  if (event.has_timestamp()) json["time"] = TimeOf(event.timestamp());
  json["datacontenttype"] = "application/json";
  SetIfAny(json, "taskid", event.task_id());
  SetIfAny(json, "taskname", event.task_name());
  SetIfAny(json, "tasknamespace", event.namespace_());
  SetIfAny(json, "taskversion", event.version());
  SetIfAny(json, "stepid", event.step_id());
  SetIfAny(json, "stepname", event.step_name());
  // CloudEvents' integers have 32 bits and a sign.
  if (event.attempt_number() > 0 && event.attempt_number() <= 0x7fffffffu) {
    json["attempt"] = event.attempt_number();
  }
  if (event.has_position())
    json["sequence"] = absl::StrFormat("%020d", event.position().sequence());
  SetIfAny(json, "cursor", event.cursor());
  SetIfAny(json, "partitionkey", event.task_id());
  if (IsTraceId(event.trace_id())) {
    json["traceparent"] = TraceParent(event.trace_id(), event.event_id());
  }
  std::string data = event.payload().empty() ? "{}" : event.payload();
  const bool is_json = nlohmann::json::accept(data);
  if (!is_json) json["data_base64"] = std::string(absl::Base64Escape(data));
  std::string text = Dump(json);
  if (is_json) {
    ReplaceLineBreaks(data);
    text.pop_back();
    text += ",\"data\":" + data + "}";
  }
  return {.id = event.event_id(),
          .name = event.name(),
          .task_id = event.task_id(),
          .namespace_name = event.namespace_(),
          .task_name = event.task_name(),
          .json = std::move(text)};
}

absl::StatusOr<CloudEvent> ParseCloudEvent(std::string_view text,
                                           const config::CloudEventSettings& settings) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("it is no JSON object");
  const auto text_of = [&](const char* name) -> std::string {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (text_of("specversion") != "1.0") {
    return absl::InvalidArgumentError("it is no CloudEvent of `specversion` 1.0");
  }
  CloudEvent event{.id = text_of("id"),
                   .name = text_of("type"),
                   .task_id = text_of("taskid"),
                   .namespace_name = text_of("tasknamespace"),
                   .task_name = text_of("taskname"),
                   .json = std::string(text)};
  if (event.id.empty() || event.name.empty()) {
    return absl::InvalidArgumentError("it has no `id`, or no `type`");
  }
  if (event.name.starts_with(settings.type_prefix)) {
    event.name.erase(0, settings.type_prefix.size());
  }
  ReplaceLineBreaks(event.json);
  return event;
}

}  // namespace tasker::sinks
