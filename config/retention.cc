#include "config/retention.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

#include "config/spelling.h"

namespace tasker::config {
namespace {

// An unknown key is an error, as everywhere in the settings: a rule that has no effect loses data,
// or fills a disk.
void RefuseUnknown(const YamlFields& fields, const std::vector<std::string>& known) {
  for (const std::string& key : fields.Keys()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    fields.Error(key, absl::StrCat("is not a setting", DidYouMean(key, known)));
  }
}

KeepLimits ReadLimits(const YamlFields& fields, const std::string& key) {
  KeepLimits limits;
  fields.WithMap(key, [&](const YamlFields& inner) {
    RefuseUnknown(inner, {"age", "count"});
    limits.age = inner.Span("age");
    limits.count = inner.Count("count", std::numeric_limits<std::uint32_t>::max());
  });
  return limits;
}

RetentionPolicy ReadPolicy(const YamlFields& fields) {
  return {ReadLimits(fields, "tasks"), ReadLimits(fields, "history"), ReadLimits(fields, "events")};
}

void ReadRules(const YamlFields& fields, YamlReport& report, std::vector<RetentionRule>& rules) {
  const YamlValue* list = fields.Find("rules");
  if (list == nullptr) return;
  if (!list->is_list()) {
    fields.Error("rules", "must be a list of maps with `namespace`, `template` and limits");
    return;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const YamlValue& node = *list->items[i];
    const std::string path = absl::StrCat("retention.rules[", i, "]");
    if (!node.is_map()) {
      report.Error(node.place, path, "must be a map");
      continue;
    }
    const YamlFields rule(node.entries, node.place, path, &report);
    RefuseUnknown(rule, {"namespace", "template", "tasks", "history", "events"});
    rules.push_back({rule.RequiredText("namespace").value_or(""),
                     rule.Text("template").value_or(""), ReadPolicy(rule)});
  }
}

void Overlay(const KeepLimits& over, KeepLimits& limits) {
  if (over.age) limits.age = over.age;
  if (over.count) limits.count = over.count;
}

void Overlay(const RetentionPolicy& over, RetentionPolicy& policy) {
  Overlay(over.tasks, policy.tasks);
  Overlay(over.history, policy.history);
  Overlay(over.events, policy.events);
}

}  // namespace

RetentionPolicy RetentionSettings::PolicyFor(std::string_view namespace_name,
                                             std::string_view template_name) const {
  RetentionPolicy policy = all;
  for (const bool of_template : {false, true}) {
    for (const RetentionRule& rule : rules) {
      if (rule.namespace_name != namespace_name) continue;
      if (of_template ? rule.template_name != template_name : !rule.template_name.empty()) continue;
      Overlay(rule.policy, policy);
    }
  }
  return policy;
}

RetentionSettings ReadRetention(const YamlFields& fields, YamlReport& report) {
  RetentionSettings retention;
  RefuseUnknown(fields, {"every", "tasks", "history", "events", "rules"});
  if (const auto every = fields.Span("every")) retention.every = *every;
  retention.all = ReadPolicy(fields);
  ReadRules(fields, report, retention.rules);
  return retention;
}

}  // namespace tasker::config
