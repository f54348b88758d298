#include "clients/cli/generate/skeleton_values.h"

#include <string_view>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"

#include "clients/cli/generate/inflection.h"

namespace tasker::cli::generate {
namespace {

using Json = nlohmann::json;

std::string JoinAs(const std::vector<std::string>& parts, std::string_view separator,
                   std::string (*spelling)(std::string_view)) {
  std::vector<std::string> spelled;
  spelled.reserve(parts.size());
  for (const std::string& part : parts) spelled.push_back(spelling(part));
  return absl::StrJoin(spelled, std::string(separator));
}

// A text as YAML writes it: plain where it can be taken for nothing else.
std::string AsYaml(const std::string& text) {
  static constexpr std::string_view kOtherwise[] = {"y",   "n",    "yes",   "no",  "on",
                                                    "off", "true", "false", "null"};
  bool plain = !text.empty() && absl::ascii_isalpha(static_cast<unsigned char>(text[0]));
  for (const char c : text) {
    plain = plain && (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-');
  }
  for (const std::string_view word : kOtherwise)
    plain = plain && absl::AsciiStrToLower(text) != word;
  // JSON's texts are YAML's as well.
  return plain ? text : Json(text).dump();
}

// The folder's name as a package may be called.
std::string ProjectName(const Setting& setting) {
  std::error_code error;
  const auto folder = std::filesystem::canonical(setting.directory, error).filename().string();
  std::string name;
  for (const char c : folder) {
    const auto byte = static_cast<unsigned char>(c);
    const bool fits = absl::ascii_isalnum(byte);
    if (fits) name += absl::ascii_tolower(byte);
    if (!fits && !name.empty() && name.back() != '-') name += '-';
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  const bool starts = !name.empty() && absl::ascii_isalpha(static_cast<unsigned char>(name[0]));
  return starts ? name : "handlers";
}

// Modules of a task keep its template apart from another of the same name.
std::string NamespaceOf(const TaskName& task, const Setting& setting) {
  if (!setting.namespace_name.empty()) return setting.namespace_name;
  return task.modules.empty() ? "default" : JoinAs(task.modules, "_", Snake);
}

void AddProject(const Setting& setting, Json& fields) {
  fields["project"] = ProjectName(setting);
  std::error_code error;
  const bool rails =
      std::filesystem::is_regular_file(setting.directory / "spec" / "rails_helper.rb", error);
  fields["spec_helper"] = rails ? "rails_helper" : "spec_helper";
}

void AddTask(const TaskName& task, const Setting& setting, Json& fields) {
  const std::vector<std::string> parts = task.Parts();
  AddProject(setting, fields);
  fields["task_class"] = task.class_name;
  fields["task_full"] = task.Full();
  fields["task_name"] = task.Snake();
  fields["task_name_yaml"] = AsYaml(task.Snake());
  const std::string namespace_name = NamespaceOf(task, setting);
  fields["namespace_name"] = AsYaml(namespace_name);
  fields["default_namespace"] = namespace_name == "default";
  fields["module_namespace"] = task.Full();
  fields["task_slashes"] = JoinAs(parts, "/", Snake);
  fields["task_dots"] = JoinAs(parts, ".", Snake);
  fields["task_colons"] = JoinAs(parts, "::", Snake);
  fields["task_under"] = JoinAs(parts, "_", Snake);
  fields["task_kebab"] = JoinAs(parts, "/", Kebab);
  fields["task_flat"] = JoinAs(parts, "/", Flat);
  fields["task_joined"] = absl::StrJoin(parts, "");
  fields["task_package"] = Flat(task.class_name);
  std::string up;
  for (std::size_t i = 0; i < parts.size(); ++i) up += "../";
  fields["task_up"] = up;
}

Json StepFields(const StepRequest& request) {
  const StepName& step = request.name;
  Json depends_on = Json::array();
  for (const std::string& name : request.depends_on) {
    depends_on.push_back({{"name", name}, {"yaml", AsYaml(name)}, {"last", false}});
  }
  if (!depends_on.empty()) depends_on.back()["last"] = true;
  return {{"step_name", step.Snake()},
          {"step_name_yaml", AsYaml(step.Snake())},
          {"step_class", step.ClassName()},
          {"step_full", step.Full()},
          {"step_file", Snake(step.ClassName())},
          {"step_kebab", Kebab(step.ClassName())},
          {"api", request.api},
          {"has_dependencies", !depends_on.empty()},
          {"one_dependency", depends_on.size() == 1},
          {"first_dependency", request.depends_on.empty() ? "" : request.depends_on.front()},
          {"depends_on", depends_on}};
}

std::vector<std::string> ModulesAround(const TaskName& task) {
  std::vector<std::string> lines;
  lines.reserve(task.modules.size());
  for (const std::string& module : task.modules) lines.push_back("module " + module);
  return lines;
}

// Whether the C++ library's subscriber has a method for it to override.
bool HasMethod(std::string_view event) {
  const bool classic = event.starts_with("task.") || event.starts_with("step.");
  return classic && event != "task.migrated";
}

}  // namespace

Values ValuesOf(const TaskRequest& request, const Setting& setting) {
  Values values;
  AddTask(request.name, setting, values.fields);
  values.fields["is_task"] = true;
  values.fields["has_steps"] = !request.steps.empty();
  values.modules = ModulesAround(request.name);
  return values;
}

Values ValuesOf(const StepRequest& request, const Setting& setting) {
  Values values;
  AddTask(request.name.task, setting, values.fields);
  values.fields.update(StepFields(request));
  values.fields["is_task"] = false;
  values.fields["has_steps"] = true;
  values.modules = ModulesAround(request.name.task);
  return values;
}

Values ValuesOf(const SubscriberRequest& request, const Setting& setting) {
  Values values;
  Json& fields = values.fields;
  AddProject(setting, fields);
  fields["subscriber_class"] = request.name.ClassName();
  fields["subscriber_file"] = Snake(request.name.ClassName());
  fields["subscriber_kebab"] = Kebab(request.name.ClassName());
  fields["sample"] = "";
  Json events = Json::array();
  Json named = Json::array();
  for (const SubscribedEvent& event : request.events) {
    Json one = {{"name", event.name},
                {"last", false},
                {"pattern", event.is_pattern},
                {"sample", event.sample},
                {"overrides", HasMethod(event.name)},
                {"is_step", event.name.starts_with("step.")},
                {"is_task", !event.name.starts_with("step.")}};
    if (!event.is_pattern) {
      one["snake"] = event.Snake();
      one["camel"] = Camel(event.Snake());
      named.push_back(one);
    }
    events.push_back(one);
    if (!event.sample.empty()) fields["sample"] = event.sample;
  }
  fields["has_patterns"] = named.size() < events.size();
  events.back()["last"] = true;
  fields["first_name"] = events.front()["name"];
  fields["has_sample"] = !fields["sample"].get<std::string>().empty();
  fields["events"] = events;
  fields["named"] = named;
  return values;
}

}  // namespace tasker::cli::generate
