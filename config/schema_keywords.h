// Keywords of JSON Schema that we check ourselves, in time and memory proportional to the document:
// `pattern` and `format` by RE2, since the library's std::regex recurses for each character, and
// `uniqueItems` by hashing, since the library compares all pairs and reports each.
#pragma once

#include <memory>

#include "config/valijson.h"

namespace tasker::config {

// Adds the keywords of schema_guard.h to the parser. Of the formats `date`, `time` and `date-time`
// (RFC 3339) are checked, by their form; the others tell only people, as draft 7 allows.
void AddOwnKeywords(valijson::SchemaParser& parser);

}  // namespace tasker::config
