// The layout of every key, in one place. A layout never changes; a new one gets a new table.
//
// All numbers are big-endian, so that the order of bytes is the order of numbers.
//
//   table       key
//   partitions  partition:2                            -> PartitionRecord
//               partition:2 "pauses"                   -> PausesRecord
//               partition:2 "floors"                   -> EventFloorsRecord
//               partition:2 "subscription/" name       -> SubscriptionRecord
//               "format"                               -> decimal number, see kFormatVersion
//   open        slot:2 task:16                         -> empty
//   tasks       slot:2 task:16                         -> TaskRecord
//   contexts    slot:2 task:16                         -> JSON
//   steps       slot:2 task:16 step:4                  -> StepRecord
//   history     slot:2 task:16 sequence:8 row:4        -> HistoryRecord
//   events      partition:2 sequence:8                 -> EventBatchRecord
//   created     partition:2 ~created_at_us:8 task:16   -> empty
//   templates   partition:2 namespace 0 name 0 version -> TemplateRecord
//   finished    partition:2 completed_at_us:8 task:16  -> FinishedRecord
//
// A task's slot is a hash of its id, fixed for ever; a partition owns a range of slots, and is
// named by the first. So the number of partitions can change without rewriting a task. The logs
// (events, created, finished) belong to the partition that wrote them and stay under its name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/store.h"

namespace tasker::storage {

// The version of everything on disk. Raised with any change that an older service would misread.
//
//   1  the first
//   2  adds the table `finished`; a store of format 1 gets it when it is opened (migrations.h)
inline constexpr std::uint32_t kFormatVersion = 2;

// Where the format stands, in the table partitions.
inline constexpr std::string_view kFormatKey = "format";

// How many slots there are, for ever.
inline constexpr std::uint16_t kSlotCount = 1024;

// Owns what belongs to no task: the templates. Behind the last slot, so never a partition of tasks.
inline constexpr PartitionId kCatalog{kSlotCount};

// Bytes of a task's id.
inline constexpr std::size_t kTaskIdSize = 16;

// The slot of a task: FNV-1a (64 bit) over the id's bytes, modulo kSlotCount.
// Precondition, here and below: `task_id` has kTaskIdSize bytes.
std::uint16_t SlotOf(std::string_view task_id);

// Changes the last two of an id's bytes such that it lies in `slot`; which of the values that do it
// depends on what they were. For ids made of chance, which lose ten bits of it.
// Preconditions: `task_id` has kTaskIdSize bytes; slot < kSlotCount.
void PlaceInSlot(std::uint16_t slot, std::span<char> task_id);

std::string PartitionKey(PartitionId partition);

// What of the partition is paused. In the table partitions.
std::string PausesKey(PartitionId partition);

// Up to where events of the partition were removed. In the table partitions.
std::string EventFloorsKey(PartitionId partition);

// A named subscription to the partition's events. In the table partitions. All of them lie in
// [SubscriptionKey(partition, ""), KeyAfter(SubscriptionKey(partition, ""))).
std::string SubscriptionKey(PartitionId partition, std::string_view name);

// The name in a key of the table partitions; nullopt if it is no subscription's.
std::optional<std::string_view> SubscriptionIn(std::string_view key);

// A class of tasks that has a task handler; an empty one is the start of all of them. In the table
// partitions.
std::string TaskHandlerKey(PartitionId partition, std::string_view task_handler_class);

// Bytes that all keys of one task begin with, in the tables that have slots.
inline constexpr std::size_t kTaskKeySize = 2 + kTaskIdSize;

// For the tables open, tasks and contexts.
std::string TaskKey(std::string_view task_id);

// Every key of tasks in slots [first, last) lies in [TaskRangeBegin(first), TaskRangeBegin(last)).
std::string TaskRangeBegin(std::uint16_t slot);

// The id in a key of the tables open, tasks, contexts, steps or history; nullopt if it is not one.
std::optional<std::string_view> TaskIdIn(std::string_view task_key);

// All steps of a task lie in [StepKey(task, 0), KeyAfter(TaskKey(task))).
std::string StepKey(std::string_view task_id, std::uint32_t step);

// The step in a key of the table steps; nullopt if it is not one.
std::optional<std::uint32_t> StepIn(std::string_view step_key);

// `row` counts the history rows of one commit from 0.
std::string HistoryKey(std::string_view task_id, Sequence sequence, std::uint32_t row);

std::string EventKey(PartitionId partition, Sequence sequence);

// The sequence in a key of the table events; nullopt if it is not one.
std::optional<Sequence> EventSequenceIn(std::string_view event_key);

// `created_at_us` must not be negative. Newer tasks come first.
std::string CreatedKey(PartitionId partition, std::int64_t created_at_us, std::string_view task_id);

// `completed_at_us` must not be negative. Tasks that finished earlier come first.
std::string FinishedKey(PartitionId partition, std::int64_t completed_at_us,
                        std::string_view task_id);

// What a key of the table finished says.
struct FinishedPlace {
  std::int64_t completed_at_us = 0;
  std::string_view task_id;
};
// Nullopt if it is no such key.
std::optional<FinishedPlace> FinishedPlaceIn(std::string_view finished_key);

// Where in a task's history a key stands: everything behind the task. Empty if it is no such key.
std::string_view HistoryPlaceIn(std::string_view history_key);

// The commit in a key of the table history, also one that goes on behind it; nullopt if there is
// none.
std::optional<Sequence> HistorySequenceIn(std::string_view history_key);

// The id in a key of the table created; nullopt if it is not one.
std::optional<std::string_view> CreatedTaskIdIn(std::string_view created_key);

// The names must not contain a zero byte.
std::string TemplateKey(std::string_view namespace_name, std::string_view name,
                        std::string_view version);

// What a key of the table templates says.
struct TemplateName {
  std::string_view namespace_name;
  std::string_view name;
  std::string_view version;
};
// Nullopt if it is no such key.
std::optional<TemplateName> TemplateNameIn(std::string_view template_key);

// All keys of `partition` in the tables events, created, finished and templates lie in
// [PartitionKey(partition), KeyAfter(PartitionKey(partition))).
//
// The first key behind all those that begin with `prefix`; empty if there is none.
std::string KeyAfter(std::string_view prefix);

}  // namespace tasker::storage
