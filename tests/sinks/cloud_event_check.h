// What CloudEvents 1.0 requires of a JSON event, written from the specification by itself.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <regex>
#include <string>

#include <nlohmann/json.hpp>

namespace tasker::sinks {

// Empty: `json` is a CloudEvent. Else what it breaks. Source: CloudEvents 1.0.2, "Required" and
// "Optional Attributes", "Type System" and "Extension Context Attributes"; its JSON Event Format,
// sections 2 and 3; RFC 3339 for `time`.
inline std::string WhyNoCloudEvent(const nlohmann::json& json) {
  if (!json.is_object()) return "no object";
  for (const char* name : {"specversion", "id", "source", "type"}) {
    if (!json.contains(name) || !json[name].is_string() || json[name].get<std::string>().empty()) {
      return std::string(name) + " must be a text that is not empty";
    }
  }
  if (json["specversion"] != "1.0") return "specversion must be 1.0";
  static const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))");
  static const std::regex kUriReference(R"([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+)");
  if (!std::regex_match(json["source"].get<std::string>(), kUriReference)) {
    return "source is no URI reference";
  }
  if (json.contains("data") && json.contains("data_base64")) return "data twice";
  for (const auto& [name, value] : json.items()) {
    if (name == "data") continue;
    if (name == "data_base64") {
      if (!value.is_string()) return "data_base64 must be a text";
      continue;
    }
    const bool good_name = !name.empty() && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
    if (!good_name) return name + ": names are lower-case letters and digits";
    if (value.is_string()) {
      if (value.get<std::string>().empty()) return name + " must not be empty";
    } else if (value.is_number_integer()) {
      const auto number = value.get<std::int64_t>();
      if (number < INT32_MIN || number > INT32_MAX) return name + " has more than 32 bits";
    } else if (!value.is_boolean()) {
      return name + " has a type that attributes do not have";
    }
  }
  for (const char* name : {"subject", "time", "datacontenttype", "dataschema"}) {
    if (json.contains(name) && !json[name].is_string())
      return std::string(name) + " must be a text";
  }
  if (json.contains("time") && !std::regex_match(json["time"].get<std::string>(), kTime)) {
    return "time is not as in RFC 3339";
  }
  return "";
}

}  // namespace tasker::sinks
