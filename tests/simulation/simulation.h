// A whole life of a partition from one number: templates, tasks, handlers, operators, crashes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/partition.h"
#include "tests/simulation/history_checker.h"
#include "tests/simulation/random_source.h"
#include "tests/simulation/simulated_handlers.h"
#include "tests/simulation/simulated_store.h"

namespace tasker::simulation {

// Deterministic: the same seed is the same life, on every machine. See README.md for what it
// throws at the engine, and what must hold.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);

  // Lives it. Returns what was wrong, in the order in which it was found; empty: nothing.
  std::vector<std::string> Run();

  // How much was tried, to see that a simulation is not empty.
  struct Figures {
    std::uint64_t commands = 0;
    std::uint64_t crashes = 0;
    std::uint64_t tasks = 0;
    std::uint64_t assignments = 0;
    std::uint64_t refused_repairs = 0;
    std::uint64_t repairs = 0;
    std::uint64_t sleeps = 0;
    std::uint64_t moves = 0;
    std::uint64_t refused_moves = 0;
  };
  const Figures& figures() const { return figures_; }

 private:
  void Something();
  void CreateTask();
  void Operate();
  void RepairSomething();
  // Moves a task to another version of its template, if it can, and checks that it was told before
  // whether it can, and that what is stored is what is in memory.
  void Migrate();
  void Crash();
  void AdvanceTo(engine::Timestamp time);
  // Applies commands as one commit, which is not yet synced.
  void Apply(std::vector<engine::Command> commands);
  // Syncs the oldest commit and releases it.
  void Sync();
  void SyncAll();
  // Reads a task that is not in memory, all of it being durable.
  void Wake(const engine::TaskId& task);
  // What the engine asks for, until it asks for nothing more.
  void WakeWanted();
  void Write(SimulatedCommit commit);
  bool IsOpen(const engine::TaskId& task) const;
  void CheckLoad();
  // Everything that holds tasks up goes away, and all of them must end.
  void Finish();
  void ExplainLeftovers();
  // What is done only after a failure was done, or was left out.
  void CheckReserve();

  // The version that the task runs on, as is durable.
  engine::TaskTemplatePtr TemplateOf(const TaskId& task) const;
  // The same version with the step that initialises.
  engine::TaskTemplatePtr Initialized(const engine::TaskTemplatePtr& plain) const;
  engine::TaskTemplatePtr AnyVersion(const std::string& name);
  void CheckMoved(const TaskId& task);

  TaskId AnyTask();
  std::string AnyStep(const TaskId& task);

  RandomSource random_;
  std::uint64_t seed_;
  engine::PartitionSettings settings_;
  std::unique_ptr<engine::Partition> partition_;
  engine::Timestamp now_ = engine::Timestamp(std::chrono::hours(24 * 365));
  SimulatedStore store_;
  SimulatedHandlers handlers_;
  Templates templates_;
  HistoryChecker checker_;
  std::map<std::string, std::vector<engine::TaskTemplatePtr>> versions_;
  std::vector<TaskId> tasks_;
  std::vector<engine::SubTaskRequest> sub_task_requests_;
  Figures figures_;
};

}  // namespace tasker::simulation
