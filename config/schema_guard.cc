#include "config/schema_guard.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include <re2/re2.h>

namespace tasker::config {
namespace {

using Json = nlohmann::json;
using Pointer = Json::json_pointer;

constexpr int kDepthMax = 200;

// Where schemas stand inside a schema: as the value of a keyword, as the items of its list, or as
// the values of its map. `in_place`: they apply to the same value, not to a part of it.
struct Place {
  std::string_view keyword;
  bool in_place;
};
constexpr std::array kSchemas = {Place{"not", true},
                                 Place{"if", true},
                                 Place{"then", true},
                                 Place{"else", true},
                                 Place{"items", false},
                                 Place{"additionalItems", false},
                                 Place{"additionalProperties", false},
                                 Place{"contains", false},
                                 Place{"propertyNames", false}};
constexpr std::array kLists = {Place{"allOf", true}, Place{"anyOf", true}, Place{"oneOf", true},
                               Place{"items", false}};
constexpr std::array kMaps = {Place{"properties", false}, Place{"definitions", false},
                              Place{"$defs", false}, Place{"dependencies", true}};

// Calls `visit` with each schema directly inside `schema`, its place below it, and whether it
// applies to the same value.
void ForEachInside(const Json& schema,
                   const std::function<void(const Json&, const Pointer&, bool)>& visit) {
  for (const Place& place : kSchemas) {
    const auto found = schema.find(place.keyword);
    if (found == schema.end() || !found->is_object()) continue;
    visit(*found, Pointer() / std::string(place.keyword), place.in_place);
  }
  for (const Place& place : kLists) {
    const auto found = schema.find(place.keyword);
    if (found == schema.end() || !found->is_array()) continue;
    for (std::size_t i = 0; i < found->size(); ++i) {
      visit((*found)[i], Pointer() / std::string(place.keyword) / i, place.in_place);
    }
  }
  for (const Place& place : kMaps) {
    const auto found = schema.find(place.keyword);
    if (found == schema.end() || !found->is_object()) continue;
    for (const auto& [name, inner] : found->items()) {
      if (inner.is_object()) {
        visit(inner, Pointer() / std::string(place.keyword) / name, place.in_place);
      }
    }
  }
}

class Guard {
 public:
  explicit Guard(const Json& root) : root_(root) {}

  absl::Status Check() {
    CheckAt(root_, Pointer(), 0);
    return result_;
  }

 private:
  void Refuse(const Pointer& at, std::string_view why) {
    const std::string place = at.to_string();
    if (!result_.ok()) return;
    result_ = absl::InvalidArgumentError(
        absl::StrCat("is not a JSON Schema that is taken here: ", place.empty() ? "(whole)" : place,
                     ": ", std::string(why)));
  }

  void CheckAt(const Json& schema, const Pointer& at, int depth) {
    if (!result_.ok() || !schema.is_object()) return;
    if (depth > kDepthMax) return Refuse(at, absl::StrCat("is nested deeper than ", kDepthMax));
    if (schema.contains("patternProperties")) {
      return Refuse(at / "patternProperties", "is not supported; name the properties");
    }
    CheckPattern(schema, at);
    CheckReference(schema, at);
    FindInPlaceCycle(schema, at);
    ForEachInside(schema, [&](const Json& inner, const Pointer& below, bool) {
      CheckAt(inner, at / below, depth + 1);
    });
  }

  void CheckPattern(const Json& schema, const Pointer& at) {
    const auto pattern = schema.find("pattern");
    if (pattern == schema.end()) return;
    if (!pattern->is_string()) return Refuse(at / "pattern", "must be a text");
    const RE2 compiled(pattern->get_ref<const std::string&>(), RE2::Quiet);
    if (!compiled.ok()) {
      Refuse(at / "pattern", absl::StrCat("is no regular expression of RE2: ", compiled.error()));
    }
  }

  void CheckReference(const Json& schema, const Pointer& at) {
    if (schema.contains("$ref") && TargetOf(schema) == nullptr) {
      Refuse(at / "$ref", "must be `#` or `#/...`, and lead to a place of this schema");
    }
  }

  // What the schema's `$ref` leads to; null if it has none, or it leads nowhere in this schema.
  const Json* TargetOf(const Json& schema) const {
    const auto reference = schema.find("$ref");
    if (reference == schema.end() || !reference->is_string()) return nullptr;
    const std::string& text = reference->get_ref<const std::string&>();
    if (!text.starts_with('#')) return nullptr;
    try {
      const Pointer pointer(text.substr(1));
      return pointer.empty() || root_.contains(pointer) ? &root_.at(pointer) : nullptr;
    } catch (const Json::exception&) {
      return nullptr;
    }
  }

  void FindInPlaceCycle(const Json& schema, const Pointer& at) {
    enum { kOpen = 1, kDone = 2 };
    if (!result_.ok() || !schema.is_object() || state_[&schema] == kDone) return;
    if (state_[&schema] == kOpen) return Refuse(at, "applies itself to the same value without end");
    state_[&schema] = kOpen;
    if (const Json* target = TargetOf(schema)) FindInPlaceCycle(*target, at);
    ForEachInside(schema, [&](const Json& inner, const Pointer&, bool in_place) {
      if (in_place) FindInPlaceCycle(inner, at);
    });
    state_[&schema] = kDone;
  }

  const Json& root_;
  absl::Status result_;
  std::map<const Json*, int> state_;
};

void Rename(Json& schema) {
  if (!schema.is_object()) return;
  for (const auto& [from, to] :
       {std::pair("pattern", kPatternKeyword), std::pair("format", kFormatKeyword),
        std::pair("uniqueItems", kUniqueItemsKeyword)}) {
    const auto found = schema.find(from);
    if (found == schema.end()) continue;
    Json value = std::move(*found);
    schema.erase(found);
    schema[to] = std::move(value);
  }
  std::vector<Pointer> inside;
  ForEachInside(schema, [&](const Json&, const Pointer& below, bool) { inside.push_back(below); });
  for (const Pointer& below : inside) Rename(schema.at(below));
}

}  // namespace

absl::Status CheckSchema(const Json& schema) {
  if (!schema.is_object() && !schema.is_boolean()) {
    return absl::InvalidArgumentError("is not a JSON Schema: must be an object");
  }
  return Guard(schema).Check();
}

Json WithOwnKeywords(Json schema) {
  Rename(schema);
  return schema;
}

}  // namespace tasker::config
