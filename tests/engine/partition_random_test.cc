// Random histories from seeds: whatever happens, what must never happen does not. A failing seed is
// named; it gives the same history again.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

constexpr std::uint64_t kSeeds = 400;
constexpr int kCommandsPerSeed = 150;
constexpr std::uint32_t kConcurrency = 3;

class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed)
      : random_(seed), world_(EngineWorld::DefaultSettings(), seed) {}

  void Run() {
    for (int i = 0; i < kCommandsPerSeed && !testing::Test::HasFailure(); ++i) {
      Something();
      Collect();
      Check();
    }
    Finish();
  }

 private:
  std::uint32_t Below(std::uint32_t limit) {
    return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(random_);
  }

  void Something() {
    switch (Below(12)) {
      case 0:
      case 1:
        CreateOne();
        break;
      case 2:
        ConnectOne();
        break;
      case 3:
        world_.Disconnect(1 + Below(static_cast<std::uint32_t>(sessions_) + 1));
        break;
      case 4:
        world_.Advance(std::chrono::milliseconds(Below(40'000)));
        break;
      case 5:
        if (tasks_ > 0) (void)world_.Apply(CancelTask{MakeTaskId(1 + Below(tasks_)), "me", ""});
        break;
      case 6:
        if (Below(4) == 0) world_.Restart();
        break;
      case 7:
        Heartbeat();
        break;
      default:
        Answer();
        break;
    }
  }

  void CreateOne() {
    std::vector<StepSketch> steps(1 + Below(6));
    for (std::size_t i = 0; i < steps.size(); ++i) {
      steps[i].name = "s" + std::to_string(i);
      steps[i].retry_limit = Below(4);
      for (std::size_t parent = 0; parent < i; ++parent) {
        if (Below(3) == 0) steps[i].parents.push_back("s" + std::to_string(parent));
      }
    }
    ASSERT_TRUE(world_.Create(++tasks_, MakeTemplate(std::move(steps), Below(4) != 0)).ok());
    templates_[MakeTaskId(tasks_)] = nullptr;
  }

  void ConnectOne() {
    // A few instances that come and go, naming some of what they hold and some that is not theirs.
    std::vector<AttemptToken> held;
    for (const Assignment& each : seen_) {
      if (Below(2) == 0) held.push_back(each.token);
    }
    world_.Connect(++sessions_, kConcurrency, {{"H", "", "", Below(2) * 2}}, std::move(held),
                   "instance-" + std::to_string(Below(3)));
  }

  void Heartbeat() {
    RenewLeases renew{SessionId{1 + Below(static_cast<std::uint32_t>(sessions_) + 1)}, {}};
    for (const Assignment& each : seen_) renew.tokens.push_back(each.token);
    (void)world_.Apply(renew);
  }

  // A result of any attempt ever handed out: current, late or repeated.
  void Answer() {
    if (seen_.empty()) return;
    const Assignment& any =
        seen_[seen_.size() - 1 -
              Below(std::min<std::uint32_t>(8, static_cast<std::uint32_t>(seen_.size())))];
    v1::Failure failure = MakeFailure();
    if (Below(8) == 0) failure.set_retryable(false);
    Below(4) == 0 ? world_.Fail(any, failure) : world_.Complete(any);
  }

  void Collect() {
    for (Assignment& each : world_.TakeAssignments()) {
      for (const DependencyResults& parent : each.dependencies) {
        EXPECT_TRUE(IsDone(parent.state)) << "a step started before its parents were done";
      }
      const StepTemplate& step = each.task_template->steps[Raw(each.token.step)];
      EXPECT_LE(Raw(each.token.attempt), std::max(1u, step.retry_limit));
      templates_[each.token.task] = each.task_template;
      seen_.push_back(std::move(each));
    }
  }

  void Check() {
    for (std::uint64_t session = 1; session <= sessions_; ++session) {
      EXPECT_LE(world_.partition().InFlightOf(SessionId{session}), kConcurrency);
    }
    for (const auto& [id, record] : world_.rows().tasks) {
      EXPECT_EQ(world_.rows().open.contains(id), IsOpen(static_cast<TaskState>(record.state())));
    }
    EXPECT_EQ(world_.partition().open_tasks(), world_.rows().open.size());
    for (const auto& [key, step] : world_.rows().steps) {
      const TaskTemplatePtr& task_template = templates_[key.first];
      const bool running = step.state() == v1::STEP_STATE_IN_PROGRESS;
      EXPECT_TRUE(!running || !step.handler_instance().empty());
      if (task_template == nullptr || !running) continue;
      for (const StepIndex parent : task_template->steps[Raw(key.second)].parents) {
        const auto found = world_.rows().steps.find({key.first, parent});
        ASSERT_NE(found, world_.rows().steps.end());
        EXPECT_TRUE(IsDone(static_cast<StepState>(found->second.state())));
      }
    }
    CheckHistory();
  }

  // Each task's and step's transitions follow from one another, and the last is what is stored.
  void CheckHistory() {
    for (const auto& [id, moves] : world_.rows().history) {
      std::map<std::uint32_t, int> state;
      for (const auto& move : moves) {
        const bool is_step = move.step_plus_one() > 0;
        const int from =
            is_step ? static_cast<int>(move.step_from()) : static_cast<int>(move.task_from());
        auto [known, first] = state.try_emplace(move.step_plus_one(), 1);
        ASSERT_EQ(known->second, from);
        known->second =
            is_step ? static_cast<int>(move.step_to()) : static_cast<int>(move.task_to());
      }
      for (const auto& [step_plus_one, last] : state) {
        const int stored =
            step_plus_one == 0
                ? static_cast<int>(world_.rows().tasks.at(id).state())
                : static_cast<int>(
                      world_.rows().steps.at({id, StepIndex{step_plus_one - 1}}).state());
        ASSERT_EQ(last, stored);
      }
    }
  }

  // With one handler that does everything, every task ends.
  void Finish() {
    world_.Connect(++sessions_, kConcurrency, {{"H", "", "", 0}}, {}, "the last");
    for (int i = 0; i < 10'000 && !world_.rows().open.empty(); ++i) {
      const std::vector<Assignment> work = world_.TakeAssignments();
      for (const Assignment& each : work) world_.Complete(each);
      if (work.empty()) world_.Advance(std::chrono::seconds(10));
    }
    EXPECT_TRUE(world_.rows().open.empty()) << "a task never came to its end";
  }

  std::mt19937_64 random_;
  EngineWorld world_;
  std::uint32_t tasks_ = 0;
  std::uint64_t sessions_ = 0;
  std::vector<Assignment> seen_;
  std::map<TaskId, TaskTemplatePtr> templates_;
};

TEST(PartitionRandom, KeepsItsPromisesInEveryHistory) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomHistory(seed).Run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tasker::engine
