// What of JSON Schema is taken, looked at before the library sees it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include <nlohmann/json.hpp>

namespace tasker::config {

// Refuses what would let a schema or a document hold up or end the process: references out of the
// schema, schemas that apply themselves to the same value without end, patterns that RE2 does not
// take, and `patternProperties`, whose matching the library leaves to a regular expression engine
// without bounds. Error: INVALID_ARGUMENT with the JSON Pointer of the place.
absl::Status CheckSchema(const nlohmann::json& schema);

// Keywords under which WithOwnKeywords puts what it takes over from the library.
inline constexpr char kPatternKeyword[] = "tasker:pattern";
inline constexpr char kFormatKeyword[] = "tasker:format";
inline constexpr char kUniqueItemsKeyword[] = "tasker:uniqueItems";

// The schema with `pattern`, `format` and `uniqueItems` renamed to the above wherever they are
// keywords, so that schema_keywords.h checks them. Precondition: CheckSchema took it.
nlohmann::json WithOwnKeywords(nlohmann::json schema);

}  // namespace tasker::config
