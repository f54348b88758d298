// The predecessor's own templates, against what the predecessor makes of them.
#include <cstdlib>
#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "config/resolved_template.h"
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

// What `tasker template resolve` prints, as far as expected.json tells it.
json Resolved(const engine::TaskTemplate& resolved, const json& expected) {
  json all = json(ResolvedJson(resolved));
  json told;
  for (const auto& [key, value] : expected.items()) told[key] = all[key];
  return told;
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
      const json made = Resolved(*loaded.compiled, resolved);
      EXPECT_EQ(made, resolved) << json::diff(made, resolved).dump(1);
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
