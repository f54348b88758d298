#include "config/environment_merge.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "config/spelling.h"

namespace tasker::config {
namespace {

constexpr char kStepTemplates[] = "step_templates";

// The scalar under `name` in a step, nullopt if it has none.
std::optional<std::string> NameOf(const YAML::Node& step) {
  if (!step.IsMap()) return std::nullopt;
  const YAML::Node name = step["name"];
  if (!name.IsDefined() || !name.IsScalar()) return std::nullopt;
  return name.Scalar();
}

YAML::Node MergeSteps(const YAML::Node& base, const YAML::Node& overrides, const std::string& path,
                      YamlReport& report) {
  std::vector<YAML::Node> steps(base.begin(), base.end());
  std::vector<std::string> names;
  names.reserve(steps.size());
  for (const YAML::Node& step : steps) names.push_back(NameOf(step).value_or(""));
  for (std::size_t i = 0; i < overrides.size() && !report.full(); ++i) {
    const YAML::Node over = overrides[i];
    const std::string place = absl::StrCat(path, "[", i, "]");
    const std::optional<std::string> name = NameOf(over);
    if (!name) {
      report.Error(over.Mark(), place, "needs the `name` of the step that it overrides");
      continue;
    }
    const auto found = std::ranges::find(names, *name);
    if (found == names.end()) {
      report.Warn(over.Mark(), place,
                  absl::StrCat("there is no step `", *name, "`, so this has no effect",
                               DidYouMean(*name, names)));
      continue;
    }
    YAML::Node& step = steps[static_cast<std::size_t>(found - names.begin())];
    step.reset(MergeDeeply(step, over));
  }
  YAML::Node merged(YAML::NodeType::Sequence);
  for (const YAML::Node& step : steps) merged.push_back(step);
  return merged;
}

}  // namespace

YAML::Node MergeDeeply(const YAML::Node& base, const YAML::Node& overrides) {
  if (!base.IsMap() || !overrides.IsMap()) return overrides;
  // yaml-cpp finds a key by looking at all of them.
  absl::flat_hash_map<std::string, YAML::Node> by_key;
  for (const auto& pair : overrides) {
    if (pair.first.IsScalar()) by_key.insert_or_assign(pair.first.Scalar(), pair.second);
  }
  YAML::Node merged(YAML::NodeType::Map);
  for (const auto& pair : base) {
    const auto over = pair.first.IsScalar() ? by_key.find(pair.first.Scalar()) : by_key.end();
    if (over == by_key.end()) {
      merged.force_insert(pair.first, pair.second);
      continue;
    }
    merged.force_insert(pair.first, MergeDeeply(pair.second, over->second));
    by_key.erase(over);
  }
  for (const auto& pair : overrides) {
    const bool is_new = pair.first.IsScalar() && by_key.contains(pair.first.Scalar());
    if (is_new) merged.force_insert(pair.first, pair.second);
  }
  return merged;
}

YamlMap MergeEnvironment(YamlMap top, const std::string& environment, YamlReport& report) {
  const YamlEntry* environments = FindEntry(top, "environments");
  if (environments == nullptr || environments->value.IsNull()) return top;
  if (!environments->value.IsMap()) {
    report.Error(environments->value.Mark(), "environments",
                 "must be a map from an environment's name to what differs there");
    return top;
  }
  const YamlMap all = EntriesOf(environments->value, "environments", report);
  const YamlEntry* chosen = FindEntry(all, environment);
  if (chosen == nullptr || chosen->value.IsNull()) return top;
  const std::string path = Join("environments", environment);
  if (!chosen->value.IsMap()) {
    report.Error(chosen->value.Mark(), path, "must be a map of the keys that differ");
    return top;
  }
  for (YamlEntry& over : EntriesOf(chosen->value, path, report)) {
    const auto base = std::ranges::find(top, over.key, &YamlEntry::key);
    if (base == top.end()) {
      top.push_back(std::move(over));
    } else if (over.key != kStepTemplates) {
      base->value.reset(MergeDeeply(base->value, over.value));
    } else if (!over.value.IsSequence()) {
      report.Error(over.value.Mark(), Join(path, kStepTemplates), "must be a list of steps");
    } else if (base->value.IsSequence()) {
      base->value.reset(MergeSteps(base->value, over.value, Join(path, kStepTemplates), report));
    }
  }
  return top;
}

}  // namespace tasker::config
