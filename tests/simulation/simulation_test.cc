// Thousands of lives of the engine. SEEDS and FIRST_SEED choose how many, and which first.
#include "tests/simulation/simulation.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace tasker::simulation {
namespace {

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Simulation, HoldsWhateverHappens) {
  const std::uint64_t first = FromEnvironment("FIRST_SEED", 1);
  const std::uint64_t seeds = FromEnvironment("SEEDS", 2000);
  Simulation::Figures all;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    Simulation life(seed);
    const std::vector<std::string> faults = life.Run();
    for (const std::string& fault : faults) ADD_FAILURE() << "seed " << seed << ": " << fault;
    if (!faults.empty()) break;
    all.commands += life.figures().commands;
    all.crashes += life.figures().crashes;
    all.tasks += life.figures().tasks;
    all.assignments += life.figures().assignments;
    all.repairs += life.figures().repairs;
    all.refused_repairs += life.figures().refused_repairs;
    all.sleeps += life.figures().sleeps;
    all.moves += life.figures().moves;
    all.refused_moves += life.figures().refused_moves;
  }
  std::cout << seeds << " seeds: " << all.commands << " commands, " << all.tasks << " tasks, "
            << all.assignments << " assignments, " << all.crashes << " crashes, " << all.repairs
            << " repairs, " << all.refused_repairs << " refused, " << all.sleeps
            << " times asleep, " << all.moves << " moved to another version, " << all.refused_moves
            << " could not be\n";
  // A simulation in which nothing happens proves nothing.
  EXPECT_GT(all.assignments, seeds);
  EXPECT_GT(all.repairs * 20, seeds);
  EXPECT_GT(all.sleeps, seeds);
  EXPECT_GT(all.moves, seeds);
}

}  // namespace
}  // namespace tasker::simulation
