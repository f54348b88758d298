#include "config/context_defaults.h"

#include <exception>
#include <optional>
#include <simdjson.h>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include <nlohmann/json.hpp>

namespace tasker::config {
namespace {

using Json = nlohmann::ordered_json;

// A key, and its value as it stands in the text.
struct Member {
  std::string key;
  std::string value;
};

// The members of an object; nullopt if `text` is none. Not a tree: numbers keep all their digits.
std::optional<std::vector<Member>> MembersOf(std::string_view text) {
  const simdjson::padded_string padded(text);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  std::vector<Member> members;
  for (auto field : object) {
    std::string_view key;
    std::string_view value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
        simdjson::to_json_string(field.value()).get(value) != simdjson::SUCCESS) {
      return std::nullopt;
    }
    members.push_back({std::string(key), std::string(value)});
  }
  return members;
}

void Append(const std::string& key, std::string_view value, std::string& json) {
  if (json.size() > 1) json += ',';
  json.append(Json(key).dump()).append(":").append(value);
}

std::string Merge(std::string_view context, const Json& defaults) {
  const std::optional<std::vector<Member>> members = MembersOf(context);
  if (!members) return std::string(context);
  absl::flat_hash_set<std::string> said;
  std::string json = "{";
  for (const Member& member : *members) {
    said.insert(member.key);
    const auto found = defaults.find(member.key);
    const bool both_objects =
        found != defaults.end() && found->is_object() && member.value.starts_with('{');
    Append(member.key, both_objects ? Merge(member.value, *found) : member.value, json);
  }
  for (const auto& [key, value] : defaults.items()) {
    if (!said.contains(key)) Append(key, value.dump(), json);
  }
  return json + "}";
}

std::string Subtract(std::string_view context, const Json& defaults) {
  const std::optional<std::vector<Member>> members = MembersOf(context);
  if (!members) return std::string(context);
  std::string json = "{";
  for (const Member& member : *members) {
    const auto found = defaults.find(member.key);
    if (found == defaults.end()) {
      Append(member.key, member.value, json);
    } else if (found->is_object() && member.value.starts_with('{')) {
      Append(member.key, Subtract(member.value, *found), json);
    } else if (Json::parse(member.value) != *found) {
      Append(member.key, member.value, json);
    }
  }
  return json + "}";
}

}  // namespace

std::string WithoutDefaults(std::string_view context, std::string_view defaults) {
  if (defaults.empty()) return std::string(context);
  try {
    return Subtract(context, Json::parse(defaults));
  } catch (const std::exception&) {
    return std::string(context);
  }
}

std::string WithDefaults(std::string_view context, std::string_view defaults) {
  if (defaults.empty()) return std::string(context);
  try {
    return Merge(context, Json::parse(defaults));
  } catch (const std::exception&) {
    // Neither can be: both were checked before.
    return std::string(context);
  }
}

}  // namespace tasker::config
