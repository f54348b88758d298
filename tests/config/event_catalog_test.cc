#include "config/events/event_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "config/events/embedded_catalog.h"
#include "config/events/event_name.h"

namespace tasker::config {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

bool HasType(const Json& value, const std::string& type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  return value.is_object();
}

// A catalog of one event, and what Parse says of it.
std::string ComplaintOf(const std::string& event) {
  const auto parsed = EventCatalog::Parse(
      "common_fields: {task: []}\nevents:\n"
      "  - {name: task.a, about: task, description: D., fired_when: W., example: {}}\n  - " +
      event + "\n");
  return std::string(parsed.status().message());
}

TEST(EventCatalog, BuiltInIsWithoutFault) {
  const auto parsed = EventCatalog::Parse(kEmbeddedCatalog);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_GT(EventCatalog::BuiltIn().events().size(), 20u);
}

TEST(EventCatalog, EveryExampleHasTheFieldsThatItSays) {
  for (const EventDefinition& event : EventCatalog::BuiltIn().events()) {
    const Json example = Json::parse(event.example);
    for (const EventField& field : event.fields) {
      EXPECT_TRUE(example.contains(field.name) || field.optional)
          << event.name << " " << field.name;
      if (!example.contains(field.name)) continue;
      EXPECT_TRUE(HasType(example[field.name], field.type)) << event.name << " " << field.name;
    }
    for (const auto& [key, value] : example.items()) {
      const bool known = std::ranges::count(event.fields, key, &EventField::name) > 0;
      EXPECT_TRUE(known || event.open) << event.name << " " << key;
    }
  }
}

TEST(EventCatalog, EveryTextIsASentence) {
  for (const EventDefinition& event : EventCatalog::BuiltIn().events()) {
    EXPECT_THAT(event.description, ::testing::EndsWith(".")) << event.name;
    EXPECT_THAT(event.fired_when, ::testing::EndsWith(".")) << event.name;
    for (const EventField& field : event.fields) {
      EXPECT_THAT(field.description, ::testing::EndsWith(".")) << event.name << " " << field.name;
    }
  }
}

TEST(EventCatalog, FindsByNameAndByAlias) {
  const EventCatalog& catalog = EventCatalog::BuiltIn();
  ASSERT_NE(catalog.Find("step.started"), nullptr);
  EXPECT_EQ(catalog.Find("step.started"), catalog.Find("step.execution_requested"));
  EXPECT_EQ(catalog.Canonical("task.started"), "task.start_requested");
  EXPECT_EQ(catalog.Canonical("order.paid"), "order.paid");
  EXPECT_EQ(catalog.Find("step.no_such"), nullptr);
}

TEST(EventCatalog, AMirrorIsWhatItMirrorsButForName) {
  const EventCatalog& catalog = EventCatalog::BuiltIn();
  EXPECT_THAT(catalog.MirrorsOf("step.completed"), ElementsAre("workflow.step_completed"));
  EXPECT_THAT(catalog.MirrorsOf("step.cancelled"), IsEmpty());
  const EventDefinition& mirror = *catalog.Find("workflow.step_completed");
  const EventDefinition& stored = *catalog.Find("step.completed");
  EXPECT_EQ(mirror.category, "workflow");
  EXPECT_EQ(mirror.example, stored.example);
  EXPECT_EQ(mirror.fields.size(), stored.fields.size());
  EXPECT_EQ(mirror.fired_when, stored.fired_when);
}

TEST(EventCatalog, EventsOfTasksHaveTraceAndTags) {
  const EventDefinition& event = *EventCatalog::BuiltIn().Find("task.completed");
  ASSERT_GE(event.fields.size(), 2u);
  EXPECT_EQ(event.fields[event.fields.size() - 2].name, "trace_id");
  EXPECT_EQ(event.fields.back().name, "tags");
  EXPECT_TRUE(event.fields.back().optional);
}

TEST(EventCatalog, SaysWhyAnEventOfTheRailsEngineIsNone) {
  const EventCatalog& catalog = EventCatalog::BuiltIn();
  EXPECT_THAT(std::string(catalog.WhyAbsent("workflow.task_reenqueue_delayed")),
              HasSubstr("queue"));
  EXPECT_EQ(catalog.WhyAbsent("task.completed"), "");
}

TEST(EventCatalog, RefusesWhatCannotBe) {
  EXPECT_EQ(
      ComplaintOf("{name: task.b, about: task, description: D., fired_when: W., example: {}}"), "");
  EXPECT_THAT(
      ComplaintOf("{name: Task, about: task, description: D., fired_when: W., example: {}}"),
      HasSubstr("events[1].name: is not a dotted lower-case name"));
  EXPECT_THAT(ComplaintOf("{name: task.b, about: x, description: D., fired_when: W., example: {}}"),
              HasSubstr("events[1].about: is none of"));
  EXPECT_THAT(
      ComplaintOf("{name: task.a, about: task, description: D., fired_when: W., example: {}}"),
      HasSubstr("`task.a` stands twice"));
  EXPECT_THAT(ComplaintOf("{name: task.b, mirrors: task.c, description: D.}"),
              HasSubstr("`task.c` is no stored event before it"));
  EXPECT_THAT(
      ComplaintOf("{name: task.b, about: task, description: D., fired_when: W., example: 1}"),
      HasSubstr("events[1].example: must be a map"));
}

TEST(EventName, IsDottedAndLowerCase) {
  EXPECT_TRUE(IsDottedEventName("order.paid"));
  EXPECT_TRUE(IsDottedEventName("a.b_2.c"));
  for (const char* wrong :
       {"", "order", "order.", ".paid", "Order.paid", "a..b", "a.2b", "a b.c"}) {
    EXPECT_FALSE(IsDottedEventName(wrong)) << wrong;
  }
}

TEST(EventName, IsPublishedBehindCustomIfItIsOneWord) {
  EXPECT_EQ(PublishableEventName("order.paid"), "order.paid");
  EXPECT_EQ(PublishableEventName("payment_authorized"), "custom.payment_authorized");
  EXPECT_EQ(PublishableEventName("Payment Authorized"), "");
  EXPECT_EQ(PublishableEventName("task.completed"), "");
  EXPECT_EQ(PublishableEventName("x." + std::string(200, 'a')), "");
}

}  // namespace
}  // namespace tasker::config
