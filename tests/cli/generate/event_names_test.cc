#include "clients/cli/generate/event_names.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "config/events/event_catalog.h"

namespace tasker::cli::generate {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string Complaint(const std::vector<std::string>& names) {
  return std::string(CheckEvents(names).status().message());
}

TEST(EventNames, EveryoneOfTheCatalogPasses) {
  for (const std::string& name : config::EventCatalog::BuiltIn().names()) {
    const auto events = CheckEvents({name});
    ASSERT_TRUE(events.ok()) << events.status();
    EXPECT_THAT(events->front().remark, IsEmpty()) << name;
  }
}

TEST(EventNames, TheReasonIsGivenForThoseOfTheRailsEngineThatAreNone) {
  EXPECT_THAT(Complaint({"workflow.task_reenqueue_started"}),
              HasSubstr("event `workflow.task_reenqueue_started`: the Rails engine's, and none "
                        "here. Nothing is put back into a queue"));
}

TEST(EventNames, KnownOnesPassInTheirOrderEachOnce) {
  const auto events = CheckEvents({"step.failed", "task.completed", "step.failed"});
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ(events->at(0).name, "step.failed");
  EXPECT_EQ(events->at(1).Snake(), "task_completed");
  EXPECT_THAT(events->at(1).remark, IsEmpty());
}

TEST(EventNames, TheGuidesOtherNamesPass) {
  EXPECT_TRUE(CheckEvents({"task.started", "step.started"}).ok());
}

TEST(EventNames, PatternsPassIfTheyCanMatch) {
  for (const char* pattern :
       {"*", "step.*", "*.failed", "task.*ed", "order.*", "observability.*"}) {
    const auto events = CheckEvents({pattern});
    ASSERT_TRUE(events.ok()) << pattern << events.status();
    EXPECT_TRUE(events->front().is_pattern);
  }
  EXPECT_EQ(CheckEvents({"step.*"})->front().sample, "step.execution_requested");
  EXPECT_EQ(CheckEvents({"order.*"})->front().sample, "order.happened");
  EXPECT_EQ(CheckEvents({"*.failed", "task.failed"})->front().sample, "step.failed");
  EXPECT_THAT(Complaint({"task.x*"}), HasSubstr("tells of nothing by this name"));
}

TEST(EventNames, TheNearestIsSuggestedForWhatTheServiceDoesNotTell) {
  EXPECT_THAT(Complaint({"task.complete"}), HasSubstr("did you mean `task.completed`?"));
  EXPECT_THAT(Complaint({"task.completed", "step.faild"}),
              HasSubstr("event `step.faild`: the service tells of nothing by this name; did you "
                        "mean `step.failed`?"));
  EXPECT_THAT(Complaint({"workflow.something_else_altogether"}), HasSubstr("there are task."));
}

TEST(EventNames, OnesOwnPassWithARemarkIfTheyLookMistyped) {
  const auto own = CheckEvents({"order.paid", "order.completed"});
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_THAT(own->at(0).remark, IsEmpty());
  EXPECT_THAT(own->at(1).remark, IsEmpty());
  const auto slip = CheckEvents({"tsk.completed"});
  ASSERT_TRUE(slip.ok());
  EXPECT_THAT(slip->front().remark, HasSubstr("did you mean `task.completed`?"));
}

TEST(EventNames, MalformedOnesAreRefused) {
  EXPECT_THAT(Complaint({}), HasSubstr("--events is missing"));
  for (const char* name : {"", "completed", "Task.completed", "task completed", "order..paid",
                           ".paid", "order.", "order.2", "order/paid", "order.\xc3\xa9t\xc3\xa9"}) {
    EXPECT_FALSE(CheckEvents({name}).ok()) << name;
  }
  EXPECT_FALSE(CheckEvents({"order." + std::string(123, 'x')}).ok());
  EXPECT_TRUE(CheckEvents({"order." + std::string(122, 'x')}).ok());
}

TEST(EventNames, TwoForOneMethodAreRefused) {
  EXPECT_THAT(Complaint({"order.paid_late", "order.paid.late"}),
              HasSubstr("handled by the same method as `order.paid_late`"));
}

}  // namespace
}  // namespace tasker::cli::generate
