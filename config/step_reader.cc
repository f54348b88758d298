#include "config/step_reader.h"

#include <algorithm>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "config/custom_events.h"
#include "config/shown_fields.h"
#include "config/spelling.h"
#include "config/step_flow.h"
#include "config/step_limits.h"
#include "config/template_keys.h"
#include "config/yaml/yaml_fields.h"
#include "engine/model/dag.h"

namespace tasker::config {
namespace {

constexpr std::size_t kStepsMax = 100'000;
constexpr std::uint32_t kRetryLimitMax = 1'000'000;
constexpr std::size_t kNameBytesMax = 256;
// Cycles that are told of.
constexpr std::size_t kCyclesMax = 20;

// A step whose parents are still names.
struct UnlinkedStep {
  engine::StepTemplate step;
  Place place;
  std::string path;
  // Each with the key and the place it stands under.
  struct Parent {
    std::string name;
    std::string path;
    Place place;
  };
  std::vector<Parent> parents;
  // What it is read from; its flow is read once the parents are known. Null: it is no map.
  std::unique_ptr<YamlFields> fields;
};

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::ranges::none_of(text, [](unsigned char c) { return absl::ascii_iscntrl(c); });
}

void ReadParents(const YamlFields& fields, UnlinkedStep& step) {
  absl::flat_hash_set<std::string> known;
  if (const auto one = fields.Text("depends_on_step")) {
    known.insert(*one);
    step.parents.push_back(
        {*one, Join(fields.path(), "depends_on_step"), fields.PlaceOf("depends_on_step")});
  }
  const std::string path = Join(fields.path(), "depends_on_steps");
  absl::flat_hash_set<std::string> listed;
  std::size_t index = 0;
  for (const YamlValue* parent : fields.Texts("depends_on_steps")) {
    const std::string where = Join(path, index++);
    if (!listed.insert(parent->text).second) {
      fields.Warn("depends_on_steps", absl::StrCat("names `", parent->text, "` twice"));
    }
    if (known.insert(parent->text).second) {
      step.parents.push_back({parent->text, where, parent->place});
    }
  }
}

void ReadLabels(const YamlFields& fields, engine::StepTemplate& step) {
  fields.WithMap("labels", [&](const YamlFields& labels) {
    for (const std::string& name : labels.Keys()) {
      if (const auto value = labels.RequiredText(name)) step.labels[name] = *value;
    }
  });
}

UnlinkedStep ReadStep(const YamlValue& value, std::string path, const StepContext& context,
                      YamlReport& report) {
  UnlinkedStep unlinked;
  unlinked.place = value.place;
  unlinked.path = std::move(path);
  // What is no map is told of once, and then has no fields.
  static const YamlMap kNone;
  if (!value.is_map()) {
    report.Error(value.place, unlinked.path, "must be a map of the step's keys");
    unlinked.fields = std::make_unique<YamlFields>(kNone, value.place, unlinked.path, &report);
    return unlinked;
  }
  unlinked.fields =
      std::make_unique<YamlFields>(value.entries, value.place, unlinked.path, &report);
  const YamlFields& fields = *unlinked.fields;
  fields.TellUnknown(kStepKeys, kStepKeyHints);
  engine::StepTemplate& step = unlinked.step;
  step.name = fields.RequiredText("name").value_or("");
  if (!step.name.empty() && !IsName(step.name)) {
    fields.Error("name", absl::StrCat("must have at most ", kNameBytesMax,
                                      " bytes and no control characters"));
  }
  step.handler_class = (IsDoneByHandler(fields) ? fields.RequiredText("handler_class")
                                                : fields.Text("handler_class"))
                           .value_or("");
  step.description =
      ReadShownText(fields, "description", context.reveal_variables).value_or(step.name);
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
  ReadLabels(fields, step);
  step.skippable = fields.Flag("skippable").value_or(step.skippable);
  step.dependent_system = ReadShownText(fields, "dependent_system", context.reveal_variables);
  if (!step.dependent_system) step.dependent_system = context.dependent_system;
  step.custom_events = ReadCustomEvents(fields, context.reveal_variables, report);
  JsonTexts config =
      ReadJsonTexts(fields, "handler_config", "must be a map", context.reveal_variables, report);
  step.handler_config = std::move(config.filled);
  step.handler_config_shown = std::move(config.shown);
  ReadParents(fields, unlinked);
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
      report.Error(steps[i].place, Join(steps[i].path, "name"),
                   absl::StrCat("`", name, "` is the name of step_templates[", Raw(earlier->second),
                                "] already"));
    }
    if (context.named_steps && !named.contains(name)) {
      report.Error(steps[i].place, Join(steps[i].path, "name"),
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
            parent.place, parent.path,
            absl::StrCat("there is no step `", parent.name, "`", DidYouMean(parent.name, names)));
      } else if (parent.name == unlinked.step.name) {
        report.Error(parent.place, parent.path, "a step cannot depend on itself");
      } else {
        unlinked.step.parents.push_back(found->second);
      }
    }
  }
}

// The names of a cycle's steps: `a -> b -> a`.
std::string CyclePath(const std::vector<engine::StepIndex>& cycle,
                      const std::vector<UnlinkedStep>& steps) {
  // Longer ones are cut in the middle: they are a line of a terminal, not a list.
  constexpr std::size_t kShown = 20;
  std::string path;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    if (cycle.size() > kShown && i == kShown / 2) {
      absl::StrAppend(&path, " -> (", cycle.size() - kShown, " more)");
    }
    if (cycle.size() > kShown && i >= kShown / 2 && i < cycle.size() - kShown / 2) continue;
    absl::StrAppend(&path, path.empty() ? "" : " -> ", steps[Raw(cycle[i])].step.name);
  }
  return path;
}

void CheckCycles(const std::vector<UnlinkedStep>& steps, YamlReport& report) {
  engine::ParentLists parents;
  for (const UnlinkedStep& step : steps) parents.push_back(step.step.parents);
  std::vector<bool> told(steps.size(), false);
  for (const auto& cycle : engine::FindCycles(parents, kCyclesMax)) {
    for (const engine::StepIndex step : cycle) told[Raw(step)] = true;
    const UnlinkedStep& first = steps[Raw(cycle.front())];
    report.Error(
        first.place, first.path,
        absl::StrCat("the steps wait for each other in a cycle: ", CyclePath(cycle, steps)));
  }
  for (const engine::StepIndex step : engine::FindUnreachable(parents)) {
    if (told[Raw(step)]) continue;
    report.Error(steps[Raw(step)].place, steps[Raw(step)].path,
                 absl::StrCat("`", steps[Raw(step)].step.name,
                              "` can never be reached: it waits for steps in a cycle"));
  }
}

void ReadFlows(std::vector<UnlinkedStep>& unlinked, const Places& places,
               const StepContext& context, YamlReport& report) {
  std::vector<LinkedStep> linked;
  linked.reserve(unlinked.size());
  for (UnlinkedStep& step : unlinked) {
    linked.push_back({&step.step, engine::StepIndex{static_cast<std::uint32_t>(linked.size())},
                      step.fields.get()});
  }
  ReadFlow(linked, places, context.namespace_name, report);
}

}  // namespace

std::vector<engine::StepTemplate> ReadSteps(const YamlValue& list, const StepContext& context,
                                            YamlReport& report) {
  if (!list.is_list()) {
    report.Error(list.place, "step_templates", "must be a list of steps");
    return {};
  }
  if (list.items.size() > kStepsMax) {
    report.Error(list.place, "step_templates",
                 absl::StrCat(list.items.size(), " steps are over the limit of ", kStepsMax));
    return {};
  }
  std::vector<UnlinkedStep> unlinked;
  unlinked.reserve(list.items.size());
  for (const YamlValue* step : list.items) {
    unlinked.push_back(ReadStep(*step, Join("step_templates", unlinked.size()), context, report));
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
