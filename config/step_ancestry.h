// Whether one step comes before another.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "engine/model/dag.h"

namespace tasker::config {

// A step, and another that is to be done whenever it begins.
struct AncestryQuestion {
  engine::StepIndex step{};
  engine::StepIndex ancestor{};
};

// The answers, in the order of the questions. `parents` must be free of cycles. Questions about 64
// different ancestors are answered in one walk, so that a template in which every step asks about
// another costs seconds at the most. Time: O((steps + edges) * ancestors / 64).
std::vector<bool> AreAncestors(const engine::ParentLists& parents,
                               std::span<const AncestryQuestion> questions);

}  // namespace tasker::config
