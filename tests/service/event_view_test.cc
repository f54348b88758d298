#include "service/events/event_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/model/ids.h"

namespace tasker::service {
namespace {

using Json = nlohmann::json;
const EventCursor kPlace{storage::PartitionId{0}, storage::Sequence{5}, 2};

Json PayloadOf(const storage::v1::EventRecord& record) {
  return Json::parse(ViewOf(record, kPlace).payload());
}

TEST(EventView, CarriesWhatEveryEventHas) {
  storage::v1::EventRecord record;
  record.set_name("step.completed");
  record.set_at_us(1'500'000);
  const auto id = *engine::TaskId::Parse("00112233-4455-6677-8899-aabbccddeeff");
  record.set_task_id(std::string(id.bytes()));
  record.set_namespace_("ns");
  record.set_task_name("order");
  record.set_version("1.0.0");
  record.set_step_plus_one(3);
  record.set_step_name("pay");
  record.set_attempt(2);
  record.set_execution_duration_us(12'000);
  const v1::Event event = ViewOf(record, kPlace);
  EXPECT_EQ(event.event_id(), "evt-0-5-2");
  EXPECT_EQ(event.cursor(), "0-5-2");
  EXPECT_EQ(event.category(), "step");
  EXPECT_EQ(event.timestamp().seconds(), 1);
  EXPECT_EQ(event.timestamp().nanos(), 500'000'000);
  EXPECT_EQ(event.task_id(), id.ToString());
  EXPECT_EQ(event.step_id(), id.ToString() + ".2");
  EXPECT_EQ(PayloadOf(record), Json({{"execution_duration", 0.012}, {"attempt_number", 2}}));
}

TEST(EventView, TellsOfAFailedTask) {
  storage::v1::EventRecord record;
  record.set_name("task.failed");
  record.set_total_steps(5);
  record.set_completed_steps(2);
  record.set_error_class("Boom");
  record.set_error_message("it broke");
  record.add_failed_steps("pay");
  record.set_total_duration_us(2'000'000);
  const Json payload = PayloadOf(record);
  EXPECT_EQ(payload["total_steps"], 5);
  EXPECT_EQ(payload["completed_steps"], 2);
  EXPECT_EQ(payload["total_duration"], 2.0);
  EXPECT_EQ(payload["exception_class"], "Boom");
  EXPECT_EQ(payload["error_message"], "it broke");
  EXPECT_EQ(payload["failed_steps"], Json({"pay"}));
}

TEST(EventView, CarriesThePlaceInTheLogAndWhatTheTaskHas) {
  storage::v1::EventRecord record;
  record.set_name("task.start_requested");
  record.set_priority_plus_one(1);
  record.add_tags("eu");
  record.set_trace_id(std::string(15, '\0') + "\x7f");
  const v1::Event event = ViewOf(record, kPlace);
  EXPECT_EQ(event.position().sequence(), 5u);
  EXPECT_TRUE(event.has_priority());
  EXPECT_EQ(event.priority(), 0u);
  EXPECT_EQ(event.tags(0), "eu");
  EXPECT_EQ(event.trace_id(), "0000000000000000000000000000007f");
  EXPECT_EQ(PayloadOf(record),
            Json({{"trace_id", "0000000000000000000000000000007f"}, {"tags", {"eu"}}}));
  record.set_name("order.paid");
  record.set_payload("{}");
  EXPECT_EQ(PayloadOf(record), Json::object());
  EXPECT_FALSE(ViewOf(storage::v1::EventRecord(), kPlace).has_priority());
}

TEST(EventView, IsOfTheMirrorAtItsCursor) {
  storage::v1::EventRecord record;
  record.set_name("step.completed");
  EventCursor place = kPlace;
  place.facet = 1;
  const v1::Event event = ViewOf(record, place);
  EXPECT_EQ(event.name(), "workflow.step_completed");
  EXPECT_EQ(event.category(), "workflow");
  EXPECT_EQ(event.payload(), ViewOf(record, kPlace).payload());
  EXPECT_NE(event.event_id(), ViewOf(record, kPlace).event_id());
}

TEST(EventView, TellsWhichStepsAreReady) {
  storage::v1::EventRecord record;
  record.set_name("workflow.viable_steps_discovered");
  const auto id = *engine::TaskId::Parse("00112233-4455-6677-8899-aabbccddeeff");
  record.set_task_id(std::string(id.bytes()));
  record.add_ready_steps_plus_one(1);
  record.add_ready_steps_plus_one(3);
  record.set_ready_steps(2);
  record.set_sequential(true);
  EXPECT_EQ(PayloadOf(record), Json({{"step_ids", {id.ToString() + ".0", id.ToString() + ".2"}},
                                     {"step_count", 2},
                                     {"processing_mode", "sequential"}}));
}

TEST(EventView, TellsWhyATaskOrAStepIsTriedAgain) {
  storage::v1::EventRecord record;
  record.set_name("task.retry_requested");
  record.set_reason("the gateway is back");
  EXPECT_EQ(PayloadOf(record), Json({{"retry_reason", "the gateway is back"}}));
  record.set_name("step.retry_requested");
  record.set_attempt(3);
  EXPECT_EQ(PayloadOf(record),
            Json({{"attempt_number", 3}, {"retry_reason", "the gateway is back"}}));
  record.clear_reason();
  EXPECT_EQ(PayloadOf(record), Json({{"attempt_number", 3}}));
}

TEST(EventView, TellsOfTheCurveThatABackoffFollows) {
  storage::v1::EventRecord record;
  record.set_name("observability.step.backoff");
  record.set_backoff_us(2'100'000);
  record.set_attempt(2);
  record.set_base_delay_us(2'000'000);
  record.set_multiplier(2);
  record.set_jitter(0.1);
  EXPECT_EQ(PayloadOf(record), Json({{"backoff_seconds", 2.1},
                                     {"backoff_type", "exponential"},
                                     {"attempt", 2},
                                     {"base_delay", 2.0},
                                     {"multiplier", 2.0},
                                     {"jitter", 0.1}}));
}

TEST(EventView, TellsOfABackoff) {
  storage::v1::EventRecord record;
  record.set_name("observability.step.backoff");
  record.set_backoff_us(1'500'000);
  record.set_attempt(1);
  record.set_server_requested(true);
  EXPECT_EQ(PayloadOf(record),
            Json({{"backoff_seconds", 1.5}, {"backoff_type", "server_requested"}, {"attempt", 1}}));
}

}  // namespace
}  // namespace tasker::service
