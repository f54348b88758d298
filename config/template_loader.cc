#include "config/template_loader.h"

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "config/context_schema.h"
#include "config/custom_events.h"
#include "config/environment_merge.h"
#include "config/shown_fields.h"
#include "config/step_limits.h"
#include "config/step_reader.h"
#include "config/template_keys.h"
#include "config/yaml/fill_variables.h"
#include "config/yaml/yaml_document.h"
#include "config/yaml/yaml_fields.h"
#include "config/yaml/yaml_json.h"

namespace tasker::config {
namespace {

constexpr std::size_t kNameBytesMax = 256;
constexpr std::uint32_t kRunningStepsMax = 1'000'000;

// Keys of the Rails engine's early days, and of other tools, and what they are called now.
constexpr std::array kOldNames = {std::pair("class_name", "task_handler_class"),
                                  std::pair("task_name", "name"),
                                  std::pair("namespace", "namespace_name")};

// Tells of keys that are not known: what they are called now is an error where the template goes
// without them.
void TellUnknownKeys(const YamlMap& top, const YamlFields& fields, YamlReport& report) {
  std::vector<std::string> told = kTemplateKeys;
  for (const auto& [old_name, new_name] : kOldNames) {
    const YamlEntry* entry = FindEntry(top, old_name);
    if (entry == nullptr || FindEntry(top, new_name) != nullptr) continue;
    report.Error(entry->key_place, old_name, absl::StrCat("is called `", new_name, "` now"));
    told.emplace_back(old_name);
  }
  fields.TellUnknown(told, kTemplateKeyHints);
}

// Parts of a template's id: they become keys, file names and labels.
std::string ReadIdPart(const YamlFields& fields, std::string_view key,
                       std::optional<std::string> text, std::string fallback) {
  if (!text || text->empty()) return fallback;
  const bool printable =
      std::ranges::none_of(*text, [](unsigned char c) { return absl::ascii_iscntrl(c); });
  if (text->size() > kNameBytesMax || !printable) {
    fields.Error(
        key, absl::StrCat("must have at most ", kNameBytesMax, " bytes and no control characters"));
  }
  return *std::move(text);
}

void ReadSchema(const YamlFields& fields, const TemplateOptions& options, YamlReport& report,
                engine::TaskTemplate& made) {
  JsonTexts schema = ReadJsonTexts(fields, "schema", "must be a JSON Schema: a map",
                                   options.reveal_variables, report);
  if (schema.filled.empty()) return;
  if (const auto compiled = ContextSchema::Compile(schema.filled); !compiled.ok()) {
    fields.Error("schema", std::string(compiled.status().message()));
  }
  made.schema = std::move(schema.filled);
  made.schema_shown = std::move(schema.shown);
}

// How urgent tasks are, how long they may take, how many of their steps may run, and which are one.
void ReadTaskLimits(const YamlFields& fields, engine::TaskTemplate& made) {
  if (std::optional<std::string> text = fields.Text("priority")) {
    // However the number is written: 7, 7.0, 0x7.
    if (const auto number = fields.MaybeNumber("priority")) text = absl::StrCat(*number);
    if (const auto priority = engine::ParsePriority(*text)) {
      made.priority = *priority;
    } else {
      fields.Error("priority", absl::StrCat("`", fields.Shown("priority"),
                                            "` is none of low, normal, high, critical and 0 to 9"));
    }
  }
  if (const auto deadline = fields.Span("deadline")) made.deadline = *deadline;
  made.running_steps_max = fields.Count("max_running_steps", kRunningStepsMax).value_or(0);
  // The successor's key and names stand beside ours.
  constexpr std::array kIdentities = {std::pair("always_unique", engine::Identity::kAlwaysUnique),
                                      std::pair("context", engine::Identity::kByContext),
                                      std::pair("strict", engine::Identity::kByContext),
                                      std::pair("key", engine::Identity::kByKey),
                                      std::pair("caller_provided", engine::Identity::kByKey)};
  for (const char* key : {"identity", "identity_strategy"}) {
    const std::optional<std::string> text = fields.Text(key);
    if (!text) continue;
    const auto found =
        std::ranges::find(kIdentities, *text, &std::pair<const char*, engine::Identity>::first);
    if (found != kIdentities.end()) {
      made.identity = found->second;
    } else {
      fields.Error(
          key, absl::StrCat("`", fields.Shown(key), "` is none of always_unique, context and key"));
    }
  }
}

std::shared_ptr<engine::TaskTemplate> ReadTemplate(const YamlMap& top,
                                                   const TemplateOptions& options,
                                                   YamlReport& report) {
  const Place start = top.empty() ? Place() : top[0].key_place;
  const YamlFields fields(top, start, "", &report);
  TellUnknownKeys(top, fields, report);

  auto made = std::make_shared<engine::TaskTemplate>();
  made->id.name = ReadIdPart(fields, "name", fields.RequiredText("name"), "");
  made->id.namespace_name =
      ReadIdPart(fields, "namespace_name", fields.Text("namespace_name"), "default");
  made->id.version = ReadIdPart(fields, "version", fields.Text("version"), "0.1.0");
  made->task_handler_class = fields.RequiredText("task_handler_class").value_or("");
  made->description = ReadShownText(fields, "description", options.reveal_variables).value_or("");
  made->module_namespace =
      ReadShownText(fields, "module_namespace", options.reveal_variables).value_or("");
  made->concurrent = fields.Flag("concurrent").value_or(true);
  ReadSchema(fields, options, report, *made);
  JsonTexts defaults = ReadJsonTexts(fields, "default_context",
                                     "must be a map: what tasks have in their context unless they "
                                     "say otherwise",
                                     options.reveal_variables, report);
  made->default_context = std::move(defaults.filled);
  made->default_context_shown = std::move(defaults.shown);
  made->custom_events = ReadCustomEvents(fields, options.reveal_variables, report);

  ReadTaskLimits(fields, *made);
  StepContext context;
  context.limits = ReadLimits(fields, {});
  context.namespace_name = made->id.namespace_name;
  if (fields.Has("default_dependent_system")) {
    context.dependent_system =
        ReadShownText(fields, "default_dependent_system", options.reveal_variables).value_or("");
  }
  if (fields.Has("named_steps")) context.named_steps = fields.TextList("named_steps");
  context.reveal_variables = options.reveal_variables;
  if (const YamlValue* steps = fields.Find("step_templates")) {
    made->steps = ReadSteps(*steps, context, report);
  } else {
    fields.Error("step_templates", "is required: a list of steps");
  }
  return made;
}

// The Rails engine's generators are ERB: read as they are, they would make templates with names
// such as `<%= name %>`.
void RefuseErb(std::string_view yaml, YamlReport& report) {
  const std::size_t at = yaml.find("<%");
  if (at == std::string_view::npos) return;
  const std::string_view before = yaml.substr(0, at);
  const Place place{static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
                    static_cast<std::uint32_t>(at - (before.rfind('\n') + 1) + 1)};
  report.Error(place, "", "has `<%`: this is ERB source, which has to be rendered first");
}

// What differs in environments that do not count has variables of theirs.
YamlMap WithoutEnvironments(YamlMap top) {
  std::erase_if(top, [](const YamlEntry& entry) { return entry.key == "environments"; });
  return top;
}

// Whether the template asks that all variables are set. What that says cannot be a variable.
bool AsksForStrictVariables(const YamlMap& top, YamlReport& report) {
  return YamlFields(top, {}, "", &report).Flag("strict_variables").value_or(false);
}

}  // namespace

LoadedTemplate LoadTemplate(std::string_view yaml, const TemplateOptions& options) {
  YamlReport report(options.source_name, options.strict);
  std::shared_ptr<engine::TaskTemplate> made;
  RefuseErb(yaml, report);
  try {
    if (auto document = YamlDocument::Parse(yaml, kTemplateBytesMax, report)) {
      const YamlMap top = MergeEnvironment(*document, options.environment, report);
      const bool strict = AsksForStrictVariables(top, report) || options.strict_variables;
      FillVariables(WithoutEnvironments(top), options.variables, strict, report);
      made = ReadTemplate(top, options, report);
    }
  } catch (const std::exception& error) {
    // Such as for want of memory; nothing of it may get out.
    report.Error(absl::StrCat("cannot be read as a template: ", error.what()));
  }
  LoadedTemplate loaded;
  if (made != nullptr && !report.has_errors()) {
    engine::ParentLists parents;
    for (const engine::StepTemplate& step : made->steps) parents.push_back(step.parents);
    made->dag = engine::Dag(parents);
    made->reserve_steps = static_cast<std::uint32_t>(
        std::ranges::count_if(made->steps, &engine::StepTemplate::in_reserve));
    loaded.compiled = std::move(made);
  }
  loaded.diagnostics = report.Take();
  return loaded;
}

std::vector<std::string> EnvironmentsOf(std::string_view yaml) {
  std::vector<std::string> names;
  YamlReport ignored("");
  try {
    const auto document = YamlDocument::Parse(yaml, kTemplateBytesMax, ignored);
    const YamlEntry* all = document ? FindEntry(document->top(), "environments") : nullptr;
    if (all == nullptr) return names;
    for (const YamlEntry& entry : all->value->entries) names.push_back(entry.key);
  } catch (const std::exception&) {
    names.clear();
  }
  return names;
}

Diagnostics LintTemplate(std::string_view yaml, const TemplateOptions& options) {
  Diagnostics all = LoadTemplate(yaml, options).diagnostics;
  if (!options.environment.empty()) return all;
  for (std::string& environment : EnvironmentsOf(yaml)) {
    TemplateOptions with = options;
    with.environment = std::move(environment);
    Diagnostics more = LoadTemplate(yaml, with).diagnostics;
    std::ranges::move(more, std::back_inserter(all));
  }
  SortAndDropRepeated(all);
  return all;
}

bool SameTemplateSource(std::string_view yaml, std::string_view other) {
  const auto meaning = [](std::string_view text) -> std::optional<nlohmann::json> {
    YamlReport report("");
    const auto document = YamlDocument::Parse(text, kTemplateBytesMax, report);
    if (!document) return std::nullopt;
    // Unlike what ToJson gives, in no order.
    return nlohmann::json(ToJson(document->top(), VariableForm::kWritten));
  };
  try {
    const std::optional<nlohmann::json> first = meaning(yaml);
    return first && first == meaning(other);
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace tasker::config
