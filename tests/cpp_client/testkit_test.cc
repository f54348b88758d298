// Handlers without a service.
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/testkit/made_step.h"

namespace tasker::testkit {
namespace {

using client::Sequence;
using client::Step;
using client::Task;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Pay : public client::StepHandler {
 public:
  Json process(const Task& task, const Sequence& sequence, const Step& step) override {
    if (step.attempt_number() == 1) throw client::RetryableError("busy");
    step.progress(0.5, "asking the bank");
    step.checkpoint({{"asked", true}});
    step.publish("order.paid");
    return {{"order", task.context().at("order_id")},
            {"total", client::get_previous_step_data(sequence, "fetch_order", "total")},
            {"config", step.handler_config()}};
  }
};

TEST(TestKit, Run_GivesResultsEventsAndReports) {
  MadeStep made({{"order_id", 7}}, {{"fetch_order", {{"total", 25}}}},
                {.name = "pay", .handler_config = {{"bank", "b"}}, .attempt_number = 2});
  Pay handler;
  const StepRun run = made.Run(handler);
  EXPECT_EQ(run.results, Json({{"order", 7}, {"total", 25}, {"config", {{"bank", "b"}}}}));
  ASSERT_EQ(run.events.size(), 1u);
  EXPECT_EQ(run.events[0].first, "order.paid");
  EXPECT_THAT(run.checkpoints, ElementsAre(Json({{"asked", true}})));
  ASSERT_EQ(run.progress.size(), 1u);
  EXPECT_EQ(run.progress[0].second, "asking the bank");
}

TEST(TestKit, Run_GivesTheFailureThatTheServiceWouldBeTold) {
  MadeStep made(Json({{"order_id", 7}}));
  Pay handler;
  const StepRun run = made.Run(handler);
  ASSERT_TRUE(run.failure.has_value());
  EXPECT_TRUE(run.failure->retryable());
  EXPECT_EQ(run.failure->message(), "busy");
  EXPECT_FALSE(run.results.has_value());
}

TEST(TestKit, Cancel_ReachesTheHandler) {
  class Endless : public client::StepHandler {
   public:
    Json process(const Task&, const Sequence&, const Step& step) override {
      step.throw_if_cancelled();
      return 1;
    }
  };
  MadeStep made(Json::object());
  made.Cancel("enough");
  Endless handler;
  EXPECT_THAT(made.Run(handler).failure->message(), HasSubstr("enough"));
}

TEST(TestKit, BuildSequence_KnowsTheStepsOfATemplate) {
  const auto made = BuildSequenceFor(Json::object(), TASKER_TEMPLATES "/order_process.yaml",
                                     {{"fetch_order", {{"total", 25}}}});
  EXPECT_EQ(made->sequence().find_step_by_name("fetch_order").state(), "complete");
  EXPECT_EQ(made->sequence().find_step_by_name("send_confirmation").state(), "pending");
  EXPECT_THROW(made->sequence().find_step_by_name("no_such_step"), client::UnknownStepError);
  EXPECT_EQ(made->sequence().steps().size(), 5u);
}

TEST(TestKit, StepNames_OfWhatIsNoTemplateSaysWhy) {
  const std::string path = ::testing::TempDir() + "/testkit_test.yaml";
  std::ofstream(path) << "name: x\nsteps: {\n";
  EXPECT_THROW(StepNamesOfTemplate(path), std::runtime_error);
  std::ofstream(path) << "name: x\n";
  EXPECT_THROW(StepNamesOfTemplate(path), std::runtime_error);
  EXPECT_THROW(StepNamesOfTemplate("no/such/file.yaml"), std::runtime_error);
}

}  // namespace
}  // namespace tasker::testkit
