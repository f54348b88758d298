#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/cli/command_run.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;

v1::TaskUpgrade CanMove(const std::string& id) {
  v1::TaskUpgrade upgrade;
  upgrade.set_task_id(id);
  upgrade.set_from_version("1.0.0");
  upgrade.set_verdict(v1::UPGRADE_VERDICT_CAN_MOVE);
  auto* added = upgrade.add_changes();
  added->set_kind(v1::UPGRADE_CHANGE_KIND_STEP_ADDED);
  added->set_step_name("insure");
  auto* changed = upgrade.add_changes();
  changed->set_kind(v1::UPGRADE_CHANGE_KIND_SETTINGS);
  changed->set_step_name("ship");
  changed->set_detail("retry_limit: 3 -> 5");
  return upgrade;
}

v1::TaskUpgrade CannotMove(const std::string& id) {
  v1::TaskUpgrade upgrade;
  upgrade.set_task_id(id);
  upgrade.set_from_version("1.0.0");
  upgrade.set_verdict(v1::UPGRADE_VERDICT_CANNOT_MOVE);
  upgrade.add_obstacles()->set_reason(
      "step `ship` is complete, and the new version has no such step");
  upgrade.set_more_obstacles(2);
  return upgrade;
}

class TemplateUpgradeCommandsTest : public testing::Test {
 protected:
  TemplateUpgradeCommandsTest() : folder_(testing::TempDir() + "tasker_cli_XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
    std::ofstream(file()) << "name: parcel\n";
    server_.answers().rehearse_template = [this](const v1::RehearseTemplateRequest& request,
                                                 std::vector<v1::RehearseTemplateResponse>* pages) {
      rehearsed_ = request;
      pages->resize(2);
      *(*pages)[0].add_tasks() = CanMove("t1");
      (*pages)[0].mutable_counts()->set_can_move(1);
      if (!all_can_) *(*pages)[1].add_tasks() = CannotMove("t2");
      (*pages)[1].mutable_counts()->set_can_move(1);
      (*pages)[1].mutable_counts()->set_cannot_move(all_can_ ? 0 : 1);
      (*pages)[1].set_to_version("2.0.0");
      return grpc::Status::OK;
    };
    server_.answers().migrate_tasks = [this](const v1::MigrateTasksRequest& request,
                                             std::vector<v1::MigrateTasksResponse>* pages) {
      migrated_ = request;
      v1::MigrateTasksResponse& page = pages->emplace_back();
      *page.add_tasks()->mutable_upgrade() = CanMove("t1");
      page.mutable_tasks(0)->set_moved(true);
      page.mutable_counts()->set_moved(1);
      if (all_can_) return grpc::Status::OK;
      *page.add_tasks()->mutable_upgrade() = CanMove("t3");
      page.mutable_tasks(1)->set_refusal("it has changed");
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the service stops");
    };
  }
  ~TemplateUpgradeCommandsTest() override { std::filesystem::remove_all(folder_); }
  std::string file() const { return folder_ + "/parcel.yaml"; }

  FakeServer server_;
  bool all_can_ = false;
  v1::RehearseTemplateRequest rehearsed_;
  v1::MigrateTasksRequest migrated_;

 private:
  std::string folder_;
};

TEST_F(TemplateUpgradeCommandsTest, RehearsesAFileAndSaysHowAndWhyNot) {
  const auto result = RunCommand(server_, {"template", "rehearse", file(), "--from", "1.0.0",
                                           "--from", "1.1.0", "--task", "x"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_EQ(result.out,
            "TASK  VERSION  VERDICT      HOW, OR WHY NOT\n"
            "t1    1.0.0    can move     insure: added; ship: retry_limit: 3 -> 5\n"
            "t2    1.0.0    cannot move  step `ship` is complete, and the new version has no such "
            "step; and 2 more\n"
            "to version 2.0.0: 0 the same, 1 can move, 1 cannot\n");
  EXPECT_EQ(rehearsed_.source(), "name: parcel\n");
  EXPECT_EQ(rehearsed_.source_name(), file());
  EXPECT_EQ(rehearsed_.from_versions_size(), 2);
  EXPECT_EQ(rehearsed_.task_id(), "x");
}

TEST_F(TemplateUpgradeCommandsTest, RehearsesAnAppliedVersionByName) {
  all_can_ = true;
  const auto result =
      RunCommand(server_, {"--output", "json", "template", "rehearse", "parcel", "--to", "2.0.0"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["tasks"].size(), 1U);
  EXPECT_EQ(json["toVersion"], "2.0.0");
  EXPECT_EQ(rehearsed_.name() + "@" + rehearsed_.version(), "parcel@2.0.0");
}

TEST_F(TemplateUpgradeCommandsTest, MigratesAndTellsWhatBecameOfEach) {
  all_can_ = true;
  const auto result = RunCommand(server_, {"template", "migrate", "parcel", "--to", "2.0.0",
                                           "--limit", "7", "--actor", "ann", "--reason", "better"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, HasSubstr("t1    1.0.0    moved    insure: added"));
  EXPECT_THAT(result.out, HasSubstr("to version 2.0.0: 1 moved, 0 not\n"));
  EXPECT_EQ(migrated_.limit(), 7U);
  EXPECT_EQ(migrated_.operator_().actor(), "ann");
  EXPECT_FALSE(migrated_.dry_run());
}

TEST_F(TemplateUpgradeCommandsTest, TellsWhatWasDoneBeforeItFailed) {
  const auto result = RunCommand(server_, {"template", "migrate", "parcel", "--to", "2.0.0"});
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.out, HasSubstr("t3    1.0.0    not moved  it has changed"));
  EXPECT_THAT(result.out, HasSubstr("1 moved, 1 not"));
  EXPECT_THAT(result.err, HasSubstr("the service stops"));
}

TEST_F(TemplateUpgradeCommandsTest, AppliesAFileFirstUnlessItIsADryRun) {
  all_can_ = true;
  int applied = 0;
  server_.answers().apply_template = [&](const v1::ApplyTemplateRequest&,
                                         v1::ApplyTemplateResponse* response) {
    ++applied;
    response->mutable_template_()->set_name("parcel");
    response->mutable_template_()->set_version("2.0.0");
    return grpc::Status::OK;
  };
  EXPECT_EQ(RunCommand(server_, {"template", "migrate", file(), "--dry-run"}).code, ExitCode::kOk);
  EXPECT_EQ(applied, 0);
  EXPECT_EQ(RunCommand(server_, {"template", "migrate", file()}).code, ExitCode::kOk);
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(migrated_.name() + "@" + migrated_.to_version(), "parcel@2.0.0");
}

TEST_F(TemplateUpgradeCommandsTest, WrongUsageIsRefusedBeforeAnybodyIsAsked) {
  EXPECT_EQ(RunCommand(server_, {"template", "migrate", "parcel"}).code, ExitCode::kUsage);
  EXPECT_EQ(RunCommand(server_, {"template", "migrate", file(), "--to", "2"}).code,
            ExitCode::kUsage);
  EXPECT_EQ(RunCommand(server_, {"template", "rehearse", file(), "--to", "2"}).code,
            ExitCode::kUsage);
  EXPECT_TRUE(migrated_.name().empty());
}

}  // namespace
}  // namespace tasker::cli
