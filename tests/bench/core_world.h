// Templates and ids for measurements of the core.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "engine/model/dag.h"
#include "engine/model/ids.h"
#include "engine/model/task_template.h"

namespace tasker::engine {

// How the steps of a task hang together.
enum class Shape { kWide, kDeep, kRandom };

// Parents a step of a random graph has at most.
inline constexpr std::uint32_t kBenchParentsMax = 3;

// All steps are of the class `H`.
inline TaskTemplatePtr MakeTemplate(Shape shape, std::uint32_t steps) {
  std::mt19937 random(7);
  auto made = std::make_shared<TaskTemplate>();
  made->id = {"bench", "core", "1"};
  ParentLists parents(steps);
  for (std::uint32_t i = 0; i < steps; ++i) {
    if (shape == Shape::kDeep && i > 0) parents[i] = {StepIndex{i - 1}};
    // One before all, one behind all.
    if (shape == Shape::kWide && i > 0 && i + 1 < steps) parents[i] = {StepIndex{0}};
    if (shape == Shape::kWide && i > 0 && i + 1 == steps) {
      for (std::uint32_t k = 1; k < i; ++k) parents[i].push_back(StepIndex{k});
    }
    for (std::uint32_t k = 0; shape == Shape::kRandom && i > 0 && k < random() % kBenchParentsMax;
         ++k) {
      const StepIndex parent{static_cast<std::uint32_t>(random() % i)};
      if (std::ranges::find(parents[i], parent) == parents[i].end()) parents[i].push_back(parent);
    }
    StepTemplate step;
    step.name = "s" + std::to_string(i);
    step.handler_class = "H";
    step.parents = parents[i];
    made->steps.push_back(std::move(step));
  }
  made->dag = Dag(parents);
  return made;
}

// The `number`th of as many as one likes.
inline TaskId BenchTaskId(std::uint64_t number) {
  std::string bytes(16, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (8 * i));
  return *TaskId::FromBytes(bytes);
}

}  // namespace tasker::engine
