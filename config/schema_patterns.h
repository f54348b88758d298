// Patterns and formats of JSON Schema, matched by RE2: in linear time and little memory, whatever
// the pattern and the text. The library's own way (std::regex) recurses for each character.
#pragma once

#include <memory>

#include "config/valijson.h"

namespace tasker::config {

// Adds the keywords of schema_guard.h to the parser. Of the formats `date`, `time` and `date-time`
// (RFC 3339) are checked, by their form; the others tell only people, as draft 7 allows.
void AddPatternKeywords(valijson::SchemaParser& parser);

}  // namespace tasker::config
