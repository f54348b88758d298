#include "engine/flow/json_text.h"

namespace tasker::engine {

void AppendJsonString(std::string_view text, std::string& json) {
  constexpr std::string_view kHex = "0123456789abcdef";
  json.push_back('"');
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') {
      json.push_back('\\');
      json.push_back(each);
    } else if (byte < 0x20) {
      json.append("\\u00");
      json.push_back(kHex[byte >> 4]);
      json.push_back(kHex[byte & 0xf]);
    } else {
      json.push_back(each);
    }
  }
  json.push_back('"');
}

void AppendJsonValue(std::string_view value, std::string& json) {
  json.append(value.empty() ? "null" : value);
}

}  // namespace tasker::engine
