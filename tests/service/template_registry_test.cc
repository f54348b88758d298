#include "service/templates/template_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/memory_store.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string Template(const std::string& version, const std::string& more = "") {
  return "name: order\ntask_handler_class: Order\nversion: " + version +
         "\nstep_templates:\n  - {name: a, handler_class: A}\n" + more;
}

class TemplateRegistryTest : public ::testing::Test {
 protected:
  void Open(const std::string& environment = "test") {
    problems_.clear();
    registry_ = *TemplateRegistry::Open(&store_, environment, variables_, problems_);
  }

  // Puts a row into the store behind the registry's back.
  void PutRow(const std::string& name, const std::string& row) {
    registry_.reset();
    const storage::Ownership own = *store_.Acquire(storage::kCatalog);
    storage::Batch batch;
    batch.Put(storage::Table::kTemplates, storage::TemplateKey("default", name, "1.0.0"), row);
    ASSERT_TRUE(store_.Commit(storage::kCatalog, own.epoch, storage::Next(own.last_sequence), batch)
                    .detail.ok());
  }
  static std::string RowOf(const std::string& source) {
    storage::v1::TemplateRecord record;
    record.set_source(source);
    record.set_source_name("t");
    record.set_environment("test");
    return record.SerializeAsString();
  }

  config::VariableLookup variables_;
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

TEST_F(TemplateRegistryTest, TellsWhatARefusedTemplateWouldChange) {
  Open();
  ASSERT_TRUE(registry_->Apply(Template("1.0.0"), "t").ok());
  const auto refused = registry_->Apply(Template("1.0.0", "concurrent: false\n"), "t");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("\n+ concurrent: false"));
}

TEST_F(TemplateRegistryTest, DoesNotTellOfSecretsInASchema) {
  variables_ = [](std::string_view) { return std::optional<std::string>("s3cret"); };
  Open();
  const auto applied =
      registry_->Apply(Template("1.0.0", "schema: {properties: {key: {enum: ['${KEY}']}}}\n"), "t");
  ASSERT_TRUE(applied.ok()) << applied.status();
  const auto& entry = *applied->entry;
  EXPECT_TRUE(entry.CheckContext(R"({"key": "s3cret"})").ok());
  EXPECT_EQ(entry.CheckContext(R"({"key": "other"})").message(),
            "context does not satisfy the schema of default.order@1.0.0:\n"
            "  /key: breaks the schema, of which variables are a part that is not shown");
}

TEST_F(TemplateRegistryTest, RefusesVariablesThatAreNotSetIfTold) {
  Open();
  const std::string source = Template("1.0.0", "description: ${NOT_SET}\n");
  EXPECT_THAT(registry_->Apply(source, "t")->warnings, SizeIs(1));
  // What was taken before goes on.
  Open();
  registry_->RequireVariables();
  EXPECT_FALSE(registry_->Apply(source, "t")->created);
  const auto refused = registry_->Apply(Template("2.0.0", "description: ${NOT_SET}\n"), "t");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("error: description: the variable NOT_SET is not set"));
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

TEST_F(TemplateRegistryTest, StartsWithoutStoredTemplatesThatCannotBeLoadedAndNamesThem) {
  Open();
  ASSERT_TRUE(registry_->Apply(Template("1.0.0"), "t").ok());
  PutRow("damaged", "\xff\xff");
  PutRow("refused", RowOf("name: refused\n"));
  PutRow("renamed", RowOf(Template("1.0.0")));
  Open();
  EXPECT_TRUE(registry_->Find("", "order", "1.0.0").ok());
  const std::vector<TemplateRegistry::StoredProblem> problems = registry_->StoredProblems();
  ASSERT_THAT(problems, SizeIs(3));
  EXPECT_THAT(problems_, SizeIs(3));
  EXPECT_EQ(problems[0].id.ToString(), "default.damaged@1.0.0");
  EXPECT_THAT(problems[0].reason, HasSubstr("damaged"));
  EXPECT_THAT(problems[1].reason, HasSubstr("step_templates"));
  EXPECT_THAT(problems[2].reason, HasSubstr("now calls itself default.order@1.0.0"));
  for (const auto& problem : problems) EXPECT_FALSE(problem.usable);
}

TEST_F(TemplateRegistryTest, MendsADamagedTemplateByTheSameOneAlone) {
  const auto named = [](const std::string& name, const std::string& more = "") {
    return "name: " + name + "\ntask_handler_class: T\nversion: 1.0.0\n" + more +
           "step_templates: [{name: a, handler_class: A}]\n";
  };
  Open();
  PutRow("damaged", "\xff\xff");
  PutRow("refused", RowOf("name: refused\nversion: 1.0.0\n"));
  Open();
  // What a damaged row said nobody knows.
  EXPECT_TRUE(registry_->Apply(named("damaged"), "t").ok());
  EXPECT_THAT(registry_->StoredProblems(), SizeIs(1));
  const auto other = registry_->Apply(named("refused"), "t");
  EXPECT_EQ(other.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("can no longer be loaded"));
  Open();
  EXPECT_THAT(registry_->StoredProblems(), SizeIs(1));
  EXPECT_TRUE(registry_->Find("", "damaged", "").ok());
}

TEST_F(TemplateRegistryTest, AppliesManyInOneCommitAndAnswersEach) {
  Open();
  ASSERT_TRUE(registry_->Apply(Template("1.0.0"), "t").ok());
  const std::uint64_t syncs = store_.SyncCount();
  const std::vector<TemplateRegistry::Source> sources = {
      {Template("1.0.0"), "same"},
      {Template("2.0.0"), "new"},
      {"name: [", "broken"},
      {Template("2.0.0", "description: other\n"), "changed"},
      {"# laid out otherwise\n" + Template("2.0.0"), "again"},
      {Template("3.0.0"), "new too"}};
  const auto answers = registry_->ApplyAll(sources, 3);
  ASSERT_THAT(answers, SizeIs(6));
  EXPECT_FALSE(answers[0]->created);
  EXPECT_TRUE(answers[1]->created);
  EXPECT_EQ(answers[2].status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(answers[3].status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(answers[4]->created);
  EXPECT_EQ(answers[4]->entry, answers[1]->entry);
  EXPECT_TRUE(answers[5]->created);
  EXPECT_EQ(store_.SyncCount(), syncs + 1);
  Open();
  EXPECT_THAT(registry_->List(""), SizeIs(3));
}

TEST_F(TemplateRegistryTest, StoresAllOfThemOrNone) {
  Open();
  ASSERT_TRUE(registry_->Apply(Template("1.0.0"), "t").ok());
  const std::vector<TemplateRegistry::Source> sources = {
      {Template("1.0.0"), "same"},
      {Template("2.0.0"), "new"},
      {Template("2.0.0", "description: other\n"), "changed"},
      {"name: [", "broken"}};
  for (const storage::CommitOutcome outcome :
       {storage::CommitOutcome::kFailed, storage::CommitOutcome::kInDoubt}) {
    int told = 0;
    registry_->OnUnstored([&] { ++told; });
    store_.Inject({outcome});
    const auto answers = registry_->ApplyAll(sources, 2);
    EXPECT_TRUE(answers[0].ok()) << "it needs no store";
    EXPECT_EQ(answers[1].status().code(), absl::StatusCode::kUnavailable);
    // Against one that is not there nothing can be changed.
    EXPECT_EQ(answers[2].status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(answers[3].status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(told, 1);
    EXPECT_THAT(registry_->List(""), SizeIs(1));
    Open();
    EXPECT_THAT(registry_->List(""), SizeIs(1)) << "registry and store say the same";
  }
  EXPECT_TRUE(registry_->ApplyAll(sources, 2)[1]->created);
  EXPECT_THAT(registry_->List(""), SizeIs(2));
}

TEST_F(TemplateRegistryTest, TakesACommitInDoubtThatWasWrittenForWhatItIs) {
  Open();
  store_.Inject({storage::CommitOutcome::kInDoubt, true});
  EXPECT_TRUE(registry_->Apply(Template("1.0.0"), "t")->created);
  EXPECT_TRUE(registry_->Apply(Template("2.0.0"), "t")->created);
  Open();
  EXPECT_THAT(registry_->List(""), SizeIs(2));
}

TEST_F(TemplateRegistryTest, WarnsAgainOfWhatIsThereAlreadyUnderTheNameItCameWith) {
  Open();
  const std::string odd = Template("1.0.0", "descripton: x\n");
  EXPECT_THAT(registry_->Apply(odd, "one.yaml")->warnings, SizeIs(1));
  Open();
  const auto again = registry_->Apply(odd, "two.yaml");
  EXPECT_FALSE(again->created);
  ASSERT_THAT(again->warnings, Not(IsEmpty()));
  EXPECT_EQ(again->warnings[0].file, "two.yaml");
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
