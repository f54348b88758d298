#include "service/events/task_snapshot.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/command.h"
#include "tests/service/runner_world.h"

namespace tasker::service {
namespace {

class TaskSnapshotTest : public ::testing::Test {
 protected:
  TaskSnapshot Snapshot(const v1::EventFilter& filter = {}, bool open_only = false) {
    const storage::Sequence end = *world_.store.LastSequence(kTestPartition);
    return {
        {&world_.store, &reader_}, *EventFilter::Make(filter), open_only, {kTestPartition, end}};
  }

  // What a page shows of each task: the letter that its id is made of.
  static std::string Letters(const v1::SubscribeResponse& page) {
    std::string letters;
    for (const v1::Task& task : page.tasks()) {
      letters += engine::TaskId::Parse(task.task_id())->bytes()[0];
    }
    return letters;
  }

  std::string All(TaskSnapshot snapshot) {
    std::string letters;
    while (!snapshot.complete()) letters += Letters(*snapshot.NextPage());
    return letters;
  }

  absl::Status Create(char c, const engine::TaskTemplatePtr& of, engine::Priority priority,
                      std::vector<std::string> tags) {
    engine::CreateTask create{TestId(c), of, engine::MakePayload("{}"), {}};
    create.priority = priority;
    create.origin.tags = std::move(tags);
    return world_.Ask(std::move(create));
  }

  RunnerWorld world_;
  TaskReader reader_{&world_.store, kTestPartition,
                     [this](const engine::TemplateId& id) -> engine::TaskTemplatePtr {
                       return id == world_.one->id ? world_.one : world_.two;
                     }};
};

TEST_F(TaskSnapshotTest, IsCompleteAtOnceWhereThereAreNone) {
  TaskSnapshot snapshot = Snapshot();
  const v1::SubscribeResponse page = *snapshot.NextPage();
  EXPECT_TRUE(page.snapshot_complete());
  EXPECT_TRUE(snapshot.complete());
  EXPECT_EQ(page.tasks_size(), 0);
}

TEST_F(TaskSnapshotTest, ShowsTheTasksThatMatchNewestFirst) {
  ASSERT_TRUE(Create('a', world_.one, engine::Priority{2}, {"x", "y"}).ok());
  ASSERT_TRUE(Create('b', world_.two, engine::Priority{2}, {"y"}).ok());
  ASSERT_TRUE(Create('c', world_.one, engine::Priority{7}, {"x"}).ok());
  world_.Finish('d', world_.one);
  EXPECT_EQ(All(Snapshot()), "dcba");
  EXPECT_EQ(All(Snapshot({}, true)), "cba");
  v1::EventFilter filter;
  filter.set_task_name("one");
  EXPECT_EQ(All(Snapshot(filter)), "dca");
  filter.add_tags("x");
  EXPECT_EQ(All(Snapshot(filter)), "ca");
  filter.add_tags("y");
  EXPECT_EQ(All(Snapshot(filter)), "a");
  filter = {};
  filter.add_priorities(2);
  EXPECT_EQ(All(Snapshot(filter)), "ba");
  filter = {};
  filter.set_namespace_("other");
  EXPECT_EQ(All(Snapshot(filter)), "");
  filter = {};
  for (const char c : {'b', 'd', 'z', 'a'}) filter.add_task_ids(TestId(c).ToString());
  EXPECT_EQ(All(Snapshot(filter)), "dba");
  filter.set_task_name("one");
  EXPECT_EQ(All(Snapshot(filter, true)), "a");
}

TEST_F(TaskSnapshotTest, ShowsEachPageAsItIsWhenItIsAskedFor) {
  constexpr int kTasks = 150;
  for (int i = 0; i < kTasks; ++i) {
    ASSERT_TRUE(world_.Create(static_cast<char>(i + 1), world_.one).ok());
  }
  TaskSnapshot snapshot = Snapshot();
  const v1::SubscribeResponse first = *snapshot.NextPage();
  EXPECT_EQ(first.tasks_size(), 100);
  EXPECT_FALSE(first.snapshot_complete());
  EXPECT_EQ(first.snapshot_position().sequence(), Raw(snapshot.start().sequence));
  // One that is in the first page, one that is in the second, and one that is new.
  for (const int task : {140, 7}) {
    const engine::TaskId id = TestId(static_cast<char>(task));
    ASSERT_TRUE(world_.Ask(engine::CancelTask{id, "test", "test"}).ok());
  }
  ASSERT_TRUE(world_.Create(static_cast<char>(200), world_.one).ok());
  const v1::SubscribeResponse second = *snapshot.NextPage();
  EXPECT_TRUE(second.snapshot_complete());
  EXPECT_EQ(second.tasks_size(), 50);
  EXPECT_EQ(second.snapshot_position().sequence(), Raw(*world_.store.LastSequence(kTestPartition)));
  EXPECT_EQ(second.cursor(), snapshot.start().ToString());
  for (const v1::Task& task : second.tasks()) {
    const bool cancelled = task.task_id() == TestId(7).ToString();
    EXPECT_EQ(task.state() == v1::TASK_STATE_CANCELLED, cancelled);
    EXPECT_EQ(task.steps_size(), 0);
  }
}

TEST_F(TaskSnapshotTest, LooksAtABoundedNumberOfTasksAPage) {
  for (int i = 0; i < 1500; ++i) {
    std::string bytes(16, 'n');
    bytes.replace(0, 4, std::to_string(1000 + i));
    ASSERT_TRUE(
        world_
            .Ask(engine::CreateTask{
                *engine::TaskId::FromBytes(bytes), world_.one, engine::MakePayload("{}"), {}})
            .ok());
  }
  v1::EventFilter filter;
  filter.set_task_name("two");
  TaskSnapshot snapshot = Snapshot(filter);
  EXPECT_FALSE(snapshot.NextPage()->snapshot_complete());
  EXPECT_TRUE(snapshot.NextPage()->snapshot_complete());
}

}  // namespace
}  // namespace tasker::service
