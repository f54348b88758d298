// Reading the results of earlier steps.
#include "tasker/client/sequence.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/client/errors.h"
#include "tests/cpp_client/fake_stream.h"

namespace tasker::client {
namespace {

using ::testing::HasSubstr;

// A service that knows one more step than comes with the assignment, and counts the questions.
struct World {
  World() {
    v1::DependencyResults& dependency = *assignment.add_dependencies();
    dependency.set_step_name("fetch_order");
    dependency.set_results(R"({"total":25,"items":["tea"]})");
    dependency.set_state(v1::STEP_STATE_COMPLETE);
  }

  v1::Assignment assignment = MakeAssignment("t");
  int questions = 0;
  absl::Status answer = absl::OkStatus();
  Sequence::TaskReader reader = [this](const std::string& task_id) -> absl::StatusOr<v1::Task> {
    ++questions;
    if (!answer.ok()) return answer;
    v1::Task task;
    task.set_task_id(task_id);
    for (const char* name : {"fetch_order", "check_stock", "ship"})
      task.add_steps()->set_name(name);
    task.mutable_steps(0)->set_results(R"({"total":"from the service"})");
    task.mutable_steps(1)->set_results(R"({"level":3})");
    task.mutable_steps(1)->set_state(v1::STEP_STATE_RESOLVED_MANUALLY);
    task.mutable_steps(2)->set_state(v1::STEP_STATE_WAITING_FOR_RETRY);
    return task;
  };
};

TEST(Sequence, DirectDependency_IsThereWithoutAskingTheService) {
  World world;
  const Sequence sequence(world.assignment, world.reader);
  const SequenceStep& step = sequence.find_step_by_name("fetch_order");
  EXPECT_EQ(step.results(), Json({{"total", 25}, {"items", {"tea"}}}));
  EXPECT_EQ(step.results_json(), R"({"total":25,"items":["tea"]})");
  EXPECT_EQ(step.state(), "complete");
  EXPECT_EQ(world.questions, 0);
}

TEST(Sequence, OtherSteps_AreReadOnceAndKept) {
  World world;
  const Sequence sequence(world.assignment, world.reader);
  const SequenceStep& first = sequence.find_step_by_name("check_stock");
  EXPECT_EQ(first.results(), Json({{"level", 3}}));
  EXPECT_EQ(first.state(), "resolved_manually");
  EXPECT_EQ(&sequence.find_step_by_name("check_stock"), &first);
  EXPECT_EQ(sequence.find_step_by_name("ship").results(), Json(nullptr));
  EXPECT_EQ(sequence.find_step_by_name("ship").state(), "pending");
  EXPECT_EQ(world.questions, 1);
}

TEST(Sequence, DirectDependency_StaysAsItCameWhenOthersAreRead) {
  World world;
  const Sequence sequence(world.assignment, world.reader);
  const SequenceStep& dependency = sequence.find_step_by_name("fetch_order");
  sequence.find_step_by_name("ship");
  EXPECT_EQ(&sequence.find_step_by_name("fetch_order"), &dependency);
  EXPECT_EQ(dependency.results().at("total"), 25);
}

TEST(Sequence, UnknownStep_IsAPermanentErrorThatNamesTheKnownOnes) {
  World world;
  const Sequence sequence(world.assignment, world.reader);
  try {
    sequence.find_step_by_name("fetch_ordr");
    FAIL() << "nothing was thrown";
  } catch (const PermanentError& error) {
    EXPECT_THAT(error.what(), HasSubstr("`fetch_ordr`"));
    EXPECT_THAT(error.what(), HasSubstr("fetch_order, check_stock, ship"));
  }
  EXPECT_EQ(world.questions, 1);
}

TEST(Sequence, ServiceThatCannotBeAsked_IsARetryableErrorAndAskedAgain) {
  World world;
  world.answer = absl::UnavailableError("restarting");
  const Sequence sequence(world.assignment, world.reader);
  EXPECT_THROW(sequence.find_step_by_name("check_stock"), RetryableError);
  world.answer = absl::OkStatus();
  EXPECT_EQ(sequence.find_step_by_name("check_stock").results().at("level"), 3);
}

TEST(Sequence, GetPreviousStepData_PicksAKeyOrNull) {
  World world;
  const Sequence sequence(world.assignment, world.reader);
  EXPECT_EQ(get_previous_step_data(sequence, "fetch_order", "total"), 25);
  EXPECT_TRUE(get_previous_step_data(sequence, "fetch_order", "absent").is_null());
  EXPECT_TRUE(get_previous_step_data(sequence, "ship", "any").is_null());
}

}  // namespace
}  // namespace tasker::client
