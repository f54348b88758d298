// Stored records as JSON and back.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include <google/protobuf/message.h>
#include <nlohmann/json_fwd.hpp>

namespace tasker::service {

// The fields that are set, by the names they have in records.proto: numbers as numbers, enums by
// name, bytes as text where they are text (JSON payloads, sources of templates), else as
// {"hex": "..."}.
nlohmann::ordered_json ToJson(const google::protobuf::Message& record);

// The reverse. Error: INVALID_ARGUMENT: a field is unknown or not of its kind; the message says
// which, beginning with `path`.
absl::Status FromJson(const nlohmann::ordered_json& json, std::string_view path,
                      google::protobuf::Message& record);

}  // namespace tasker::service
