#include "service/events/event_filter.h"

#include <gtest/gtest.h>

#include "engine/model/ids.h"

namespace tasker::service {
namespace {

constexpr char kTask[] = "00112233-4455-6677-8899-aabbccddeeff";

storage::v1::EventRecord Record(const std::string& name) {
  storage::v1::EventRecord record;
  record.set_name(name);
  record.set_task_id(std::string(engine::TaskId::Parse(kTask)->bytes()));
  record.set_namespace_("shop");
  record.set_task_name("order");
  return record;
}

bool Matches(const v1::EventFilter& filter, const std::string& name) {
  return EventFilter::Make(filter)->Matches(Record(name));
}

TEST(MatchesPattern, TakesAStarForAnyCharacters) {
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_TRUE(MatchesPattern("step.*", "step.completed"));
  EXPECT_TRUE(MatchesPattern("*.failed", "task.failed"));
  EXPECT_TRUE(MatchesPattern("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(MatchesPattern("a*b*c", "a-b-b"));
  EXPECT_FALSE(MatchesPattern("step", "step.completed"));
  EXPECT_FALSE(MatchesPattern("", "x"));
  EXPECT_FALSE(MatchesPattern("*a*a*a*a*b", std::string(10'000, 'a')));
}

TEST(EventFilter, MatchesEverythingWhenEmpty) { EXPECT_TRUE(Matches({}, "task.completed")); }

TEST(EventFilter, MatchesOneOfItsNames) {
  v1::EventFilter filter;
  filter.add_names("step.*");
  filter.add_names("task.failed");
  EXPECT_TRUE(Matches(filter, "step.completed"));
  EXPECT_TRUE(Matches(filter, "task.failed"));
  EXPECT_FALSE(Matches(filter, "task.completed"));
}

TEST(EventFilter, KnowsTheNamesOfTheRailsGuide) {
  v1::EventFilter filter;
  filter.add_names("task.started");
  EXPECT_TRUE(Matches(filter, "task.start_requested"));
  filter.set_names(0, "step.started");
  EXPECT_TRUE(Matches(filter, "step.execution_requested"));
}

TEST(EventFilter, WantsAllThatIsGiven) {
  v1::EventFilter filter;
  filter.set_namespace_("shop");
  filter.set_task_name("order");
  filter.add_task_ids(kTask);
  filter.add_categories("task");
  EXPECT_TRUE(Matches(filter, "task.completed"));
  EXPECT_FALSE(Matches(filter, "step.completed"));
  filter.set_namespace_("other");
  EXPECT_FALSE(Matches(filter, "task.completed"));
}

TEST(CategoryOf, IsTheNamesFirstPartOrRegistryOrCustom) {
  EXPECT_EQ(CategoryOf("task.completed"), "task");
  EXPECT_EQ(CategoryOf("observability.step.backoff"), "observability");
  EXPECT_EQ(CategoryOf("handler.registered"), "registry");
  EXPECT_EQ(CategoryOf("order.paid"), "custom");
}

}  // namespace
}  // namespace tasker::service
