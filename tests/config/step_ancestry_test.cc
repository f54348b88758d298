#include "config/step_ancestry.h"

#include <random>
#include <set>

#include <gtest/gtest.h>

namespace tasker::config {
namespace {

using engine::StepIndex;

TEST(StepAncestry, AnswersAsAWalkOverAllParentsDoes) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    const std::uint32_t size = 150;
    engine::ParentLists parents(size);
    std::vector<std::set<std::uint32_t>> above(size);
    for (std::uint32_t step = 1; step < size; ++step) {
      for (int tried = 0; tried < 2; ++tried) {
        const auto parent = static_cast<std::uint32_t>(random() % step);
        if (random() % 3 == 0 || above[step].contains(parent)) continue;
        parents[step].push_back(StepIndex{parent});
        above[step].insert(parent);
        above[step].insert(above[parent].begin(), above[parent].end());
      }
    }
    std::vector<AncestryQuestion> questions;
    for (std::uint32_t step = 0; step < size; ++step) {
      for (std::uint32_t other = 0; other < size; ++other) {
        questions.push_back({StepIndex{step}, StepIndex{other}});
      }
    }
    const std::vector<bool> answers = AreAncestors(parents, questions);
    for (std::size_t i = 0; i < questions.size(); ++i) {
      ASSERT_EQ(answers[i], above[Raw(questions[i].step)].contains(Raw(questions[i].ancestor)))
          << Raw(questions[i].step) << " " << Raw(questions[i].ancestor);
    }
  }
}

TEST(StepAncestry, HasNoAnswersWithoutQuestions) {
  EXPECT_TRUE(AreAncestors({{}, {}}, {}).empty());
}

}  // namespace
}  // namespace tasker::config
