// The little JSON that the engine itself writes.
#pragma once

#include <string>
#include <string_view>

namespace tasker::engine {

// Appends `text` as a JSON string, quotes included. `text` must be UTF-8.
void AppendJsonString(std::string_view text, std::string& json);

// Appends `value`, JSON already, or `null` if it is empty.
void AppendJsonValue(std::string_view value, std::string& json);

}  // namespace tasker::engine
