#include "config/template_loader.h"

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "config/context_schema.h"
#include "config/environment_merge.h"
#include "config/step_limits.h"
#include "config/step_reader.h"
#include "config/yaml_document.h"
#include "config/yaml_fields.h"
#include "config/yaml_json.h"

namespace tasker::config {
namespace {

constexpr std::size_t kNameBytesMax = 256;
constexpr std::uint32_t kRunningStepsMax = 1'000'000;

const std::array<std::string, 20> kTopKeys = {"name",
                                              "task_handler_class",
                                              "step_templates",
                                              "module_namespace",
                                              "namespace_name",
                                              "version",
                                              "description",
                                              "concurrent",
                                              "schema",
                                              "named_steps",
                                              "environments",
                                              "custom_events",
                                              "default_dependent_system",
                                              "priority",
                                              "deadline",
                                              "max_running_steps",
                                              "identity",
                                              "identity_strategy",
                                              "retry",
                                              "timeouts"};

// Keys of the Rails engine's early days, and of other tools, and what they are called now.
constexpr std::array kOldNames = {std::pair("class_name", "task_handler_class"),
                                  std::pair("task_name", "name"),
                                  std::pair("namespace", "namespace_name")};

void NameOldKeys(const YamlMap& top, YamlReport& report) {
  for (const auto& [old_name, new_name] : kOldNames) {
    const YamlEntry* entry = FindEntry(top, old_name);
    if (entry == nullptr || FindEntry(top, new_name) != nullptr) continue;
    report.Error(entry->key_mark, old_name, absl::StrCat("is called `", new_name, "` now"));
  }
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

std::string ReadSchema(const YamlFields& fields, YamlReport& report) {
  const std::optional<YAML::Node> node = fields.Node("schema");
  if (!node) return "";
  if (!node->IsMap()) {
    fields.Error("schema", "must be a JSON Schema: a map");
    return "";
  }
  std::string schema = YamlToJson(nullptr, &report).Convert(*node, "schema").dump();
  if (const auto compiled = ContextSchema::Compile(schema); !compiled.ok()) {
    fields.Error("schema", std::string(compiled.status().message()));
  }
  return schema;
}

// How urgent tasks are, how long they may take, how many of their steps may run, and which are one.
void ReadTaskLimits(const YamlFields& fields, engine::TaskTemplate& made) {
  if (const auto text = fields.Text("priority")) {
    if (const auto priority = engine::ParsePriority(*text)) {
      made.priority = *priority;
    } else {
      fields.Error("priority",
                   absl::StrCat("`", *text, "` is none of low, normal, high, critical and 0 to 9"));
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
      fields.Error(key, absl::StrCat("`", *text, "` is none of always_unique, context and key"));
    }
  }
}

std::shared_ptr<engine::TaskTemplate> ReadTemplate(const YamlMap& top,
                                                   const TemplateOptions& options,
                                                   YamlReport& report) {
  const YAML::Mark start = top.empty() ? YAML::Mark::null_mark() : top[0].key_mark;
  const YamlFields fields(top, start, "", &report);
  NameOldKeys(top, report);
  fields.WarnOfUnknown(kTopKeys);

  auto made = std::make_shared<engine::TaskTemplate>();
  made->id.name = ReadIdPart(fields, "name", fields.RequiredText("name"), "");
  made->id.namespace_name =
      ReadIdPart(fields, "namespace_name", fields.Text("namespace_name"), "default");
  made->id.version = ReadIdPart(fields, "version", fields.Text("version"), "0.1.0");
  made->task_handler_class = fields.RequiredText("task_handler_class").value_or("");
  made->description = fields.Text("description").value_or("");
  made->module_namespace = fields.Text("module_namespace").value_or("");
  made->concurrent = fields.Flag("concurrent").value_or(true);
  made->schema = ReadSchema(fields, report);

  ReadTaskLimits(fields, *made);
  StepContext context;
  context.limits = ReadLimits(fields, {});
  context.namespace_name = made->id.namespace_name;
  context.dependent_system = fields.Text("default_dependent_system");
  if (fields.Node("named_steps")) context.named_steps = fields.TextList("named_steps");
  context.variables = &options.variables;
  if (const std::optional<YAML::Node> steps = fields.Node("step_templates")) {
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
  YAML::Mark mark = YAML::Mark::null_mark();
  mark.pos = static_cast<int>(at);
  mark.line = static_cast<int>(std::ranges::count(before, '\n'));
  mark.column = static_cast<int>(at - (before.rfind('\n') + 1));
  report.Error(mark, "", "has `<%`: this is ERB source, which has to be rendered first");
}

}  // namespace

LoadedTemplate LoadTemplate(std::string_view yaml, const TemplateOptions& options) {
  YamlReport report(options.source_name);
  std::shared_ptr<engine::TaskTemplate> made;
  RefuseErb(yaml, report);
  try {
    if (std::optional<YamlMap> top = ReadDocument(yaml, kTemplateBytesMax, report)) {
      made = ReadTemplate(MergeEnvironment(*std::move(top), options.environment, report), options,
                          report);
    }
  } catch (const std::exception& error) {
    // yaml-cpp throws where a node is not of the kind asked for; nothing of it may get out.
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

bool SameTemplateSource(std::string_view yaml, std::string_view other) {
  const auto meaning = [](std::string_view text) -> std::optional<nlohmann::json> {
    YamlReport report("");
    const std::optional<YamlMap> top = ReadDocument(text, kTemplateBytesMax, report);
    if (!top) return std::nullopt;
    nlohmann::json all;
    YamlToJson convert(nullptr, &report);
    for (const YamlEntry& entry : *top) all[entry.key] = convert.Convert(entry.value, entry.key);
    if (report.has_errors()) return std::nullopt;
    return all;
  };
  try {
    const std::optional<nlohmann::json> first = meaning(yaml);
    return first && first == meaning(other);
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace tasker::config
