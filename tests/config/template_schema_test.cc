// That config/template.schema.json, which editors check templates with, says what the loader does.
#include <array>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <re2/re2.h>

#include "config/context_schema.h"
#include "config/template_keys.h"
#include "config/template_loader.h"
#include "config/yaml/yaml_document.h"
#include "config/yaml/yaml_json.h"
#include "tests/config/read_file.h"
#include "tests/config/wrong_templates.h"

namespace tasker::config {
namespace {

using ::testing::IsEmpty;
using Json = nlohmann::json;

const Json& Schema() {
  static const Json schema = Json::parse(ReadFile(SourcePath("config/template.schema.json")));
  return schema;
}

// What the schema has against a template; empty: nothing.
std::string SchemaSays(const std::string& yaml) {
  static const ContextSchema schema = *ContextSchema::Compile(Schema().dump());
  YamlReport report("t.yaml");
  const auto document = YamlDocument::Parse(yaml, kTemplateBytesMax, report);
  if (!document) return "no document";
  std::string said;
  for (const SchemaFault& fault :
       schema.Check(ToJson(document->top(), VariableForm::kWritten).dump())) {
    said += fault.pointer + ": " + fault.reason + "\n";
  }
  return said;
}

// Errors that tell of how one thing fits another, or of what a text says in a language of its own:
// none of it a matter of JSON Schema.
bool IsBeyondSchemas(const Diagnostic& error) {
  static const RE2 pattern(
      "there is no step|does not depend on|cannot stand|has a meaning only|has no meaning|column "
      "[0-9]+|cycle|cannot depend on|can depend on|cannot undo|is the name of|is not in "
      "`named_steps`|is not a JSON Schema|stands twice|runs only after|undoes|is ERB|is called|"
      "the variable|only in a `for_each`|`for_each` step");
  return RE2::PartialMatch(error.key_path + ": " + error.message, pattern);
}

// What the loader has against it that a schema could have as well.
std::string LoaderSays(const std::string& yaml) {
  TemplateOptions options;
  options.environment = "e";
  std::string said;
  for (const Diagnostic& diagnostic : LoadTemplate(yaml, options).diagnostics) {
    if (diagnostic.severity == Diagnostic::Severity::kError && !IsBeyondSchemas(diagnostic)) {
      said += diagnostic.ToString() + "\n";
    }
  }
  return said;
}

std::set<std::string> KeysIn(const Json& properties) {
  std::set<std::string> keys;
  for (const auto& [key, value] : properties.items()) keys.insert(key);
  return keys;
}

TEST(TemplateSchema, HasTheKeysThatTheLoaderKnows) {
  const auto same = [](const char* pointer, std::vector<std::string> known) {
    const Json& properties = Schema().at(Json::json_pointer(std::string(pointer) + "/properties"));
    EXPECT_EQ(KeysIn(properties), std::set<std::string>(known.begin(), known.end())) << pointer;
  };
  same("", kTemplateKeys);
  same("/definitions/step", kStepKeys);
  same("/definitions/retry", kRetryKeys);
  same("/definitions/timeouts", kTimeoutKeys);
  same("/definitions/custom_events/items", kCustomEventKeys);
  same("/definitions/step/properties/for_each", kForEachKeys);
  same("/definitions/step/properties/sub_task", kSubTaskKeys);
  same("/definitions/step/properties/wait_for_signal", kSignalKeys);
  std::vector<std::string> overridable = kTemplateKeys;
  std::erase(overridable, "environments");
  same("/definitions/environment", overridable);
}

TEST(TemplateSchema, SaysOfEachKeyWhatItIsFor) {
  for (const char* pointer : {"", "/definitions/step", "/definitions/retry"}) {
    const Json& properties = Schema().at(Json::json_pointer(std::string(pointer) + "/properties"));
    for (const auto& [key, value] : properties.items()) {
      EXPECT_TRUE(value.contains("description")) << pointer << " " << key;
    }
  }
}

TEST(TemplateSchema, TakesTheShippedTemplate) {
  EXPECT_EQ(SchemaSays(ReadFile(SourcePath("config/tasks/order_process.yaml"))), "");
}

TEST(TemplateSchema, RefusesWhatTheLoaderRefusesIfASchemaCan) {
  for (const WrongTemplate& wrong : WrongTemplates()) {
    // How long a span written in words may be is no matter of its pattern.
    if (LoaderSays(wrong.yaml).empty() || wrong.title == "a deadline of eleven years") continue;
    EXPECT_NE(SchemaSays(wrong.yaml), "") << wrong.title << "\n" << LoaderSays(wrong.yaml);
  }
}

// A place for a value: what stands before it and behind it.
struct Slot {
  std::string key;
  std::string before;
  std::string after;
};

std::vector<Slot> Slots() {
  const std::string top = "name: t\ntask_handler_class: T\n";
  const std::string steps = "\nstep_templates:\n  - name: a\n    handler_class: A\n";
  std::vector<Slot> slots;
  for (const std::string& key : kTemplateKeys) {
    // Not in an order that makes the last of two count.
    std::string rest;
    for (const char* needed : {"name: t\n", "task_handler_class: T\n"}) {
      if (!std::string(needed).starts_with(key + ":")) rest += needed;
    }
    slots.push_back({key, rest + key + ": ", key == "step_templates" ? "\n" : steps});
  }
  for (const std::string& key : kStepKeys) {
    std::string step = "step_templates:\n  - {";
    if (key != "name") step += "name: a, ";
    if (key == "branches") step += "type: decision, ";
    if (key == "timeout") {
      step += "wait_for_signal: x, ";
    } else if (key != "handler_class") {
      step += "handler_class: A, ";
    }
    slots.push_back({"step " + key, top + step + key + ": ", "}\n"});
  }
  for (const std::string& key : kRetryKeys) {
    slots.push_back({"retry " + key, top + "retry: {" + key + ": ", "}" + steps});
  }
  for (const std::string& key : kTimeoutKeys) {
    slots.push_back({"timeouts " + key, top + "timeouts: {" + key + ": ", "}" + steps});
  }
  const std::string own = "step_templates:\n  - {name: a, ";
  slots.push_back({"for_each items", top + own + "handler_class: A, for_each: {items: ", "}}\n"});
  slots.push_back(
      {"for_each concurrency",
       top + own + "handler_class: A, for_each: {items: context.x, concurrency: ", "}}\n"});
  slots.push_back({"sub_task name", top + own + "sub_task: {name: ", "}}\n"});
  slots.push_back({"sub_task version", top + own + "sub_task: {name: x, version: ", "}}\n"});
  slots.push_back({"signal name", top + own + "wait_for_signal: {name: ", "}}\n"});
  slots.push_back({"signal timeout", top + own + "wait_for_signal: {name: x, timeout: ", "}}\n"});
  slots.push_back({"label", top + own + "handler_class: A, labels: {x: ", "}}\n"});
  slots.push_back({"event", top + own + "handler_class: A, custom_events: [", "]}\n"});
  slots.push_back({"event name", top + own + "handler_class: A, custom_events: [{name: ", "}]}\n"});
  slots.push_back({"environment", top + "environments: {e: ", "}" + steps});
  return slots;
}

TEST(TemplateSchema, AgreesWithTheLoaderOnEveryValueOfEveryKey) {
  // Not 3.0 and 1e2, which are whole numbers to some validators only.
  constexpr std::array kValues = {"null",
                                  "~",
                                  "true",
                                  "yes",
                                  "'no'",
                                  "maybe",
                                  "0",
                                  "1",
                                  "3",
                                  "-1",
                                  "0.5",
                                  "1.5",
                                  "0x10",
                                  "101",
                                  "1000001",
                                  "4000000000",
                                  "'3'",
                                  "'0.5'",
                                  "'007'",
                                  "word",
                                  "''",
                                  "'two words'",
                                  "30s",
                                  "1h30m",
                                  "7d",
                                  "1.5h",
                                  "'30s '",
                                  "fast",
                                  "low",
                                  "critical",
                                  "always_unique",
                                  "key",
                                  "decision",
                                  "api",
                                  "context.x",
                                  "${NOT_SET}",
                                  "'${A:-x}'",
                                  "[]",
                                  "[a]",
                                  "[1, 2]",
                                  "[1s]",
                                  "[[a]]",
                                  "[{}]",
                                  "[{name: a}]",
                                  "[null]",
                                  "{}",
                                  "{a: b}",
                                  "{name: a}",
                                  "{items: context.x}",
                                  "{a: {b: c}}",
                                  "{a: null}",
                                  "2026-01-31T12:00:00Z"};
  int compared = 0;
  for (const Slot& slot : Slots()) {
    for (const std::string value : kValues) {
      const std::string yaml = slot.before + value + slot.after;
      const std::string loader = LoaderSays(yaml);
      const std::string schema = SchemaSays(yaml);
      ++compared;
      // What variables hold the loader alone can tell.
      if (value.find("${") != std::string::npos) {
        EXPECT_TRUE(schema.empty() || !loader.empty()) << slot.key << ": " << value << schema;
        continue;
      }
      EXPECT_EQ(loader.empty(), schema.empty())
          << slot.key << ": " << value << "\nloader: " << loader << "schema: " << schema << yaml;
    }
  }
  EXPECT_GT(compared, 3000);
}

}  // namespace
}  // namespace tasker::config
