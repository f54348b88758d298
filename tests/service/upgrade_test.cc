// Rehearsing upgrades over what is stored, and making them.
#include "absl/strings/str_cat.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/pipeline/clock.h"
#include "service/templates/migration_pass.h"
#include "service/templates/upgrade_pass.h"
#include "service/templates/upgrade_scope.h"
#include "tests/service/runner_world.h"

namespace tasker::service {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Order(int version, const std::string& steps = "  - {name: a, handler_class: H}\n",
                  const std::string& more = "") {
  return absl::StrCat("name: order\ntask_handler_class: T\nversion: ", version, ".0.0\n", more,
                      "step_templates:\n", steps);
}

constexpr const char* kTwoSteps =
    "  - {name: a, handler_class: H}\n  - {name: b, handler_class: H, depends_on_step: a}\n";
constexpr const char* kNeedsWeight = "schema: {type: object, required: [weight]}\n";

class UpgradeTest : public ::testing::Test {
 protected:
  UpgradeTest() {
    std::vector<std::string> problems;
    registry_ = *TemplateRegistry::Open(&catalog_, "test", nullptr, problems);
  }

  // A version that the registry and the runner know.
  engine::TaskTemplatePtr Apply(const std::string& source) {
    auto applied = registry_->Apply(source, "order.yaml");
    EXPECT_TRUE(applied.ok()) << applied.status();
    world_.templates.push_back(applied->entry->compiled);
    return applied->entry->compiled;
  }
  void Create(char id, const engine::TaskTemplatePtr& of, const std::string& context = "{}") {
    ASSERT_TRUE(
        world_.Ask(engine::CreateTask{TestId(id), of, engine::MakePayload(context), {}}).ok());
  }
  UpgradePass Pass(UpgradeScope scope) {
    return UpgradePass(
        &world_.store, [this](const engine::TemplateId& id) { return registry_->Compiled(id); },
        std::move(scope));
  }
  // All tasks that a rehearsal of `request` tells of.
  absl::StatusOr<std::vector<v1::TaskUpgrade>> Rehearse(const v1::RehearseTemplateRequest& request,
                                                        int page = 100) {
    auto scope = ScopeOf(*registry_, request);
    if (!scope.ok()) return scope.status();
    UpgradePass pass = Pass(*std::move(scope));
    std::vector<v1::TaskUpgrade> all;
    while (!pass.done()) {
      auto next = pass.Next(ReadClock(), page);
      if (!next.ok()) return next.status();
      EXPECT_LE(next->size(), static_cast<std::size_t>(page));
      std::ranges::move(*next, std::back_inserter(all));
    }
    return all;
  }
  // The pages of a migration, as one.
  absl::StatusOr<v1::MigrateTasksResponse> Migrate(const v1::MigrateTasksRequest& request) {
    auto scope = ScopeOf(*registry_, request);
    if (!scope.ok()) return scope.status();
    MigrationPass pass(Pass(*std::move(scope)), request, world_.runner.get());
    v1::MigrateTasksResponse all;
    while (!pass.done()) {
      auto next = pass.Next(ReadClock());
      if (!next.ok()) return next.status();
      all.clear_counts();
      all.MergeFrom(*next);
    }
    return all;
  }
  static v1::RehearseTemplateRequest Of(const std::string& source) {
    v1::RehearseTemplateRequest request;
    request.set_source(source);
    return request;
  }
  static v1::MigrateTasksRequest To(const std::string& version) {
    v1::MigrateTasksRequest request;
    request.set_name("order");
    request.set_to_version(version);
    return request;
  }

  // Before the world, whose runner asks it for templates.
  storage::MemoryStore catalog_;
  std::unique_ptr<TemplateRegistry> registry_;
  RunnerWorld world_;
};

TEST_F(UpgradeTest, TellsOfEveryOpenTaskOfOtherVersionsAndStoresNothing) {
  const auto one = Apply(Order(1));
  const auto two = Apply(Order(2, kTwoSteps));
  Create('1', one);
  Create('2', two);
  Create('3', world_.one);
  world_.Finish('4', one);
  const auto all = *Rehearse(Of(Order(3, kTwoSteps)));
  ASSERT_THAT(all, SizeIs(2));
  for (const v1::TaskUpgrade& task : all) {
    const bool first = task.task_id() == TestId('1').ToString();
    EXPECT_EQ(task.from_version(), first ? "1.0.0" : "2.0.0");
    EXPECT_EQ(task.verdict(), first ? v1::UPGRADE_VERDICT_CAN_MOVE : v1::UPGRADE_VERDICT_SAME);
    ASSERT_EQ(task.changes_size(), first ? 1 : 0);
    if (first) {
      EXPECT_EQ(task.changes(0).kind(), v1::UPGRADE_CHANGE_KIND_STEP_ADDED);
    }
  }
  EXPECT_TRUE(absl::IsNotFound(registry_->Find("", "order", "3.0.0").status()));
}

TEST_F(UpgradeTest, OnlyTheVersionsAndTheTaskThatWereAskedFor) {
  const auto one = Apply(Order(1));
  const auto two = Apply(Order(2, kTwoSteps));
  Create('1', one);
  Create('2', two);
  v1::RehearseTemplateRequest request = Of(Order(3));
  request.add_from_versions("2.0.0");
  EXPECT_THAT(*Rehearse(request), SizeIs(1));
  request.set_task_id(TestId('1').ToString());
  EXPECT_THAT(*Rehearse(request), SizeIs(0));
  request.clear_from_versions();
  EXPECT_THAT(*Rehearse(request), SizeIs(1));
}

TEST_F(UpgradeTest, PagesMeetEveryTaskOnce) {
  const auto one = Apply(Order(1));
  for (char id = 'A'; id <= 'Z'; ++id) Create(id, one);
  EXPECT_THAT(*Rehearse(Of(Order(2)), 7), SizeIs(26));
}

TEST_F(UpgradeTest, AContextThatTheNewVersionRefusesSaysWhere) {
  const auto one = Apply(Order(1));
  Create('1', one, R"({"weight": 3})");
  Create('2', one, R"({"size": 3})");
  const auto all = *Rehearse(Of(Order(2, kTwoSteps, kNeedsWeight)));
  ASSERT_THAT(all, SizeIs(2));
  for (const v1::TaskUpgrade& task : all) {
    if (task.task_id() == TestId('1').ToString()) {
      EXPECT_EQ(task.verdict(), v1::UPGRADE_VERDICT_CAN_MOVE);
      continue;
    }
    EXPECT_EQ(task.verdict(), v1::UPGRADE_VERDICT_CANNOT_MOVE);
    ASSERT_EQ(task.obstacles_size(), 1);
    EXPECT_TRUE(task.obstacles(0).context());
    EXPECT_THAT(task.obstacles(0).reason(), HasSubstr("weight"));
  }
}

TEST_F(UpgradeTest, WhatIsToldOfOneTaskHasAnEnd) {
  std::string many;
  for (int i = 0; i < 300; ++i) absl::StrAppend(&many, "  - {name: s", i, ", handler_class: H}\n");
  Create('1', Apply(Order(1)));
  const auto all = *Rehearse(Of(Order(2, many)));
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].changes_size(), 100);
  EXPECT_EQ(all[0].more_changes(), 201u);
}

TEST_F(UpgradeTest, MovesThoseThatCanAndSaysOfTheOthersWhyNot) {
  const auto one = Apply(Order(1));
  Apply(Order(2, kTwoSteps, kNeedsWeight));
  for (char id = 'a'; id <= 'z'; ++id) Create(id, one, R"({"weight": 1})");
  Create('X', one);
  v1::MigrateTasksRequest request = To("2.0.0");
  request.set_dry_run(true);
  EXPECT_EQ(Migrate(request)->counts().can_move(), 26u);
  EXPECT_EQ(Migrate(request)->counts().moved(), 0u);
  request.set_dry_run(false);
  request.set_limit(10);
  const auto first = *Migrate(request);
  EXPECT_EQ(first.counts().moved(), 10u);
  EXPECT_TRUE(first.more());
  request.clear_limit();
  const auto rest = *Migrate(request);
  EXPECT_EQ(rest.counts().moved(), 16u);
  EXPECT_EQ(rest.counts().cannot_move(), 1u);
  ASSERT_EQ(Migrate(request)->tasks_size(), 1);
  EXPECT_EQ(Migrate(request)->tasks(0).upgrade().task_id(), TestId('X').ToString());
}

TEST_F(UpgradeTest, RefusesWhatMakesNoSense) {
  const auto one = Apply(Order(1));
  Create('1', one);
  world_.Finish('2', one);
  const auto code = [&](v1::RehearseTemplateRequest request) {
    return Rehearse(request).status().code();
  };
  v1::RehearseTemplateRequest request;
  EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(Of("name: [")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(Of(Order(1, kTwoSteps))), absl::StatusCode::kFailedPrecondition);
  request.set_name("order");
  request.set_task_id("x");
  EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument);
  request.set_task_id(TestId('9').ToString());
  EXPECT_EQ(code(request), absl::StatusCode::kNotFound);
  request.set_task_id(TestId('2').ToString());
  EXPECT_EQ(code(request), absl::StatusCode::kFailedPrecondition);
  request.set_name("other");
  EXPECT_EQ(code(request), absl::StatusCode::kNotFound);
  EXPECT_EQ(Migrate(To("")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Migrate(To("9.0.0")).status().code(), absl::StatusCode::kNotFound);
  v1::MigrateTasksRequest migrate = To("1.0.0");
  migrate.add_from_versions("1.0.0");
  EXPECT_EQ(Migrate(migrate).status().code(), absl::StatusCode::kInvalidArgument);
  migrate.clear_from_versions();
  migrate.mutable_operator_()->set_reason(std::string(2000, 'x'));
  EXPECT_EQ(Migrate(migrate).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tasker::service
