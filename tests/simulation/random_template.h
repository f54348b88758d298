// Templates that nobody would write, but somebody could.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/task_template.h"
#include "tests/simulation/random_source.h"

namespace tasker::simulation {

// One version of a template, as what its text is made of.
struct TemplateSketch {
  struct Step {
    std::string name;
    // Of steps that stand before it in `steps`.
    std::vector<std::string> parents;
    // The step that it compensates; empty: none.
    std::string compensates;
    // The other lines.
    std::string body;
  };

  std::string name;
  // A template that its sub-tasks run; empty: it has none.
  std::string sub_task;
  std::uint32_t version = 1;
  // The lines above the steps.
  std::string head;
  // What a step depends on comes before it.
  std::vector<Step> steps;
  // The order in which the text has them.
  std::vector<std::uint32_t> order;
  // Steps that were ever made, so that each has a name of its own.
  std::uint32_t made = 0;
};

// A valid template called `name` with every kind of step.
TemplateSketch RandomSketch(RandomSource& random, const std::string& name,
                            const std::string& sub_task);

// The next version: with some steps added, removed, changed, and put elsewhere.
TemplateSketch Changed(RandomSource& random, TemplateSketch sketch);

// Read by the real loader; null, and the mistakes on standard error, if it refuses.
engine::TaskTemplatePtr Compile(const TemplateSketch& sketch);

}  // namespace tasker::simulation
