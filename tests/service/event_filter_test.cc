#include "service/events/event_filter.h"

#include <gtest/gtest.h>

#include "config/events/event_name.h"
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

constexpr EventCursor kPlace{storage::PartitionId{0}, storage::Sequence{5}, 2};

bool Matches(const v1::EventFilter& filter, const std::string& name) {
  return EventFilter::Make(filter)->Matches(Record(name), kPlace);
}

// Of an event with everything that conditions look at.
bool Holds(const std::string& where) {
  storage::v1::EventRecord record = Record("step.completed");
  record.set_priority_plus_one(8);
  record.add_tags("gold");
  record.set_trace_id(std::string(16, '\x1f'));
  record.set_at_us(1'700'000'000'250'000);
  record.set_step_name("pay");
  record.set_step_plus_one(3);
  record.set_attempt(2);
  record.set_execution_duration_us(7'500'000);
  v1::EventFilter filter;
  filter.set_where(where);
  return EventFilter::Make(filter)->Matches(record, kPlace);
}

// Whether the first mirror of `task.completed` matches.
bool MatchesMirror(const std::vector<std::string>& names,
                   const std::vector<std::string>& categories = {}) {
  v1::EventFilter filter;
  filter.mutable_names()->Assign(names.begin(), names.end());
  filter.mutable_categories()->Assign(categories.begin(), categories.end());
  EventCursor place = kPlace;
  place.facet = 1;
  return EventFilter::Make(filter)->Matches(Record("task.completed"), place);
}

std::string Refusal(const v1::EventFilter& filter) {
  return std::string(EventFilter::Make(filter).status().message());
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

TEST(EventFilter, MatchesTasksOfOneOfItsPriorities) {
  v1::EventFilter filter;
  filter.add_priorities(0);
  filter.add_priorities(7);
  const EventFilter made = *EventFilter::Make(filter);
  storage::v1::EventRecord record = Record("task.completed");
  EXPECT_FALSE(made.Matches(record, kPlace));
  record.set_priority_plus_one(8);
  EXPECT_TRUE(made.Matches(record, kPlace));
  record.set_priority_plus_one(1);
  EXPECT_TRUE(made.Matches(record, kPlace));
  record.set_priority_plus_one(2);
  EXPECT_FALSE(made.Matches(record, kPlace));
}

TEST(EventFilter, MatchesTasksWithAllOfItsTags) {
  v1::EventFilter filter;
  filter.add_tags("gold");
  filter.add_tags("eu");
  const EventFilter made = *EventFilter::Make(filter);
  storage::v1::EventRecord record = Record("task.completed");
  record.add_tags("eu");
  EXPECT_FALSE(made.Matches(record, kPlace));
  record.add_tags("gold");
  record.add_tags("third");
  EXPECT_TRUE(made.Matches(record, kPlace));
}

TEST(EventFilter, CanMatchNoEventWithoutTaskWhereItAsksForSomethingOfTasks) {
  v1::EventFilter filter;
  EXPECT_TRUE(EventFilter::Make(filter)->MayMatch("", ""));
  filter.add_priorities(3);
  EXPECT_FALSE(EventFilter::Make(filter)->MayMatch("", ""));
  EXPECT_FALSE(EventFilter::Make(filter)->MayMatch("shop", ""));
  EXPECT_TRUE(EventFilter::Make(filter)->MayMatch("shop", "order"));
  filter.set_where("task_name == 'other'");
  EXPECT_TRUE(EventFilter::Make(filter)->MayMatch("shop", "order"));
}

TEST(EventFilter, LooksIntoEventsByItsExpression) {
  EXPECT_TRUE(Holds("payload.execution_duration > 5 and task_name != 'probe'"));
  EXPECT_FALSE(Holds("payload.execution_duration > 8"));
  EXPECT_TRUE(Holds("name == 'step.completed' and category == 'step' and namespace == 'shop'"));
  EXPECT_TRUE(Holds("step_name == 'pay' and attempt_number == 2 and version == ''"));
  EXPECT_TRUE(Holds("priority >= 7 and 'gold' in tags and length(tags) == 1"));
  EXPECT_TRUE(Holds("timestamp == '2023-11-14T22:13:20.250000Z'"));
  EXPECT_TRUE(Holds("cursor == '0-5-2' and event_id == 'evt-0-5-2' and position.sequence == 5"));
  EXPECT_TRUE(Holds("task_id == '00112233-4455-6677-8899-aabbccddeeff'"));
  EXPECT_TRUE(Holds("step_id == '00112233-4455-6677-8899-aabbccddeeff.2'"));
  EXPECT_TRUE(Holds("trace_id == '1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f'"));
}

TEST(EventFilter, DoesNotMatchWhereItsExpressionCannotBeWorkedOut) {
  EXPECT_FALSE(Holds("step_name > 5"));
  EXPECT_FALSE(Holds("not (step_name > 5)"));
  EXPECT_FALSE(Holds("step_name"));
  EXPECT_FALSE(Holds("payload.nowhere"));
}

TEST(EventFilter, MatchesAMirrorOnlyWhereItIsAskedFor) {
  EXPECT_FALSE(MatchesMirror({}));
  EXPECT_FALSE(MatchesMirror({"*"}));
  EXPECT_FALSE(MatchesMirror({"*.task_completed"}));
  EXPECT_FALSE(MatchesMirror({"work*"}));
  EXPECT_FALSE(MatchesMirror({"task.completed"}));
  EXPECT_FALSE(MatchesMirror({"workflow.*"}, {"task"}));
  EXPECT_FALSE(MatchesMirror({"workflow.step_*"}));
  EXPECT_TRUE(MatchesMirror({"workflow.task_completed"}));
  EXPECT_TRUE(MatchesMirror({"workflow.*"}));
  EXPECT_TRUE(MatchesMirror({"workflow.*_completed", "task.failed"}));
  EXPECT_TRUE(MatchesMirror({}, {"workflow", "task"}));
  EXPECT_TRUE(MatchesMirror({"*"}, {"workflow"}));
}

TEST(EventFilter, SaysWhatIsWrongWithItAndWhere) {
  v1::EventFilter filter;
  filter.set_where("payload.x >");
  EXPECT_EQ(Refusal(filter).substr(0, 24), "filter.where: column 12:") << Refusal(filter);
  filter.set_where(std::string(5000, 'x'));
  EXPECT_EQ(Refusal(filter), "filter.where: 5000 bytes are over an expression's limit of 4096");
  filter.clear_where();
  filter.add_priorities(10);
  EXPECT_EQ(Refusal(filter), "filter.priorities[0]: 10 is not a priority from 0 to 9");
  filter.clear_priorities();
  filter.add_tags("");
  EXPECT_EQ(Refusal(filter), "filter.tags[0]: \"\" is not a label of 1 to 128 bytes");
  filter.clear_tags();
  for (int i = 0; i <= 100; ++i) filter.add_names("a");
  EXPECT_EQ(Refusal(filter), "filter.names: 101 are over the limit of 100");
  filter.clear_names();
  for (int i = 0; i <= 1000; ++i) filter.add_task_ids(kTask);
  EXPECT_EQ(Refusal(filter), "filter.task_ids: 1001 are over the limit of 1000");
}

TEST(CategoryOf, IsTheNamesFirstPartOrRegistryOrCustom) {
  EXPECT_EQ(config::EventCategoryOf("task.completed"), "task");
  EXPECT_EQ(config::EventCategoryOf("observability.step.backoff"), "observability");
  EXPECT_EQ(config::EventCategoryOf("handler.registered"), "registry");
  EXPECT_EQ(config::EventCategoryOf("order.paid"), "custom");
}

}  // namespace
}  // namespace tasker::service
