// What Prometheus is told, read as Prometheus reads it.
#include "service/metrics/metrics.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "engine/events/event_names.h"
#include "service/metrics/label_values.h"

namespace tasker::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MetricsTest : public ::testing::Test {
 protected:
  void Complete(const std::string& task, const std::string& step) {
    storage::v1::EventBatchRecord batch;
    storage::v1::EventRecord& event = *batch.add_events();
    event.set_name(engine::event_names::kStepCompleted);
    event.set_namespace_("ns");
    event.set_task_name(task);
    event.set_version("1.0.0");
    event.set_step_name(step);
    metrics_.Observe(batch);
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(metrics_.Collect()); }

  Metrics metrics_{{}};
};

std::string Count(const std::string& task, const std::string& version, const std::string& step,
                  int count) {
  return "tasker_step_executions_total{namespace=\"ns\",status=\"complete\",step=\"" + step +
         "\",task=\"" + task + "\",version=\"" + version + "\"} " + std::to_string(count);
}

TEST_F(MetricsTest, CountsStepsByWhatTheyAreCalled) {
  Complete("order", "charge");
  Complete("order", "charge");
  Complete("order", "ship");
  EXPECT_THAT(Text(), HasSubstr(Count("order", "1.0.0", "charge", 2)));
  EXPECT_THAT(Text(), HasSubstr(Count("order", "1.0.0", "ship", 1)));
}

TEST_F(MetricsTest, StepsBeyondTheBoundAreCountedTogether) {
  for (int i = 0; i < 10'000; ++i) Complete("large", "s" + std::to_string(i));
  Complete("large", "one more");
  Complete("large", "and another");
  Complete("large", "s7");
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr(Count("large", "1.0.0", "s7", 2)));
  EXPECT_THAT(text, HasSubstr(Count("large", "1.0.0", "other", 2)));
  EXPECT_THAT(text, Not(HasSubstr("one more")));
}

TEST(LabelValues, TellsTheFirstApart) {
  LabelValues values(2);
  EXPECT_TRUE(values.TellsApart("a"));
  EXPECT_TRUE(values.TellsApart("b"));
  EXPECT_FALSE(values.TellsApart("c"));
  EXPECT_TRUE(values.TellsApart("a"));
}

}  // namespace
}  // namespace tasker::service
