// Messages as JSON for scripts.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace tasker::cli {

enum class JsonLayout {
  // Indented, over many lines.
  kDocument,
  // On one line, as streams of objects want it.
  kLine,
};

// `message` in protobuf's JSON mapping (lowerCamelCase names, 64-bit integers as strings, enums by
// name, fields without a value included), with one difference: bytes are shown as the JSON they
// hold, digit for digit as it was stored, and `null` if there are none. Bytes that are no JSON,
// such as a template's source, become a string.
//
// INTERNAL: the message breaks protobuf's own rules, such as a timestamp in the year 12000.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message, JsonLayout layout);

// `json` laid out anew. Only blanks between values change, and control characters inside strings,
// which JSON allows beyond ASCII but a terminal does not deserve, are escaped.
// Precondition: `json` is valid.
std::string LayOutJson(std::string_view json, JsonLayout layout);

// Bytes that should hold JSON, for tables: on one line, or escaped as text if they are no JSON.
std::string PayloadText(std::string_view payload);

}  // namespace tasker::cli
