// Commands become durable before anything of them leaves.
#include "service/pipeline/partition_runner.h"

#include "absl/synchronization/notification.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tasker::service {
namespace {

using ::testing::SizeIs;

engine::TaskTemplatePtr OneStep() {
  auto made = std::make_shared<engine::TaskTemplate>();
  made->id = {"ns", "one", "1.0.0"};
  engine::StepTemplate& step = made->steps.emplace_back();
  step.name = "a";
  step.handler_class = "H";
  made->dag = engine::Dag(engine::ParentLists(1));
  return made;
}

engine::TaskId Id(char c) { return *engine::TaskId::FromBytes(std::string(16, c)); }

// Keeps what was released, and checks that it was durable by then.
class Sink final : public EffectSink {
 public:
  explicit Sink(storage::Store* store) : store_(*store) {}

  void Release(Committed committed) override {
    absl::MutexLock lock(&mutex_);
    durable_ = durable_ && *store_.LastSequence(committed.partition) >= committed.sequence;
    for (auto& each : committed.effects.assignments) assignments_.push_back(std::move(each));
    for (auto& each : committed.effects.acknowledgements) acknowledgements_.push_back(each);
    if (committed.events != nullptr) events_ += committed.events->events_size();
  }

  std::vector<engine::Assignment> AwaitAssignments(std::size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&] { return assignments_.size() >= count; };
    mutex_.Await(absl::Condition(&enough));
    EXPECT_TRUE(durable_);
    return assignments_;
  }

 private:
  storage::Store& store_;
  absl::Mutex mutex_;
  bool durable_ = true;
  int events_ = 0;
  std::vector<engine::Assignment> assignments_;
  std::vector<engine::Acknowledgement> acknowledgements_;
};

class PartitionRunnerTest : public ::testing::Test {
 protected:
  void Start() {
    PartitionRunner::Options options;
    options.last_slot = storage::kSlotCount;
    options.seed = 1;
    options.find_template = [this](const engine::TemplateId& id) {
      return id == template_->id ? template_ : nullptr;
    };
    options.on_failure = [this](const absl::Status& why) {
      failure_ = why;
      failed_.Notify();
    };
    runner_ = *PartitionRunner::Start(std::move(options), &store_, &sink_);
    runner_->Begin();
  }

  // Gives a command and waits for its answer.
  absl::Status Ask(engine::Command command) {
    absl::Notification answered;
    absl::Status result;
    runner_->Submit(std::move(command), [&](const absl::Status& answer, storage::Sequence) {
      result = answer;
      answered.Notify();
    });
    answered.WaitForNotification();
    return result;
  }

  absl::Status Create(char c) {
    return Ask(engine::CreateTask{Id(c), template_, engine::MakePayload("{}"), {}});
  }
  absl::Status Connect() {
    return Ask(engine::RegisterHandler{engine::SessionId{1}, "h", "i", 10, {{"H", "", "", 0}}, {}});
  }

  storage::MemoryStore store_;
  engine::TaskTemplatePtr template_ = OneStep();
  Sink sink_{&store_};
  absl::Status failure_;
  absl::Notification failed_;
  std::unique_ptr<PartitionRunner> runner_;
};

TEST_F(PartitionRunnerTest, AnswersOnceTheCommandIsDurable) {
  Start();
  ASSERT_TRUE(Create('a').ok());
  EXPECT_TRUE(store_.Get(storage::Table::kTasks, storage::TaskKey(Id('a').bytes()))->has_value());
  EXPECT_TRUE(store_.Get(storage::Table::kOpen, storage::TaskKey(Id('a').bytes()))->has_value());
  EXPECT_EQ(*store_.LastSequence(storage::PartitionId{0}), storage::Sequence{1});
}

TEST_F(PartitionRunnerTest, ReleasesAssignmentsOnlyOnceTheyAreDurable) {
  Start();
  ASSERT_TRUE(Connect().ok());
  for (char c = 'a'; c < 'f'; ++c) ASSERT_TRUE(Create(c).ok());
  EXPECT_THAT(sink_.AwaitAssignments(5), SizeIs(5));
}

TEST_F(PartitionRunnerTest, AnswersARefusedCommandWithoutACommit) {
  Start();
  ASSERT_TRUE(Create('a').ok());
  EXPECT_EQ(Create('a').code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(*store_.LastSequence(storage::PartitionId{0}), storage::Sequence{1});
}

TEST_F(PartitionRunnerTest, SharesOneSyncAmongCommandsThatComeTogether) {
  Start();
  const std::uint64_t before = store_.SyncCount();
  std::vector<engine::Command> many;
  for (char c = 'a'; c < 'z'; ++c) {
    many.push_back(engine::CreateTask{Id(c), template_, engine::MakePayload("{}"), {}});
  }
  absl::Notification answered;
  runner_->Submit(std::move(many),
                  [&](const absl::Status&, storage::Sequence) { answered.Notify(); });
  answered.WaitForNotification();
  EXPECT_EQ(store_.SyncCount() - before, 1u);
  EXPECT_EQ(runner_->open_tasks(), 25u);
}

TEST_F(PartitionRunnerTest, TakesUpWhatWasOpen) {
  Start();
  ASSERT_TRUE(Create('a').ok());
  runner_.reset();
  Start();
  EXPECT_EQ(runner_->open_tasks(), 1u);
  ASSERT_TRUE(Connect().ok());
  EXPECT_THAT(sink_.AwaitAssignments(1), SizeIs(1));
}

TEST_F(PartitionRunnerTest, StopsForGoodWhenACommitFails) {
  Start();
  store_.Inject({storage::CommitOutcome::kFailed});
  EXPECT_EQ(Create('a').code(), absl::StatusCode::kUnavailable);
  failed_.WaitForNotification();
  EXPECT_FALSE(failure_.ok());
  EXPECT_EQ(Create('b').code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(store_.Get(storage::Table::kTasks, storage::TaskKey(Id('a').bytes()))->has_value());
}

TEST_F(PartitionRunnerTest, AsksTheStoreWhenACommitIsInDoubt) {
  Start();
  store_.Inject({storage::CommitOutcome::kInDoubt, true});
  EXPECT_TRUE(Create('a').ok());
  store_.Inject({storage::CommitOutcome::kInDoubt, false});
  EXPECT_EQ(Create('b').code(), absl::StatusCode::kUnavailable);
}

TEST_F(PartitionRunnerTest, StopsWhenAnotherOwnerHasTakenThePartition) {
  Start();
  ASSERT_TRUE(store_.Acquire(storage::PartitionId{0}).ok());
  EXPECT_EQ(Create('a').code(), absl::StatusCode::kUnavailable);
  failed_.WaitForNotification();
  EXPECT_EQ(failure_.code(), absl::StatusCode::kAborted);
}

TEST_F(PartitionRunnerTest, CommitsWhatWasSubmittedBeforeItStops) {
  Start();
  for (char c = 'a'; c < 'z'; ++c) {
    runner_->Submit(engine::CreateTask{Id(c), template_, engine::MakePayload("{}"), {}}, nullptr);
  }
  runner_->Stop();
  const auto rows = store_.TakeSnapshot();
  int open = 0;
  for (auto row = rows->Scan(storage::Table::kOpen, "", ""); row->Valid(); row->Next()) ++open;
  EXPECT_EQ(open, 25);
  EXPECT_EQ(Create('z').code(), absl::StatusCode::kUnavailable);
}

TEST_F(PartitionRunnerTest, RefusesToStartWithoutTheTemplateOfAnOpenTask) {
  Start();
  ASSERT_TRUE(Create('a').ok());
  runner_.reset();
  PartitionRunner::Options options;
  options.last_slot = storage::kSlotCount;
  options.find_template = [](const engine::TemplateId&) { return nullptr; };
  EXPECT_EQ(PartitionRunner::Start(std::move(options), &store_, &sink_).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tasker::service
