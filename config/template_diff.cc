#include "config/template_diff.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include <nlohmann/json.hpp>

#include "config/template_loader.h"
#include "config/utf8.h"
#include "config/yaml/yaml_document.h"
#include "config/yaml/yaml_json.h"

namespace tasker::config {
namespace {

// In no order, so that only what counts is compared.
using Json = nlohmann::json;

constexpr char kSteps[] = "step_templates";

std::string NameOf(const Json& step, std::size_t place) {
  if (step.is_object() && step.contains("name") && step["name"].is_string()) {
    return step["name"].get<std::string>();
  }
  return absl::StrCat("#", place);
}

// A text as JSON whose steps are a map by name instead of a list.
struct Comparable {
  Json document;
  std::vector<std::string> order;
};

// Makes a map of a list of steps, if it is one in which each has a name of its own.
std::vector<std::string> NameSteps(Json& owner) {
  std::vector<std::string> order;
  if (!owner.is_object() || !owner.contains(kSteps) || !owner[kSteps].is_array()) return order;
  Json named = Json::object();
  for (const Json& step : owner[kSteps]) {
    std::string name = NameOf(step, order.size());
    if (named.contains(name)) return {};
    named[name] = step;
    order.push_back(std::move(name));
  }
  owner[kSteps] = std::move(named);
  return order;
}

absl::StatusOr<Comparable> Read(std::string_view yaml, const char* which) {
  YamlReport report(which);
  try {
    if (const auto document = YamlDocument::Parse(yaml, kTemplateBytesMax, report)) {
      Comparable made;
      made.document = Json(ToJson(document->top(), VariableForm::kWritten));
      made.order = NameSteps(made.document);
      if (made.document.contains("environments") && made.document["environments"].is_object()) {
        for (Json& environment : made.document["environments"]) NameSteps(environment);
      }
      return made;
    }
  } catch (const std::exception& error) {
    report.Error(error.what());
  }
  return absl::InvalidArgumentError(ToString(report.Take()));
}

// `/step_templates/charge/a/0` as `step_templates[charge].a[0]`.
std::string PathOf(const Json::json_pointer& pointer, const Json& document) {
  std::vector<std::string> tokens;
  for (Json::json_pointer at = pointer; !at.empty(); at.pop_back()) tokens.push_back(at.back());
  std::ranges::reverse(tokens);
  std::string path;
  const Json* owner = &document;
  bool below_steps = false;
  for (const std::string& token : tokens) {
    const bool in_list = owner != nullptr && owner->is_array();
    if (in_list || below_steps) {
      absl::StrAppend(&path, "[", token, "]");
    } else {
      path = Join(path, token);
    }
    below_steps = token == kSteps;
    const Json* next = nullptr;
    if (owner != nullptr && owner->is_object() && owner->contains(token)) next = &(*owner)[token];
    if (in_list && token != "-" && std::stoul(token) < owner->size()) {
      next = &(*owner)[std::stoul(token)];
    }
    owner = next;
  }
  return path;
}

std::string Cut(std::string json) {
  constexpr std::size_t kShown = 120;
  if (json.size() <= kShown) return json;
  return absl::StrCat(json.substr(0, CharacterStart(json, kShown)), "... (", json.size(),
                      " bytes)");
}

// Those of `names` that are among `others`.
std::vector<std::string> CommonTo(const std::vector<std::string>& names,
                                  const std::vector<std::string>& others) {
  const absl::flat_hash_set<std::string> known(others.begin(), others.end());
  std::vector<std::string> common;
  std::ranges::copy_if(names, std::back_inserter(common),
                       [&](const std::string& name) { return known.contains(name); });
  return common;
}

std::vector<TemplateDifference> Compare(const Comparable& before, const Comparable& after) {
  std::vector<TemplateDifference> differences;
  for (const Json& change : Json::diff(before.document, after.document)) {
    const Json::json_pointer pointer(change["path"].get<std::string>());
    const bool is_new = change["op"] == "add";
    TemplateDifference& made = differences.emplace_back();
    made.path = PathOf(pointer, is_new ? after.document : before.document);
    if (!is_new) made.before = before.document.at(pointer).dump();
    if (change["op"] != "remove") made.after = change["value"].dump();
  }
  const std::vector<std::string> first = CommonTo(before.order, after.order);
  const std::vector<std::string> second = CommonTo(after.order, before.order);
  if (first != second) {
    differences.push_back(
        {absl::StrCat(kSteps, " (order)"), Json(first).dump(), Json(second).dump()});
  }
  return differences;
}

}  // namespace

std::string TemplateDifference::ToString() const {
  if (!before) return absl::StrCat("+ ", path, ": ", Cut(*after));
  if (!after) return absl::StrCat("- ", path, ": ", Cut(*before));
  return absl::StrCat("~ ", path, ": ", Cut(*before), " -> ", Cut(*after));
}

absl::StatusOr<std::vector<TemplateDifference>> DiffTemplates(std::string_view before,
                                                              std::string_view after) {
  const absl::StatusOr<Comparable> first = Read(before, "before");
  if (!first.ok()) return first.status();
  const absl::StatusOr<Comparable> second = Read(after, "after");
  if (!second.ok()) return second.status();
  try {
    return Compare(*first, *second);
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("the templates cannot be compared: ", error.what()));
  }
}

std::string ToString(const std::vector<TemplateDifference>& differences, std::size_t most) {
  std::string text;
  for (const TemplateDifference& difference : differences) {
    if (most-- == 0) {
      absl::StrAppend(&text, "\n... and ", &differences.back() - &difference + 1, " more");
      break;
    }
    absl::StrAppend(&text, text.empty() ? "" : "\n", difference.ToString());
  }
  return text;
}

}  // namespace tasker::config
