// The tables of a store. Each is a column family in RocksDB.
#pragma once

#include <array>
#include <string_view>

namespace tasker::storage {

// What each table's keys look like: keys.h. What its values are: tasker/storage/v1/records.proto.
enum class Table {
  // A PartitionRecord for each partition, and the store's format version.
  kPartitions,
  // One empty row for each task that has not finished: all that a start has to read.
  kOpen,
  // A TaskRecord for each task.
  kTasks,
  // Each task's context: JSON, as given.
  kContexts,
  // A StepRecord for each step that has left its first state.
  kSteps,
  // HistoryRecords of each task, in order.
  kHistory,
  // EventBatchRecords of each partition, in order: the log that subscribers read.
  kEvents,
  // One empty row for each task, newest first in each partition: the order of lists.
  kCreated,
  // A TemplateRecord for each version of each template.
  kTemplates,
  // A FinishedRecord for each task that has finished, oldest first in each partition: what
  // retention walks over. Since format 2.
  kFinished,
};

inline constexpr std::size_t kTableCount = 10;

// Names as stored, in the order of `Table`. A name never changes.
inline constexpr std::array<std::string_view, kTableCount> kTableNames = {
    "partitions", "open",   "tasks",   "contexts",  "steps",
    "history",    "events", "created", "templates", "finished"};

constexpr std::string_view NameOf(Table table) {
  return kTableNames[static_cast<std::size_t>(table)];
}

}  // namespace tasker::storage
