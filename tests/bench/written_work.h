// What one step of a chain makes the store write: for measurements of codec, store and events.
#pragma once

#include <vector>

#include "engine/effects.h"
#include "engine/partition.h"
#include "storage/batch.h"
#include "storage/store.h"
#include "tasker/storage/v1/records.pb.h"
#include "tests/bench/core_world.h"

namespace tasker::bench {

// The effects of results of chains of five: each ends a step and hands out the next, or ends its
// task.
class WrittenWork {
 public:
  WrittenWork();

  // The next result's effects. They never end: tasks that do are followed by new ones.
  engine::Effects Next();

  // A task that is under way, with its first step done.
  const engine::TaskRun& Look() const { return *partition_.Look(engine::BenchTaskId(number_)); }

 private:
  engine::Effects Apply(engine::Command command);

  const engine::TaskTemplatePtr template_ = engine::MakeTemplate(engine::Shape::kDeep, 5);
  const engine::Payload results_ = engine::MakePayload(R"({"ok":true})");
  engine::Partition partition_{{}, 1};
  std::vector<engine::AttemptToken> held_;
  std::uint64_t number_ = 0;
};

// Makes batches as the service does: the rows of all effects, and one row with all their events.
class BatchMaker {
 public:
  explicit BatchMaker(storage::Batch& batch) : batch_(batch) {}

  // Begins a batch anew.
  void Begin(storage::Sequence sequence);
  void Add(const engine::Effects& effects);
  void End();

 private:
  storage::Batch& batch_;
  storage::Sequence sequence_{};
  std::uint32_t history_rows_ = 0;
  storage::v1::EventBatchRecord events_;
};

}  // namespace tasker::bench
