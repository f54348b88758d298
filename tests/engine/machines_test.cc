// The tables of legal changes, walked whole: what stands here is legal, everything else is refused.
#include <map>
#include <utility>

#include <gtest/gtest.h>

#include "engine/states/step_machine.h"
#include "engine/states/task_machine.h"

namespace tasker::engine {
namespace {

TEST(StepMachine, AllowsExactlyTheseChanges) {
  using S = StepState;
  using I = StepInput;
  const std::map<std::pair<S, I>, S> legal = {
      {{S::kPending, I::kReady}, S::kEnqueued},
      {{S::kPending, I::kSkip}, S::kSkipped},
      {{S::kPending, I::kOperatorResolve}, S::kResolvedManually},
      {{S::kPending, I::kFailFinal}, S::kError},
      {{S::kPending, I::kCancel}, S::kCancelled},
      {{S::kEnqueued, I::kFailRetryable}, S::kWaitingForRetry},
      {{S::kEnqueued, I::kFailFinal}, S::kError},
      {{S::kEnqueued, I::kAssign}, S::kInProgress},
      {{S::kEnqueued, I::kSkip}, S::kSkipped},
      {{S::kEnqueued, I::kOperatorResolve}, S::kResolvedManually},
      {{S::kEnqueued, I::kCancel}, S::kCancelled},
      {{S::kEnqueued, I::kPlanAnew}, S::kPending},
      {{S::kInProgress, I::kSucceed}, S::kComplete},
      {{S::kInProgress, I::kFailRetryable}, S::kWaitingForRetry},
      {{S::kInProgress, I::kFailFinal}, S::kError},
      {{S::kInProgress, I::kUndelivered}, S::kEnqueued},
      {{S::kInProgress, I::kCancel}, S::kCancelled},
      {{S::kWaitingForRetry, I::kRetryDue}, S::kEnqueued},
      {{S::kWaitingForRetry, I::kFailFinal}, S::kError},
      {{S::kWaitingForRetry, I::kSkip}, S::kSkipped},
      {{S::kWaitingForRetry, I::kOperatorRetry}, S::kEnqueued},
      {{S::kWaitingForRetry, I::kOperatorResolve}, S::kResolvedManually},
      {{S::kWaitingForRetry, I::kCancel}, S::kCancelled},
      {{S::kError, I::kOperatorRetry}, S::kEnqueued},
      {{S::kError, I::kOperatorResolve}, S::kResolvedManually},
      {{S::kError, I::kCancel}, S::kCancelled},
      {{S::kError, I::kSkip}, S::kSkipped},
      {{S::kError, I::kRerun}, S::kPending},
      {{S::kCancelled, I::kSkip}, S::kSkipped},
      {{S::kCancelled, I::kOperatorRetry}, S::kEnqueued},
      {{S::kCancelled, I::kOperatorResolve}, S::kResolvedManually},
      {{S::kCancelled, I::kRerun}, S::kPending},
      {{S::kComplete, I::kRerun}, S::kPending},
      {{S::kSkipped, I::kRerun}, S::kPending},
      {{S::kResolvedManually, I::kRerun}, S::kPending},
  };
  for (int from = 1; from <= static_cast<int>(S::kResolvedManually); ++from) {
    for (int input = 0; input <= static_cast<int>(I::kPlanAnew); ++input) {
      const std::pair key{static_cast<S>(from), static_cast<I>(input)};
      const auto expected = legal.find(key);
      const auto actual = NextState(key.first, key.second);
      EXPECT_EQ(actual.has_value(), expected != legal.end())
          << NameOf(key.first) << " + " << NameOf(key.second);
      if (actual && expected != legal.end()) {
        EXPECT_EQ(*actual, expected->second);
      }
    }
  }
  EXPECT_EQ(StepTransitions().size(), legal.size());
}

TEST(TaskMachine, AllowsExactlyTheseChanges) {
  using S = TaskState;
  using I = TaskInput;
  const std::map<std::pair<S, I>, S> legal = {
      {{S::kPending, I::kStart}, S::kInProgress},
      {{S::kPending, I::kFail}, S::kError},
      {{S::kPending, I::kCancel}, S::kCancelled},
      {{S::kInProgress, I::kFinish}, S::kComplete},
      {{S::kInProgress, I::kFail}, S::kError},
      {{S::kInProgress, I::kCancel}, S::kCancelled},
      {{S::kError, I::kOperatorRetry}, S::kPending},
      {{S::kError, I::kOperatorResolve}, S::kResolvedManually},
      {{S::kComplete, I::kCancel}, S::kCancelled},
      {{S::kComplete, I::kRerun}, S::kPending},
      {{S::kError, I::kRerun}, S::kPending},
      {{S::kCancelled, I::kRerun}, S::kPending},
      {{S::kResolvedManually, I::kRerun}, S::kPending},
      {{S::kResolvedManually, I::kCancel}, S::kCancelled},
  };
  for (int from = 1; from <= static_cast<int>(S::kResolvedManually); ++from) {
    for (int input = 0; input <= static_cast<int>(I::kRerun); ++input) {
      const std::pair key{static_cast<S>(from), static_cast<I>(input)};
      const auto expected = legal.find(key);
      const auto actual = NextState(key.first, key.second);
      EXPECT_EQ(actual.has_value(), expected != legal.end())
          << NameOf(key.first) << " + " << NameOf(key.second);
      if (actual && expected != legal.end()) {
        EXPECT_EQ(*actual, expected->second);
      }
    }
  }
  EXPECT_EQ(TaskTransitions().size(), legal.size());
}

TEST(StepMachine, ShowsTheFinerStatesInTheRailsEnginesTerms) {
  EXPECT_EQ(ClassicNameOf(StepState::kEnqueued), "pending");
  EXPECT_EQ(ClassicNameOf(StepState::kWaitingForRetry), "error");
  EXPECT_EQ(ClassicNameOf(StepState::kSkipped), "resolved_manually");
  EXPECT_EQ(ClassicNameOf(StepState::kInProgress), "in_progress");
}

TEST(StepMachine, LetsChildrenGoOnBehindWhatIsDone) {
  EXPECT_TRUE(IsDone(StepState::kComplete));
  EXPECT_TRUE(IsDone(StepState::kSkipped));
  EXPECT_TRUE(IsDone(StepState::kResolvedManually));
  EXPECT_FALSE(IsDone(StepState::kError));
  EXPECT_FALSE(IsDone(StepState::kCancelled));
}

}  // namespace
}  // namespace tasker::engine
