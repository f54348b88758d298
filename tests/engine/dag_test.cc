#include "engine/model/dag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tasker::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr StepIndex kA{0}, kB{1}, kC{2}, kD{3};

TEST(Dag, KnowsChildrenAndParentsOfADiamond) {
  const Dag dag({{}, {kA}, {kA}, {kB, kC}});
  EXPECT_EQ(dag.size(), 4u);
  EXPECT_THAT(dag.ChildrenOf(kA), ElementsAre(kB, kC));
  EXPECT_THAT(dag.ChildrenOf(kB), ElementsAre(kD));
  EXPECT_THAT(dag.ChildrenOf(kD), IsEmpty());
  EXPECT_EQ(dag.ParentCountOf(kA), 0u);
  EXPECT_EQ(dag.ParentCountOf(kD), 2u);
}

TEST(Dag, MayBeEmpty) { EXPECT_EQ(Dag(ParentLists{}).size(), 0u); }

TEST(FindCycle, FindsNoneWhereThereIsNone) {
  EXPECT_THAT(FindCycle({}), IsEmpty());
  EXPECT_THAT(FindCycle({{kB}, {kC}, {}}), IsEmpty());
}

TEST(FindCycle, NamesAStepThatDependsOnItself) {
  EXPECT_THAT(FindCycle({{kA}}), ElementsAre(kA, kA));
}

TEST(FindCycle, NamesEachStepBeforeTheOneThatDependsOnIt) {
  // b depends on a, c on b, a on c; d hangs behind and is not on the cycle.
  EXPECT_THAT(FindCycle({{kC}, {kA}, {kB}, {kC}}), ElementsAre(kA, kB, kC, kA));
}

TEST(FindCycle, TakesAChainOfAHundredThousandInItsStride) {
  ParentLists parents(100'000);
  for (std::uint32_t i = 1; i < parents.size(); ++i) parents[i] = {StepIndex{i - 1}};
  EXPECT_THAT(FindCycle(parents), IsEmpty());
  parents[0] = {StepIndex{99'999}};
  EXPECT_EQ(FindCycle(parents).size(), 100'001u);
}

TEST(FindCycles, NamesEachOfThoseThatShareNoStep) {
  // 0 <-> 1, 2 -> 3 -> 4 -> 2, and 5 behind both.
  const ParentLists parents = {{StepIndex{1}}, {StepIndex{0}}, {StepIndex{4}},
                               {StepIndex{2}}, {StepIndex{3}}, {StepIndex{1}, StepIndex{4}}};
  const auto cycles = FindCycles(parents, 10);
  ASSERT_EQ(cycles.size(), 2u);
  EXPECT_THAT(cycles[0], ElementsAre(StepIndex{0}, StepIndex{1}, StepIndex{0}));
  EXPECT_THAT(cycles[1], ElementsAre(StepIndex{2}, StepIndex{3}, StepIndex{4}, StepIndex{2}));
  EXPECT_EQ(FindCycles(parents, 1).size(), 1u);
  EXPECT_TRUE(FindCycles({{}, {StepIndex{0}}}, 10).empty());
}

TEST(FindUnreachable, NamesStepsInCyclesAndBehindThem) {
  const ParentLists parents = {{}, {StepIndex{2}}, {StepIndex{1}}, {StepIndex{2}}, {StepIndex{0}}};
  EXPECT_THAT(FindUnreachable(parents), ElementsAre(StepIndex{1}, StepIndex{2}, StepIndex{3}));
  EXPECT_TRUE(FindUnreachable({{}, {StepIndex{0}}}).empty());
}

}  // namespace
}  // namespace tasker::engine
