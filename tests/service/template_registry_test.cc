#include "service/templates/template_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory_store.h"

namespace tasker::service {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Template(const std::string& version, const std::string& more = "") {
  return "name: order\ntask_handler_class: Order\nversion: " + version +
         "\nstep_templates:\n  - {name: a, handler_class: A}\n" + more;
}

class TemplateRegistryTest : public ::testing::Test {
 protected:
  void Open(const std::string& environment = "test") {
    problems_.clear();
    registry_ = *TemplateRegistry::Open(&store_, environment, nullptr, problems_);
  }

  storage::MemoryStore store_;
  std::vector<std::string> problems_;
  std::unique_ptr<TemplateRegistry> registry_;
};

TEST_F(TemplateRegistryTest, FindsTheHighestVersionUnlessOneIsNamed) {
  Open();
  for (const char* version : {"1.9.0", "1.10.0", "1.2.0"}) {
    ASSERT_TRUE(registry_->Apply(Template(version), "t").ok());
  }
  EXPECT_EQ((*registry_->Find("", "order", ""))->compiled->id.version, "1.10.0");
  EXPECT_EQ((*registry_->Find("default", "order", "1.2.0"))->compiled->id.version, "1.2.0");
  EXPECT_THAT(registry_->List(""), SizeIs(3));
}

TEST_F(TemplateRegistryTest, TakesTheSameAgainHoweverItIsLaidOut) {
  Open();
  EXPECT_TRUE(registry_->Apply(Template("1.0.0"), "t")->created);
  EXPECT_FALSE(registry_->Apply(Template("1.0.0"), "t")->created);
  EXPECT_FALSE(registry_->Apply("# a comment\n" + Template("\"1.0.0\""), "t")->created);
}

TEST_F(TemplateRegistryTest, RefusesAnotherContentUnderTheSameVersion) {
  Open();
  ASSERT_TRUE(registry_->Apply(Template("1.0.0"), "t").ok());
  const auto changed = registry_->Apply(Template("1.0.0", "description: new\n"), "t");
  EXPECT_EQ(changed.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(TemplateRegistryTest, KeepsTemplatesOverARestart) {
  Open();
  ASSERT_TRUE(registry_->Apply(Template("1.0.0"), "t").ok());
  Open();
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_TRUE(registry_->Find("", "order", "1.0.0").ok());
  EXPECT_NE(registry_->Compiled({"default", "order", "1.0.0"}), nullptr);
}

TEST_F(TemplateRegistryTest, ResolvesForTheNewEnvironmentIfTheStepsStayTheSame) {
  const std::string environments =
      "environments:\n"
      "  production: {step_templates: [{name: a, handler_config: {url: live}}]}\n"
      "  odd: {step_templates: [{name: a, depends_on_step: b}]}\n";
  Open();
  ASSERT_TRUE(
      registry_->Apply(Template("1.0.0", "  - {name: b, handler_class: B}\n" + environments), "t")
          .ok());
  Open("production");
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_EQ((*registry_->Find("", "order", ""))->compiled->steps[0].handler_config,
            R"({"url":"live"})");
  Open("odd");
  EXPECT_THAT(problems_, SizeIs(1));
  EXPECT_THAT((*registry_->Find("", "order", ""))->compiled->steps[0].parents, IsEmpty());
}

TEST_F(TemplateRegistryTest, NamesWhatIsThereWhenSomethingIsNot) {
  Open();
  ASSERT_TRUE(registry_->Apply(Template("1.0.0"), "t").ok());
  EXPECT_THAT(std::string(registry_->Find("", "ordre", "").status().message()),
              HasSubstr("did you mean order?"));
  EXPECT_THAT(std::string(registry_->Find("", "order", "2.0.0").status().message()),
              HasSubstr("it has 1.0.0"));
  EXPECT_THAT(std::string(registry_->Find("shop", "order", "").status().message()),
              HasSubstr("there is one in namespace default"));
}

TEST_F(TemplateRegistryTest, KeepsNothingThatCouldNotBeStored) {
  Open();
  store_.Inject({storage::CommitOutcome::kFailed});
  EXPECT_EQ(registry_->Apply(Template("1.0.0"), "t").status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_THAT(registry_->List(""), IsEmpty());
  EXPECT_TRUE(registry_->Apply(Template("1.0.0"), "t").ok());
}

}  // namespace
}  // namespace tasker::service
