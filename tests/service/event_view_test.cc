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
