#include "config/environment_merge.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "config/spelling.h"

namespace tasker::config {
namespace {

constexpr char kStepTemplates[] = "step_templates";

using Kind = YamlValue::Kind;

// The scalar under `name` in a step, nullopt if it has none.
std::optional<std::string> NameOf(const YamlValue& step) {
  const YamlEntry* name = FindEntry(step.entries, "name");
  if (name == nullptr || !name->value->is_scalar()) return std::nullopt;
  return name->value->text;
}

class Merger {
 public:
  Merger(YamlDocument& document, YamlReport& report) : document_(document), report_(report) {}

  // `base` with what `over` says laid over it.
  YamlValue* Merge(YamlValue* base, YamlValue* over) {
    if (!base->is_map() || !over->is_map()) return over;
    YamlValue& merged = document_.Make(Kind::kMap, base->place);
    merged.entries = base->entries;
    absl::flat_hash_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < merged.entries.size(); ++i) places[merged.entries[i].key] = i;
    for (const YamlEntry& entry : over->entries) {
      const auto found = places.find(entry.key);
      if (found == places.end()) {
        merged.entries.push_back(entry);
      } else {
        YamlEntry& place = merged.entries[found->second];
        place = {entry.key, entry.key_place, Merge(place.value, entry.value)};
      }
    }
    return &merged;
  }

  YamlValue* MergeSteps(const YamlValue& base, const YamlValue& over, const std::string& path) {
    YamlValue& merged = document_.Make(Kind::kList, base.place);
    merged.items = base.items;
    std::vector<std::string> names;
    absl::flat_hash_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < merged.items.size(); ++i) {
      names.push_back(NameOf(*merged.items[i]).value_or(""));
      places.try_emplace(names.back(), i);
    }
    for (std::size_t i = 0; i < over.items.size() && !report_.full(); ++i) {
      YamlValue* step = over.items[i];
      const std::optional<std::string> name = NameOf(*step);
      if (!name) {
        report_.Error(step->place, Join(path, i), "needs the `name` of the step that it overrides");
        continue;
      }
      const auto found = places.find(*name);
      if (found == places.end()) {
        report_.NoEffect(step->place, Join(path, i),
                         absl::StrCat("there is no step `", *name, "`, so this has no effect",
                                      DidYouMean(*name, names)));
        continue;
      }
      YamlValue*& place = merged.items[found->second];
      place = Merge(place, step);
    }
    return &merged;
  }

 private:
  YamlDocument& document_;
  YamlReport& report_;
};

}  // namespace

YamlMap MergeEnvironment(YamlDocument& document, const std::string& environment,
                         YamlReport& report) {
  YamlMap top = document.top();
  const YamlEntry* environments = FindEntry(top, "environments");
  if (environments == nullptr || environments->value->is_null()) return top;
  if (!environments->value->is_map()) {
    report.Error(environments->value->place, "environments",
                 "must be a map from an environment's name to what differs there");
    return top;
  }
  for (const YamlEntry& entry : environments->value->entries) {
    if (entry.value->is_map() || entry.value->is_null()) continue;
    report.Error(entry.value->place, Join("environments", entry.key),
                 "must be a map of the keys that differ");
  }
  const YamlEntry* chosen = FindEntry(environments->value->entries, environment);
  if (chosen == nullptr || !chosen->value->is_map()) return top;
  const std::string path = Join("environments", environment);
  Merger merger(document, report);
  for (const YamlEntry& over : chosen->value->entries) {
    const auto base = std::ranges::find(top, over.key, &YamlEntry::key);
    if (base == top.end()) {
      top.push_back(over);
    } else if (over.key != kStepTemplates) {
      base->value = merger.Merge(base->value, over.value);
    } else if (!over.value->is_list()) {
      report.Error(over.value->place, Join(path, kStepTemplates), "must be a list of steps");
    } else if (base->value->is_list()) {
      base->value = merger.MergeSteps(*base->value, *over.value, Join(path, kStepTemplates));
    }
  }
  return top;
}

}  // namespace tasker::config
