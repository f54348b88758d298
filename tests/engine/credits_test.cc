// Handlers that say how much they take by a running total.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TaskTemplatePtr Five() { return MakeTemplate({{"a"}, {"b"}, {"c"}, {"d"}, {"e"}}); }

void ConnectByCredits(EngineWorld& world, std::uint32_t concurrency,
                      std::vector<AttemptToken> held = {}) {
  RegisterHandler command{SessionId{1},   "h", "me", concurrency, {{"H", "", "", 0}},
                          std::move(held)};
  command.by_credits = true;
  ASSERT_TRUE(world.Apply(std::move(command)).ok());
}

void Grant(EngineWorld& world, std::uint64_t total) {
  ASSERT_TRUE(world.Apply(GrantCredits{SessionId{1}, total}).ok());
}

TEST(Credits, NothingIsHandedOutBeforeTheFirst) {
  EngineWorld world;
  ConnectByCredits(world, 10);
  ASSERT_TRUE(world.Create(1, Five()).ok());
  EXPECT_THAT(world.TakeAssignments(), IsEmpty());
  Grant(world, 2);
  EXPECT_THAT(world.TakeAssignments(), SizeIs(2));
}

TEST(Credits, AreATotalThatIsUsedUpAndNotGivenBackByResults) {
  EngineWorld world;
  ConnectByCredits(world, 10);
  Grant(world, 2);
  ASSERT_TRUE(world.Create(1, Five()).ok());
  for (const Assignment& each : world.TakeAssignments()) world.Complete(each);
  EXPECT_THAT(world.TakeAssignments(), IsEmpty());
  Grant(world, 3);
  EXPECT_THAT(world.TakeAssignments(), SizeIs(1));
}

TEST(Credits, SaidTwiceOrLoweredChangeNothing) {
  EngineWorld world;
  ConnectByCredits(world, 10);
  Grant(world, 2);
  ASSERT_TRUE(world.Create(1, Five()).ok());
  EXPECT_THAT(world.TakeAssignments(), SizeIs(2));
  Grant(world, 2);
  Grant(world, 1);
  EXPECT_THAT(world.TakeAssignments(), IsEmpty());
}

TEST(Credits, NeverExceedTheConcurrency) {
  EngineWorld world;
  ConnectByCredits(world, 3);
  Grant(world, 100);
  ASSERT_TRUE(world.Create(1, Five()).ok());
  EXPECT_THAT(world.TakeAssignments(), SizeIs(3));
}

TEST(Credits, BeginAnewWithEachConnectionAndLeaveHeldAttemptsOut) {
  EngineWorld world;
  ConnectByCredits(world, 3);
  Grant(world, 1);
  ASSERT_TRUE(world.Create(1, Five()).ok());
  const Assignment held = world.TakeOne();
  ConnectByCredits(world, 3, {held.token});
  EXPECT_THAT(world.TakeAssignments(), IsEmpty());
  Grant(world, 2);
  EXPECT_THAT(world.TakeAssignments(), SizeIs(2));
}

TEST(Credits, OfAHandlerThatDoesNotGoByThemAreIgnored) {
  EngineWorld world;
  world.Connect(1, 2);
  Grant(world, 100);
  ASSERT_TRUE(world.Create(1, Five()).ok());
  EXPECT_THAT(world.TakeAssignments(), SizeIs(2));
}

}  // namespace
}  // namespace tasker::engine
