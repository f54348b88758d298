#include "config/step_reader.h"

#include <algorithm>
#include <array>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "config/spelling.h"
#include "config/step_flow.h"
#include "config/step_limits.h"
#include "config/yaml_fields.h"
#include "config/yaml_json.h"
#include "engine/model/dag.h"

namespace tasker::config {
namespace {

constexpr std::size_t kStepsMax = 100'000;
constexpr std::uint32_t kRetryLimitMax = 1'000'000;
constexpr std::size_t kNameBytesMax = 256;

const std::array<std::string, 26> kStepKeys = {"name",
                                               "description",
                                               "handler_class",
                                               "depends_on_step",
                                               "depends_on_steps",
                                               "default_retryable",
                                               "default_retry_limit",
                                               "skippable",
                                               "dependent_system",
                                               "handler_config",
                                               "custom_events",
                                               "retry",
                                               "timeouts",
                                               "labels",
                                               "sticky",
                                               "type",
                                               "when",
                                               "branches",
                                               "for_each",
                                               "sub_task",
                                               "wait",
                                               "wait_until",
                                               "wait_for_signal",
                                               "timeout",
                                               "compensates",
                                               "on_failure"};

// A step whose parents are still names.
struct UnlinkedStep {
  engine::StepTemplate step;
  YAML::Mark mark;
  std::string path;
  // Each with the key and the place it stands under.
  struct Parent {
    std::string name;
    std::string path;
    YAML::Mark mark;
  };
  std::vector<Parent> parents;
  // What it is read from; its flow is read once the parents are known.
  YamlMap map;
  std::unique_ptr<YamlFields> fields;
};

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::ranges::none_of(text, [](unsigned char c) { return absl::ascii_iscntrl(c); });
}

void ReadParents(const YamlFields& fields, const std::string& path, UnlinkedStep& step) {
  absl::flat_hash_set<std::string> known;
  const auto add = [&](const std::string& name, const std::string& where, const YAML::Mark& mark) {
    if (known.insert(name).second) step.parents.push_back({name, where, mark});
  };
  if (const auto one = fields.Text("depends_on_step")) {
    add(*one, Join(path, "depends_on_step"), fields.Node("depends_on_step")->Mark());
  }
  const std::vector<std::string> several = fields.TextList("depends_on_steps");
  const std::optional<YAML::Node> list = fields.Node("depends_on_steps");
  for (std::size_t i = 0; i < several.size(); ++i) {
    add(several[i], absl::StrCat(Join(path, "depends_on_steps"), "[", i, "]"), list->Mark());
  }
}

void ReadHandlerConfig(const YamlFields& fields, const std::string& path,
                       const StepContext& context, YamlReport& report, engine::StepTemplate& step) {
  const std::optional<YAML::Node> node = fields.Node("handler_config");
  if (!node) return;
  if (!node->IsMap()) {
    fields.Error("handler_config", "must be a map");
    return;
  }
  const std::string where = Join(path, "handler_config");
  step.handler_config = YamlToJson(context.variables, &report).Convert(*node, where).dump();
  // Read once more only for the names of the variables; what is wrong has been reported.
  YamlReport ignored("");
  step.handler_config_shown = YamlToJson(nullptr, &ignored).Convert(*node, where).dump();
}

UnlinkedStep ReadStep(const YAML::Node& node, std::string path, const StepContext& context,
                      YamlReport& report) {
  UnlinkedStep unlinked{{}, node.Mark(), std::move(path), {}, {}, nullptr};
  if (!node.IsMap()) {
    report.Error(node.Mark(), unlinked.path, "must be a map of the step's keys");
    return unlinked;
  }
  unlinked.map = EntriesOf(node, unlinked.path, report);
  // A step merged from two places has none of its own: its first key stands for it.
  if (unlinked.mark.is_null() && !unlinked.map.empty()) unlinked.mark = unlinked.map[0].key_mark;
  const YamlFields fields(unlinked.map, unlinked.mark, unlinked.path, &report);
  fields.WarnOfUnknown(kStepKeys);
  engine::StepTemplate& step = unlinked.step;
  step.name = fields.RequiredText("name").value_or("");
  if (!step.name.empty() && !IsName(step.name)) {
    fields.Error("name", absl::StrCat("must have at most ", kNameBytesMax,
                                      " bytes and no control characters"));
  }
  step.handler_class = (IsDoneByHandler(fields) ? fields.RequiredText("handler_class")
                                                : fields.Text("handler_class"))
                           .value_or("");
  step.description = fields.Text("description").value_or(step.name);
  step.retryable = fields.Flag("default_retryable").value_or(step.retryable);
  const LimitDefaults limits = ReadLimits(fields, context.limits);
  step.retry_limit = limits.retry_limit.value_or(step.retry_limit);
  if (const auto limit = fields.Count("default_retry_limit", kRetryLimitMax)) {
    step.retry_limit = *limit;
  }
  step.retry_curve = limits.retry_curve;
  step.non_retryable = limits.non_retryable;
  step.timeouts = limits.timeouts;
  step.sticky = fields.Flag("sticky").value_or(false);
  fields.WithMap("labels", [&](const YamlFields& labels) {
    for (const std::string& name : labels.Keys()) {
      if (const auto value = labels.RequiredText(name)) step.labels[name] = *value;
    }
  });
  step.skippable = fields.Flag("skippable").value_or(step.skippable);
  step.dependent_system = fields.Text("dependent_system");
  if (!step.dependent_system) step.dependent_system = context.dependent_system;
  ReadHandlerConfig(fields, unlinked.path, context, report, step);
  ReadParents(fields, unlinked.path, unlinked);
  return unlinked;
}

using Places = StepPlaces;

Places PlacesOf(const std::vector<UnlinkedStep>& steps, const StepContext& context,
                YamlReport& report) {
  Places places;
  absl::flat_hash_set<std::string> named;
  if (context.named_steps) named.insert(context.named_steps->begin(), context.named_steps->end());
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    const std::string& name = steps[i].step.name;
    if (name.empty()) continue;
    if (report.full()) break;
    const auto [earlier, first] = places.try_emplace(name, engine::StepIndex{i});
    if (!first) {
      report.Error(steps[i].mark, Join(steps[i].path, "name"),
                   absl::StrCat("`", name, "` is the name of step_templates[", Raw(earlier->second),
                                "] already"));
    }
    if (context.named_steps && !named.contains(name)) {
      report.Error(steps[i].mark, Join(steps[i].path, "name"),
                   absl::StrCat("`", name, "` is not in `named_steps`",
                                DidYouMean(name, *context.named_steps)));
    }
  }
  return places;
}

void Link(std::vector<UnlinkedStep>& steps, const Places& places, YamlReport& report) {
  std::vector<std::string> names;
  names.reserve(steps.size());
  for (const UnlinkedStep& step : steps) names.push_back(step.step.name);
  for (UnlinkedStep& unlinked : steps) {
    for (const UnlinkedStep::Parent& parent : unlinked.parents) {
      if (report.full()) return;
      const auto found = places.find(parent.name);
      if (found == places.end()) {
        report.Error(
            parent.mark, parent.path,
            absl::StrCat("there is no step `", parent.name, "`", DidYouMean(parent.name, names)));
      } else if (parent.name == unlinked.step.name) {
        report.Error(parent.mark, parent.path, "a step cannot depend on itself");
      } else {
        unlinked.step.parents.push_back(found->second);
      }
    }
  }
}

void CheckCycles(const std::vector<UnlinkedStep>& steps, YamlReport& report) {
  engine::ParentLists parents;
  for (const UnlinkedStep& step : steps) parents.push_back(step.step.parents);
  const std::vector<engine::StepIndex> cycle = engine::FindCycle(parents);
  if (cycle.empty()) return;
  std::string path;
  for (const engine::StepIndex step : cycle) {
    absl::StrAppend(&path, path.empty() ? "" : " -> ", steps[Raw(step)].step.name);
  }
  const UnlinkedStep& first = steps[Raw(cycle.front())];
  report.Error(first.mark, first.path,
               absl::StrCat("the steps wait for each other in a cycle: ", path));
}

void ReadFlows(std::vector<UnlinkedStep>& unlinked, const Places& places,
               const StepContext& context, YamlReport& report) {
  std::vector<LinkedStep> linked;
  linked.reserve(unlinked.size());
  for (UnlinkedStep& step : unlinked) {
    step.fields = std::make_unique<YamlFields>(step.map, step.mark, step.path, &report);
    linked.push_back({&step.step, engine::StepIndex{static_cast<std::uint32_t>(linked.size())},
                      step.fields.get()});
  }
  ReadFlow(linked, places, context.namespace_name);
}

}  // namespace

std::vector<engine::StepTemplate> ReadSteps(const YAML::Node& list, const StepContext& context,
                                            YamlReport& report) {
  if (!list.IsSequence()) {
    report.Error(list.Mark(), "step_templates", "must be a list of steps");
    return {};
  }
  if (list.size() > kStepsMax) {
    report.Error(list.Mark(), "step_templates",
                 absl::StrCat(list.size(), " steps are over the limit of ", kStepsMax));
    return {};
  }
  std::vector<UnlinkedStep> unlinked;
  unlinked.reserve(list.size());
  for (const YAML::Node& node : list) {
    unlinked.push_back(
        ReadStep(node, absl::StrCat("step_templates[", unlinked.size(), "]"), context, report));
  }
  const Places places = PlacesOf(unlinked, context, report);
  Link(unlinked, places, report);
  CheckCycles(unlinked, report);
  ReadFlows(unlinked, places, context, report);
  std::vector<engine::StepTemplate> steps;
  steps.reserve(unlinked.size());
  for (UnlinkedStep& step : unlinked) steps.push_back(std::move(step.step));
  return steps;
}

}  // namespace tasker::config
