// What has been kept long enough goes, and nothing else.
#include "service/maintenance/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/pipeline/clock.h"
#include "tests/service/runner_world.h"

namespace tasker::service {
namespace {

using config::RetentionSettings;
using std::chrono::hours;
using storage::Table;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Namespace.template tasks/histories/events.
std::vector<std::string> Told(const v1::RunRetentionResponse& response) {
  std::vector<std::string> told;
  for (const v1::RetentionCount& count : response.counts()) {
    told.push_back(count.namespace_() + "." + count.template_name() + " " +
                   std::to_string(count.tasks()) + "/" + std::to_string(count.histories()) + "/" +
                   std::to_string(count.events()));
  }
  return told;
}

class RetentionTest : public ::testing::Test {
 protected:
  // As if so much time had passed.
  v1::RunRetentionResponse Run(std::chrono::microseconds later = hours(0), bool dry_run = false) {
    Retention retention(settings_, kTestPartition, &world_.store, world_.runner.get(), &world_.log);
    return *retention.Run(ReadClock() + later, dry_run, [] { return false; });
  }

  std::vector<std::string> EventNames() {
    std::vector<std::string> names;
    const auto snapshot = world_.store.TakeSnapshot();
    for (auto rows = snapshot->Scan(Table::kEvents, "", ""); rows->Valid(); rows->Next()) {
      storage::v1::EventBatchRecord batch;
      EXPECT_TRUE(batch.ParseFromString(std::string(rows->value())));
      for (const auto& event : batch.events()) {
        if (!event.name().empty()) names.push_back(event.task_name() + " " + event.name());
      }
    }
    return names;
  }

  RunnerWorld world_;
  RetentionSettings settings_;
};

TEST_F(RetentionTest, WithoutLimitsKeepsEverything) {
  world_.Finish('a', world_.one);
  EXPECT_THAT(Told(Run(hours(100'000))), IsEmpty());
  EXPECT_EQ(world_.RowsIn(Table::kTasks), 1u);
}

TEST_F(RetentionTest, RemovesEveryRowOfATaskThatIsOldEnoughAndNoOpenOne) {
  settings_.all.tasks.age = hours(24);
  world_.Finish('a', world_.one);
  ASSERT_TRUE(world_.Create('b', world_.one).ok());
  EXPECT_THAT(Told(Run(hours(23))), IsEmpty());
  EXPECT_EQ(world_.RowsOf(Table::kHistory, TestId('a')), 2u);
  EXPECT_THAT(Told(Run(hours(25))), ElementsAre("ns.one 1/0/0"));
  for (const Table table : {Table::kTasks, Table::kContexts, Table::kSteps, Table::kHistory}) {
    EXPECT_EQ(world_.RowsOf(table, TestId('a')), 0u);
  }
  EXPECT_EQ(world_.RowsIn(Table::kFinished), 0u);
  EXPECT_EQ(world_.RowsIn(Table::kCreated), 1u);
  EXPECT_EQ(world_.RowsOf(Table::kTasks, TestId('b')), 1u);
  EXPECT_GT(EventNames().size(), 0u);
}

TEST_F(RetentionTest, OnDryRunOnlyTells) {
  settings_.all = {{hours(1), {}}, {}, {hours(1), {}}};
  world_.Finish('a', world_.one);
  const auto events = EventNames();
  EXPECT_THAT(Told(Run(hours(2), true)),
              ElementsAre("ns.one 1/0/" + std::to_string(events.size())));
  EXPECT_EQ(world_.RowsIn(Table::kTasks), 1u);
  EXPECT_EQ(EventNames(), events);
  EXPECT_EQ(world_.log.FloorFor(EventFilter()), storage::Sequence{0});
}

TEST_F(RetentionTest, KeepsTheNewestOfEachTemplateByCount) {
  settings_.all.tasks.count = 2;
  for (const char c : {'a', 'b', 'c', 'd'}) world_.Finish(c, world_.one);
  world_.Finish('e', world_.two);
  EXPECT_THAT(Told(Run()), ElementsAre("ns.one 2/0/0"));
  EXPECT_EQ(world_.RowsOf(Table::kTasks, TestId('b')), 0u);
  EXPECT_EQ(world_.RowsOf(Table::kTasks, TestId('c')), 1u);
  EXPECT_EQ(world_.RowsOf(Table::kTasks, TestId('e')), 1u);
  EXPECT_THAT(Told(Run()), IsEmpty());
}

TEST_F(RetentionTest, RemovesHistoryBeforeTheTaskAndOnlyOnce) {
  settings_.all.history.age = hours(1);
  settings_.all.tasks.age = hours(24);
  world_.Finish('a', world_.one);
  EXPECT_THAT(Told(Run(hours(2))), ElementsAre("ns.one 0/1/0"));
  EXPECT_EQ(world_.RowsOf(Table::kHistory, TestId('a')), 0u);
  EXPECT_EQ(world_.RowsOf(Table::kTasks, TestId('a')), 1u);
  EXPECT_THAT(Told(Run(hours(3))), IsEmpty());
  EXPECT_THAT(Told(Run(hours(25))), ElementsAre("ns.one 1/0/0"));
}

TEST_F(RetentionTest, GoesByTheRuleOfTheTemplate) {
  settings_.all.tasks.age = hours(1);
  settings_.rules.push_back({"ns", "two", {{hours(100), {}}, {}, {}}});
  world_.Finish('a', world_.one);
  world_.Finish('b', world_.two);
  EXPECT_THAT(Told(Run(hours(2))), ElementsAre("ns.one 1/0/0"));
  EXPECT_THAT(Told(Run(hours(101))), ElementsAre("ns.two 1/0/0"));
}

TEST_F(RetentionTest, KeepsATaskThatWasReopened) {
  settings_.all.tasks.age = hours(1);
  world_.Finish('a', world_.one);
  ASSERT_TRUE(world_
                  .Ask(engine::RepairTask{TestId('a'), engine::RepairTask::Action::kRerun, "a",
                                          "test", "test"})
                  .ok());
  EXPECT_EQ(world_.RowsIn(Table::kFinished), 0u);
  EXPECT_THAT(Told(Run(hours(2))), IsEmpty());
  EXPECT_EQ(world_.RowsOf(Table::kTasks, TestId('a')), 1u);
}

TEST_F(RetentionTest, ChangesWorkedOutBeforeATaskWasLookedAtAreRefused) {
  world_.Finish('a', world_.one);
  const storage::Sequence before = *world_.store.LastSequence(kTestPartition);
  ASSERT_TRUE(world_
                  .Ask(engine::RepairTask{TestId('a'), engine::RepairTask::Action::kRerun, "a",
                                          "test", "test"})
                  .ok());
  const absl::Status refused = AwaitAnswer([&](Completion done) {
    storage::Batch batch;
    batch.Delete(Table::kTasks, storage::TaskKey(TestId('a').bytes()));
    world_.runner->Change(std::move(batch), before, std::move(done));
  });
  EXPECT_EQ(refused.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(world_.RowsOf(Table::kTasks, TestId('a')), 1u);
}

TEST_F(RetentionTest, RemovesEventsAndSaysUpToWhere) {
  settings_.all.events.age = hours(1);
  const engine::Timestamp before = ReadClock();
  world_.Finish('a', world_.one);
  const engine::Timestamp after = ReadClock();
  const storage::Sequence last = *world_.store.LastSequence(kTestPartition);
  const auto removed = Run(hours(2));
  ASSERT_EQ(removed.counts_size(), 1);
  EXPECT_GT(removed.counts(0).events(), 0u);
  EXPECT_THAT(EventNames(), IsEmpty());
  EXPECT_EQ(world_.RowsIn(Table::kEvents), 0u);
  EXPECT_EQ(world_.log.FloorFor(EventFilter()), last);
  EXPECT_GE(world_.log.FloorTimeFor(EventFilter()), before);
  EXPECT_LE(world_.log.FloorTimeFor(EventFilter()), after);
  EXPECT_EQ(world_.log.PastRetention(EventFilter()).code(), absl::StatusCode::kOutOfRange);
}

TEST_F(RetentionTest, RemovesTheEventsOfOneTemplateAmongOthers) {
  settings_.rules.push_back({"ns", "one", {{}, {}, {hours(1), {}}}});
  std::vector<engine::Command> together;
  together.push_back(engine::CreateTask{TestId('a'), world_.one, engine::MakePayload("{}"), {}});
  together.push_back(engine::CreateTask{TestId('b'), world_.two, engine::MakePayload("{}"), {}});
  ASSERT_TRUE(AwaitAnswer([&](Completion done) {
                world_.runner->Submit(std::move(together), std::move(done));
              }).ok());
  Run(hours(2));
  for (const std::string& name : EventNames()) EXPECT_EQ(name.substr(0, 4), "two ");
  EXPECT_FALSE(EventNames().empty());
  v1::EventFilter asked;
  asked.set_task_name("two");
  EXPECT_EQ(world_.log.FloorFor(*EventFilter::Make(asked)), storage::Sequence{0});
  asked.set_task_name("one");
  EXPECT_GT(world_.log.FloorFor(*EventFilter::Make(asked)), storage::Sequence{0});
}

TEST_F(RetentionTest, LetsTheEngineCommitBetweenItsOwnCommits) {
  settings_.all.tasks.age = hours(1);
  constexpr int kTasks = 150;
  for (int i = 0; i < kTasks; ++i) world_.Finish(static_cast<char>(i), world_.one);
  const std::size_t rows = world_.RowsIn(Table::kTasks) + world_.RowsIn(Table::kContexts) +
                           world_.RowsIn(Table::kSteps) + world_.RowsIn(Table::kHistory) +
                           world_.RowsIn(Table::kCreated) + world_.RowsIn(Table::kFinished);
  int between = 0;
  Retention retention(settings_, kTestPartition, &world_.store, world_.runner.get(), &world_.log);
  const auto removed = retention.Run(ReadClock() + hours(2), false, [&] {
    // Asked before each commit: a task that is created then is durable before it goes on.
    EXPECT_TRUE(world_.Create(static_cast<char>(kTasks + between++), world_.one).ok());
    return false;
  });
  EXPECT_THAT(Told(*removed), ElementsAre("ns.one 150/0/0"));
  // No commit holds more than some hundred rows.
  EXPECT_GE(static_cast<std::size_t>(between), rows / 510);
  EXPECT_GE(between, 2);
  EXPECT_EQ(world_.RowsIn(Table::kTasks), static_cast<std::size_t>(between));
}

TEST_F(RetentionTest, StopsBetweenCommitsWhenToldTo) {
  settings_.all.tasks.age = hours(1);
  world_.Finish('a', world_.one);
  Retention retention(settings_, kTestPartition, &world_.store, world_.runner.get(), &world_.log);
  EXPECT_EQ(retention.Run(ReadClock() + hours(2), false, [] { return true; }).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(world_.RowsIn(Table::kTasks), 1u);
}

}  // namespace
}  // namespace tasker::service
