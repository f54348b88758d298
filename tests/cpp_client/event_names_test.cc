#include "tasker/client/event_names.h"

#include <gtest/gtest.h>

namespace tasker::client {
namespace {

TEST(EventNames, AreThoseOfTheCatalog) {
  EXPECT_STREQ(events::kStepCompleted, "step.completed");
  EXPECT_STREQ(events::kWorkflowStepCompleted, "workflow.step_completed");
  EXPECT_STREQ(events::kObservabilityStepBackoff, "observability.step.backoff");
  EXPECT_STREQ(events::kCustomStepCompleted, "custom.step_completed");
}

}  // namespace
}  // namespace tasker::client
