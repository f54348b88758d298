// Commands become durable before anything of them leaves.
#include "service/pipeline/partition_runner.h"

#include <functional>
#include <set>
#include <thread>

#include "absl/synchronization/notification.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tasker::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

engine::TaskTemplatePtr OneStepOf(const std::string& name) {
  auto made = std::make_shared<engine::TaskTemplate>();
  made->id = {"ns", name, "1.0.0"};
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
    if (committed.events == nullptr) return;
    for (const auto& event : committed.events->events()) events_.insert(event.name());
  }

  void AwaitEvent(std::string_view name) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&] { return events_.contains(name); };
    mutex_.Await(absl::Condition(&there));
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
  std::set<std::string, std::less<>> events_;
  std::vector<engine::Assignment> assignments_;
  std::vector<engine::Acknowledgement> acknowledgements_;
};

class PartitionRunnerTest : public ::testing::Test {
 protected:
  void Start() {
    PartitionRunner::Options options;
    options.last_slot = storage::kSlotCount;
    options.seed = 1;
    options.settings.task_memory_max = task_memory_;
    options.find_template = [this](const engine::TemplateId& id) {
      return id == template_->id ? template_ : nullptr;
    };
    options.retry_first = options.retry_max = absl::Milliseconds(1);
    options.on_fenced = [this](const absl::Status&) { fenced_.Notify(); };
    options.on_unwritable = [this](const absl::Status&) {
      unwritable_.Notify();
      // Until the test lets it go on.
      const absl::MutexLock wait(&hold_);
    };
    options.on_writable = [this](storage::Sequence) {
      // Whoever is told of it by this may ask at once.
      EXPECT_TRUE(runner_->store_status().ok());
      writable_.Notify();
    };
    options.on_unreadable = [this](const engine::TaskId& task, const absl::Status&) {
      unreadable_.push_back(task);
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
  std::vector<engine::Command> CreationOf(char c) {
    std::vector<engine::Command> creation;
    creation.push_back(engine::CreateTask{Id(c), template_, engine::MakePayload("{}"), {}});
    return creation;
  }
  // Until a command is done by the caller: then the partition's thread has nothing to do.
  void AwaitIdle() {
    for (bool here = false; !here;) {
      absl::Notification answered;
      std::vector<engine::Command> nothing;
      nothing.push_back(engine::DisconnectHandler{engine::SessionId{99}});
      const std::thread::id self = std::this_thread::get_id();
      runner_->SubmitHere(std::move(nothing), [&](const absl::Status&, storage::Sequence) {
        here = std::this_thread::get_id() == self;
        answered.Notify();
      });
      answered.WaitForNotification();
    }
  }
  absl::Status Connect() {
    return Ask(engine::RegisterHandler{engine::SessionId{1}, "h", "i", 10, {{"H", "", "", 0}}, {}});
  }

  storage::MemoryStore store_;
  engine::TaskTemplatePtr template_ = OneStepOf("one");
  Sink sink_{&store_};
  std::size_t task_memory_ = 0;
  absl::Mutex hold_;
  absl::Notification fenced_;
  absl::Notification unwritable_;
  absl::Notification writable_;
  std::vector<engine::TaskId> unreadable_;
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

// A hundred creations and more, of the ids that begin with `c`.
std::vector<engine::Command> ManyOf(char c, const engine::TaskTemplatePtr& task_template) {
  std::vector<engine::Command> many;
  for (int i = 0; i < 200; ++i) {
    const engine::TaskId id = *engine::TaskId::FromBytes(std::string(15, c) + static_cast<char>(i));
    many.push_back(engine::CreateTask{id, task_template, engine::MakePayload("{}"), {}});
  }
  return many;
}

TEST_F(PartitionRunnerTest, AppliesManyCommandsWhileOthersAreBeingCommitted) {
  Start();
  absl::Notification committing, go_on, applied, answered;
  runner_->Submit(ManyOf('a', template_), [&](const absl::Status&, storage::Sequence) {
    committing.Notify();
    go_on.WaitForNotification();
  });
  committing.WaitForNotification();
  runner_->Inspect([&](const engine::Partition* partition) {
    EXPECT_EQ(partition->open_tasks(), 200u);
    applied.Notify();
  });
  runner_->Submit(ManyOf('b', template_),
                  [&](const absl::Status&, storage::Sequence) { answered.Notify(); });
  applied.WaitForNotification();
  go_on.Notify();
  answered.WaitForNotification();
}

TEST_F(PartitionRunnerTest, GathersFewCommandsWhileOthersAreBeingCommitted) {
  Start();
  absl::Notification committing, go_on;
  runner_->Submit(ManyOf('a', template_), [&](const absl::Status&, storage::Sequence) {
    committing.Notify();
    go_on.WaitForNotification();
  });
  committing.WaitForNotification();
  storage::Sequence first{}, last{};
  absl::Notification answered;
  runner_->Submit(engine::CreateTask{Id('b'), template_, engine::MakePayload("{}"), {}},
                  [&](const absl::Status&, storage::Sequence sequence) { first = sequence; });
  runner_->Submit(engine::CreateTask{Id('c'), template_, engine::MakePayload("{}"), {}},
                  [&](const absl::Status&, storage::Sequence sequence) {
                    last = sequence;
                    answered.Notify();
                  });
  go_on.Notify();
  answered.WaitForNotification();
  EXPECT_EQ(first, storage::Sequence{2});
  EXPECT_EQ(last, storage::Sequence{2});
}

TEST_F(PartitionRunnerTest, ACallerDoesASingleStepItselfAndWhatComesMeanwhileFollows) {
  Start();
  AwaitIdle();
  bool here = false;
  absl::Notification followed;
  runner_->SubmitHere(CreationOf('a'), [&](const absl::Status& answer, storage::Sequence) {
    here = answer.ok();
    runner_->Submit(CreationOf('b'),
                    [&](const absl::Status&, storage::Sequence) { followed.Notify(); });
    EXPECT_FALSE(followed.HasBeenNotified());
  });
  EXPECT_TRUE(here);
  EXPECT_TRUE(store_.Get(storage::Table::kTasks, storage::TaskKey(Id('a').bytes()))->has_value());
  followed.WaitForNotification();
  EXPECT_TRUE(store_.Get(storage::Table::kTasks, storage::TaskKey(Id('b').bytes()))->has_value());
}

TEST_F(PartitionRunnerTest, ATimerThatACallerHasSetIsDueWithoutAnyoneElse) {
  auto timed = std::make_shared<engine::TaskTemplate>(*template_);
  timed->steps[0].timeouts.schedule_to_start = std::chrono::milliseconds(1);
  template_ = timed;
  Start();
  AwaitIdle();
  runner_->SubmitHere(CreationOf('a'), nullptr);
  sink_.AwaitEvent("step.failed");
}

TEST_F(PartitionRunnerTest, GoesOnFromTheStoreAfterACallersCommitFailed) {
  Start();
  AwaitIdle();
  store_.Inject({storage::CommitOutcome::kFailed});
  absl::Status answer;
  runner_->SubmitHere(CreationOf('a'),
                      [&](const absl::Status& failed, storage::Sequence) { answer = failed; });
  EXPECT_EQ(answer.code(), absl::StatusCode::kUnavailable);
  writable_.WaitForNotification();
  EXPECT_TRUE(Create('a').ok());
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

TEST_F(PartitionRunnerTest, GoesOnFromTheStoreAfterAFailedCommit) {
  Start();
  ASSERT_TRUE(Create('a').ok());
  const absl::MutexLock held(&hold_);
  store_.Inject({storage::CommitOutcome::kFailed});
  EXPECT_EQ(Create('b').code(), absl::StatusCode::kUnavailable);
  unwritable_.WaitForNotification();
  EXPECT_FALSE(runner_->store_status().ok());
  const absl::Status refused = Create('c');
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("nothing was done"));
  bool looked = false;
  runner_->Inspect([&](const engine::Partition* partition) { looked = partition != nullptr; });
  EXPECT_FALSE(looked);
  hold_.Unlock();
  writable_.WaitForNotification();
  hold_.Lock();
  EXPECT_TRUE(Create('c').ok());
  EXPECT_EQ(Create('a').code(), absl::StatusCode::kAlreadyExists);
  EXPECT_FALSE(store_.Get(storage::Table::kTasks, storage::TaskKey(Id('b').bytes()))->has_value());
  EXPECT_TRUE(store_.Get(storage::Table::kTasks, storage::TaskKey(Id('c').bytes()))->has_value());
}

TEST_F(PartitionRunnerTest, TakesUpACommitInDoubtThatWasWritten) {
  Start();
  store_.Inject({storage::CommitOutcome::kInDoubt, true});
  EXPECT_TRUE(Create('a').ok());
  store_.Inject({storage::CommitOutcome::kInDoubt, false});
  EXPECT_EQ(Create('b').code(), absl::StatusCode::kUnavailable);
  writable_.WaitForNotification();
  EXPECT_EQ(runner_->open_tasks(), 1u);
  EXPECT_TRUE(Create('b').ok());
}

TEST_F(PartitionRunnerTest, StopsWhileTheStoreTakesNothing) {
  Start();
  const absl::MutexLock held(&hold_);
  store_.Inject({storage::CommitOutcome::kFailed});
  EXPECT_EQ(Create('a').code(), absl::StatusCode::kUnavailable);
  unwritable_.WaitForNotification();
  hold_.Unlock();
  runner_->Stop();
  hold_.Lock();
  EXPECT_EQ(Create('b').code(), absl::StatusCode::kUnavailable);
}

TEST_F(PartitionRunnerTest, StopsForGoodWhenAnotherOwnerHasTakenThePartition) {
  Start();
  ASSERT_TRUE(store_.Acquire(storage::PartitionId{0}).ok());
  EXPECT_EQ(Create('a').code(), absl::StatusCode::kUnavailable);
  fenced_.WaitForNotification();
  EXPECT_EQ(Create('a').code(), absl::StatusCode::kUnavailable);
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

TEST_F(PartitionRunnerTest, LeavesOutATaskWhoseTemplateIsGoneAndNamesIt) {
  Start();
  ASSERT_TRUE(Create('a').ok());
  runner_.reset();
  const engine::TaskTemplatePtr kept = std::exchange(template_, OneStepOf("other"));
  Start();
  EXPECT_THAT(unreadable_, ElementsAre(Id('a')));
  EXPECT_EQ(runner_->open_tasks(), 0u);
  EXPECT_TRUE(Create('b').ok());
  runner_.reset();
  template_ = kept;
  unreadable_.clear();
  Start();
  EXPECT_THAT(unreadable_, ElementsAre(Id('b')));
  EXPECT_EQ(runner_->open_tasks(), 1u);
}

TEST_F(PartitionRunnerTest, ReadsWhatSleepsWhenAHandlerCanTakeIt) {
  task_memory_ = 1;
  Start();
  for (const char c : {'a', 'b', 'c', 'd'}) ASSERT_TRUE(Create(c).ok());
  EXPECT_EQ(runner_->open_tasks(), 4u);
  EXPECT_EQ(runner_->sleeping_tasks(), 4u);
  ASSERT_TRUE(Connect().ok());
  const auto assignments = sink_.AwaitAssignments(4);
  for (const engine::Assignment& each : assignments) {
    engine::CompleteAttempt complete{each.session, each.token, engine::MakePayload("{}")};
    ASSERT_TRUE(Ask(std::move(complete)).ok());
  }
  EXPECT_EQ(runner_->open_tasks(), 0u);
  EXPECT_EQ(runner_->sleeping_tasks(), 0u);
}

TEST_F(PartitionRunnerTest, AStartTakesNoMoreIntoMemoryThanItMay) {
  task_memory_ = 1;
  Start();
  for (const char c : {'a', 'b', 'c', 'd'}) ASSERT_TRUE(Create(c).ok());
  runner_.reset();
  Start();
  EXPECT_EQ(runner_->open_tasks(), 4u);
  EXPECT_EQ(runner_->sleeping_tasks(), 4u);
  ASSERT_TRUE(Connect().ok());
  EXPECT_THAT(sink_.AwaitAssignments(4), SizeIs(4));
}

// Also right after the commit with which it went to sleep.
TEST_F(PartitionRunnerTest, CommandsAndLooksReadATaskThatSleeps) {
  task_memory_ = 1;
  Start();
  ASSERT_TRUE(Create('a').ok());
  runner_->Submit(engine::CreateTask{Id('b'), template_, engine::MakePayload("{}"), {}}, nullptr);
  absl::Notification looked;
  runner_->Inspect(Id('b'), [&](const engine::Partition* partition) {
    EXPECT_NE(partition->Look(Id('b')), nullptr);
    looked.Notify();
  });
  looked.WaitForNotification();
  EXPECT_TRUE(Ask(engine::CancelTask{Id('b'), "me", "enough"}).ok());
  EXPECT_EQ(Ask(engine::CancelTask{Id('b'), "me", "enough"}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(runner_->open_tasks(), 1u);
}

TEST_F(PartitionRunnerTest, LeavesOutASleeperThatCannotBeReadAndGoesOn) {
  task_memory_ = 1;
  Start();
  ASSERT_TRUE(Create('a').ok());
  ASSERT_TRUE(Create('b').ok());
  const engine::TaskTemplatePtr kept = std::exchange(template_, OneStepOf("other"));
  ASSERT_TRUE(Create('c').ok());
  ASSERT_TRUE(Connect().ok());
  EXPECT_THAT(sink_.AwaitAssignments(1), SizeIs(1));
  ASSERT_TRUE(Ask(engine::DisconnectHandler{engine::SessionId{1}}).ok());
  EXPECT_THAT(unreadable_, UnorderedElementsAre(Id('a'), Id('b')));
  EXPECT_EQ(runner_->open_tasks(), 1u);
}

}  // namespace
}  // namespace tasker::service
