// The predecessor's own templates, against what the predecessor makes of them.
#include <cstdlib>
#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "config/template_loader.h"
#include "tests/config/read_file.h"

namespace tasker::config {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

fs::path TemplatesFolder() {
  const char* data = std::getenv("TASKER_TEST_DATA");
  const fs::path folder = data != nullptr ? fs::path(data) : SourcePath("../shared/data");
  return folder / "tasker-templates";
}

LoadedTemplate Load(const fs::path& file, const std::string& environment) {
  return LoadTemplate(
      ReadFile(file),
      {.source_name = file.filename(), .environment = environment, .variables = nullptr});
}

json TextOrNull(const std::string& text) { return text.empty() ? json() : json(text); }

json StepJson(const engine::TaskTemplate& tmpl, const engine::StepTemplate& step) {
  json parents = json::array();
  for (const engine::StepIndex parent : step.parents) {
    parents.push_back(tmpl.steps[engine::Raw(parent)].name);
  }
  return {
      {"name", step.name},
      {"description", step.description},
      {"handler_class", step.handler_class},
      {"depends_on", parents},
      {"retryable", step.retryable},
      {"retry_limit", step.retry_limit},
      {"skippable", step.skippable},
      {"dependent_system", step.dependent_system ? json(*step.dependent_system) : json()},
      {"handler_config", json::parse(step.handler_config.empty() ? "null" : step.handler_config)}};
}

// In the form of expected.json.
json TemplateJson(const engine::TaskTemplate& tmpl) {
  json steps = json::array();
  for (const engine::StepTemplate& step : tmpl.steps) steps.push_back(StepJson(tmpl, step));
  return {{"name", tmpl.id.name},
          {"namespace_name", tmpl.id.namespace_name},
          {"version", tmpl.id.version},
          {"module_namespace", TextOrNull(tmpl.module_namespace)},
          {"task_handler_class", tmpl.task_handler_class},
          {"concurrent", tmpl.concurrent},
          {"has_schema", !tmpl.schema.empty()},
          {"steps", steps}};
}

class PredecessorTemplates : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(TemplatesFolder() / "expected.json")) {
      GTEST_SKIP() << "the predecessor's templates are not at " << TemplatesFolder()
                   << "; TASKER_TEST_DATA names the folder above them";
    }
    expected_ = json::parse(ReadFile(TemplatesFolder() / "expected.json"));
  }

  json expected_;
};

TEST_F(PredecessorTemplates, LoadAsThePredecessorResolvesThemInEveryEnvironment) {
  int compared = 0;
  for (const auto& [file, outcome] : expected_.items()) {
    if (outcome["verdict"] != "accepted") continue;
    for (const auto& [environment, resolved] : outcome["environments"].items()) {
      SCOPED_TRACE(file + " in " + environment);
      const LoadedTemplate loaded =
          Load(TemplatesFolder() / file, environment == "(none)" ? "" : environment);
      ASSERT_NE(loaded.compiled, nullptr) << ToString(loaded.diagnostics);
      EXPECT_EQ(TemplateJson(*loaded.compiled), resolved)
          << json::diff(TemplateJson(*loaded.compiled), resolved).dump(1);
      ++compared;
    }
  }
  EXPECT_GT(compared, 0);
}

TEST_F(PredecessorTemplates, AreRefusedWhereThePredecessorRefusesThem) {
  int refused = 0;
  for (const auto& [file, outcome] : expected_.items()) {
    if (outcome["verdict"] != "refused") continue;
    SCOPED_TRACE(file);
    const LoadedTemplate loaded = Load(TemplatesFolder() / file, "");
    EXPECT_EQ(loaded.compiled, nullptr);
    EXPECT_TRUE(HasErrors(loaded.diagnostics)) << ToString(loaded.diagnostics);
    ++refused;
  }
  EXPECT_GT(refused, 0);
}

TEST_F(PredecessorTemplates, SayWhatOldKeysAreCalledNow) {
  const auto errors_of = [](const std::string& file) {
    return ToString(Load(TemplatesFolder() / "refused" / file, "").diagnostics);
  };
  EXPECT_THAT(errors_of("legacy_simple_dummy_task.yaml"),
              HasSubstr("error: class_name: is called `task_handler_class` now"));
  EXPECT_THAT(errors_of("draft_user_registration.yaml"),
              HasSubstr("error: task_name: is called `name` now"));
}

TEST_F(PredecessorTemplates, AsErbSourcesAreRefused) {
  int seen = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(TemplatesFolder() / "erb")) {
    if (file.path().extension() != ".erb") continue;
    const LoadedTemplate loaded = Load(file.path(), "");
    EXPECT_EQ(loaded.compiled, nullptr);
    EXPECT_THAT(ToString(loaded.diagnostics), HasSubstr("ERB source"));
    ++seen;
  }
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace tasker::config
