#include "clients/cli/task_timeline.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

namespace tasker::cli {
namespace {

using ::testing::ElementsAre;

class TaskTimelineTest : public ::testing::Test {
 protected:
  v1::HistoryEntry& Add(const std::string& step, const std::string& from, const std::string& to,
                        int at_ms, std::uint32_t attempt = 0) {
    v1::HistoryEntry& entry = *history_.add_entries();
    entry.set_step_name(step);
    entry.set_from(from);
    entry.set_to(to);
    entry.set_attempt(attempt);
    *entry.mutable_at() = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(at_ms);
    return entry;
  }

  // A step that fails once and then succeeds.
  void AddRetriedStep() {
    Add("", "pending", "in_progress", 1000);
    Add("pay", "pending", "enqueued", 1000);
    Add("pay", "enqueued", "in_progress", 1005, 1).set_actor("handler:orders");
    Add("pay", "in_progress", "waiting_for_retry", 1025, 1).set_reason("card refused");
    Add("pay", "waiting_for_retry", "enqueued", 2025, 1);
    Add("pay", "enqueued", "in_progress", 2026, 2);
    Add("pay", "in_progress", "complete", 2036, 2);
    Add("", "in_progress", "complete", 2036);
  }

  std::vector<std::string> Whats() const {
    std::vector<std::string> whats;
    for (const TimelineRow& row : Timeline::Of(history_.entries()).rows) whats.push_back(row.what);
    return whats;
  }

  v1::GetTaskHistoryResponse history_;
};

TEST_F(TaskTimelineTest, SaysWhatHappenedInWords) {
  AddRetriedStep();
  EXPECT_THAT(Whats(),
              ElementsAre("pending -> in_progress", "ready", "attempt 1 started",
                          "attempt 1 failed, tries again", "ready for attempt 2",
                          "attempt 2 started", "attempt 2 complete", "in_progress -> complete"));
}

TEST_F(TaskTimelineTest, TellsHowLongEachStateLasted) {
  AddRetriedStep();
  const Timeline timeline = Timeline::Of(history_.entries());
  EXPECT_EQ(timeline.rows[1].took, std::nullopt);
  EXPECT_EQ(timeline.rows[2].took, absl::Milliseconds(5));
  EXPECT_EQ(timeline.rows[3].took, absl::Milliseconds(20));
  EXPECT_EQ(timeline.rows[3].after, absl::Milliseconds(25));
  EXPECT_EQ(timeline.rows[3].detail, "card refused");
  EXPECT_EQ(timeline.rows[7].took, absl::Milliseconds(1036));
}

TEST_F(TaskTimelineTest, SumsUpWhereTheTimeOfAStepWent) {
  AddRetriedStep();
  const Timeline timeline = Timeline::Of(history_.entries());
  ASSERT_EQ(timeline.steps.size(), 1u);
  const StepTimes& pay = timeline.steps[0];
  EXPECT_EQ(pay.state, "complete");
  EXPECT_EQ(pay.attempts, 2u);
  EXPECT_EQ(pay.failed, 1u);
  EXPECT_EQ(pay.queued, absl::Milliseconds(6));
  EXPECT_EQ(pay.running, absl::Milliseconds(30));
  EXPECT_EQ(pay.backoff, absl::Seconds(1));
  EXPECT_EQ(timeline.Summary(), "1.0s from first to last: 1 step, 2 attempts, 1 of them failed");
}

TEST_F(TaskTimelineTest, ShowsCustomEventsBeforeWhatTheirCommitMade) {
  Add("pay", "enqueued", "in_progress", 1000, 1);
  v1::HistoryEntry& done = Add("pay", "in_progress", "complete", 1010, 1);
  for (const auto& [name, category] :
       {std::pair("order.paid", "custom"), std::pair("step.completed", "step")}) {
    v1::Event& event = *done.add_events();
    event.set_name(name);
    event.set_category(category);
    event.set_step_name("pay");
    *event.mutable_timestamp() = done.at();
  }
  EXPECT_THAT(Whats(), ElementsAre("attempt 1 started", "event order.paid", "attempt 1 complete"));
}

TEST_F(TaskTimelineTest, TellsFromEventsWhereAnAttemptIsAndWhenTheNextComes) {
  v1::HistoryEntry& ready = Add("pay", "pending", "enqueued", 1000);
  v1::Event& given = *ready.add_events();
  given.set_name("step.execution_requested");
  given.set_step_name("pay");
  given.set_payload(R"({"attempt_number":1,"handler_name":"orders"})");
  Add("pay", "enqueued", "in_progress", 1000, 1);
  v1::HistoryEntry& failed = Add("pay", "in_progress", "waiting_for_retry", 1010, 1);
  failed.set_reason("card refused");
  v1::Event& backoff = *failed.add_events();
  backoff.set_name("observability.step.backoff");
  backoff.set_step_name("pay");
  backoff.set_payload(R"({"backoff_seconds":2.0})");
  const Timeline timeline = Timeline::Of(history_.entries());
  EXPECT_EQ(timeline.rows[1].detail, "at orders");
  EXPECT_EQ(timeline.rows[2].what, "attempt 1 failed, tries again in 2.0s");
  EXPECT_EQ(timeline.rows[2].detail, "card refused");
}

TEST_F(TaskTimelineTest, SaysThatNothingIsKept) {
  EXPECT_EQ(Timeline::Of(history_.entries()).Summary(), "nothing is kept of its history");
}

}  // namespace
}  // namespace tasker::cli
