#include "clients/cli/generate/skeletons.h"

#include <algorithm>
#include <regex>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "clients/cli/generate/fill.h"
#include "clients/cli/generate/layout.h"
#include "clients/cli/generate/skeleton_values.h"

namespace tasker::cli::generate {
namespace {

constexpr Generator kGenerators[] = {Generator::kTask, Generator::kStep, Generator::kApiStep,
                                     Generator::kSubscriber};

const TaskName kTask{.modules = {"Shop"}, .class_name = "OrderProcess"};
const Setting kSetting{.language = Language::kRuby, .directory = ".", .namespace_name = ""};

TaskRequest ATask() { return {.name = kTask, .steps = {}}; }

StepRequest AStep(bool api = false) {
  return {.name = {.task = kTask, .base = "ProcessData"},
          .api = api,
          .depends_on = {"fetch", "check"},
          .template_file = {}};
}

SubscriberRequest ASubscriber() {
  return {.name = {.base = "Notification"},
          .events = CheckEvents({"task.completed", "step.*"}).value()};
}

Values ValuesFor(Generator generator) {
  switch (generator) {
    case Generator::kTask:
      return ValuesOf(ATask(), kSetting);
    case Generator::kStep:
    case Generator::kApiStep:
      return ValuesOf(AStep(generator == Generator::kApiStep), kSetting);
    case Generator::kSubscriber:
      return ValuesOf(ASubscriber(), kSetting);
  }
  return {};
}

// Every key anywhere in `json`.
void CollectKeys(const nlohmann::json& json, std::set<std::string>& keys) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      keys.insert(key);
      CollectKeys(value, keys);
    }
  } else if (json.is_array()) {
    for (const auto& item : json) CollectKeys(item, keys);
  }
}

std::set<std::string> TagsOf(const std::string& skeleton) {
  static const std::regex kTag(R"(\{\{[#^/]?\s*([a-z_]+)\s*\}\})");
  std::set<std::string> tags;
  for (std::sregex_iterator tag(skeleton.begin(), skeleton.end(), kTag), end; tag != end; ++tag) {
    tags.insert((*tag)[1]);
  }
  return tags;
}

TEST(Skeletons, EveryFileOfTheLayoutHasOneThatIsFilledCompletely) {
  for (const Language language : kLanguages) {
    for (const Generator generator : kGenerators) {
      const Values values = ValuesFor(generator);
      std::set<std::string> known = {"in_modules"};
      CollectKeys(values.fields, known);
      for (const LayoutRow& row : LayoutOf(language, generator)) {
        const std::string text(SkeletonText(row.skeleton));
        ASSERT_FALSE(text.empty()) << row.skeleton;
        for (const std::string& tag : TagsOf(text + std::string(row.target))) {
          EXPECT_TRUE(known.contains(tag)) << row.skeleton << ": " << tag;
        }
        const auto filled = Fill(text, values);
        ASSERT_TRUE(filled.ok()) << row.skeleton << filled.status();
        EXPECT_EQ(filled->find("{{"), std::string::npos) << row.skeleton;
        EXPECT_EQ(filled->find(" \n"), std::string::npos) << row.skeleton << "\n" << *filled;
        EXPECT_EQ(filled->find("\n\n\n\n"), std::string::npos) << row.skeleton << "\n" << *filled;
        EXPECT_FALSE(filled->ends_with("\n\n")) << row.skeleton << "\n" << *filled;
        EXPECT_TRUE(filled->ends_with("\n")) << row.skeleton;
      }
    }
  }
}

TEST(Skeletons, NoneIsLeftOver) {
  std::set<std::string_view> used = {kTemplateRow.skeleton, "step.yaml.mustache"};
  for (const Language language : kLanguages) {
    for (const Generator generator : kGenerators) {
      for (const LayoutRow& row : LayoutOf(language, generator)) used.insert(row.skeleton);
    }
  }
  for (const Skeleton& skeleton : Skeletons()) {
    EXPECT_TRUE(used.contains(skeleton.name)) << skeleton.name;
  }
}

TEST(Fill, PutsRubyIntoItsModules) {
  const Values values{.fields = {{"name", "X"}}, .modules = {"module A", "module B"}};
  EXPECT_EQ(
      Fill("# top\n\n{{#in_modules}}\nclass {{name}}\n\nend\n{{/in_modules}}\n", values).value(),
      "# top\n\nmodule A\n  module B\n    class X\n\n    end\n  end\nend\n");
  EXPECT_EQ(Fill("{{#in_modules}}\nclass {{name}}\nend\n{{/in_modules}}\n",
                 {.fields = values.fields, .modules = {}})
                .value(),
            "class X\nend\n");
}

TEST(Fill, EscapesNothingAndSaysWhatIsMalformed) {
  const Values values{.fields = {{"text", "<a> & \"b\""}}, .modules = {}};
  EXPECT_EQ(Fill("{{text}}", values).value(), "<a> & \"b\"");
  EXPECT_FALSE(Fill("{{#text}}", values).ok());
}

TEST(SkeletonValues, QuotesWhatYamlWouldTakeForSomethingElse) {
  StepRequest step = AStep();
  step.name.base = "No";
  step.depends_on = {"yes", "fetch"};
  Setting setting = kSetting;
  setting.namespace_name = "1.0";
  const Values values = ValuesOf(step, setting);
  EXPECT_EQ(values.fields["step_name_yaml"], "\"no\"");
  EXPECT_EQ(values.fields["depends_on"][0]["yaml"], "\"yes\"");
  EXPECT_EQ(values.fields["depends_on"][1]["yaml"], "fetch");
  EXPECT_EQ(values.fields["namespace_name"], "\"1.0\"");
}

TEST(SkeletonValues, MakesTheNamespaceOfTheModules) {
  EXPECT_EQ(ValuesOf(ATask(), kSetting).fields["namespace_name"], "shop");
  Setting setting = kSetting;
  setting.namespace_name = "sales";
  EXPECT_EQ(ValuesOf(ATask(), setting).fields["namespace_name"], "sales");
  TaskRequest plain = ATask();
  plain.name.modules.clear();
  EXPECT_EQ(ValuesOf(plain, kSetting).fields["default_namespace"], true);
}

}  // namespace
}  // namespace tasker::cli::generate
