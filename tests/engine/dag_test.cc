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

}  // namespace
}  // namespace tasker::engine
