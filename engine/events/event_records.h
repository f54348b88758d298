// Events in the form in which they are stored.
#pragma once

#include <string>
#include <string_view>

#include "engine/command.h"
#include "engine/model/time.h"
#include "engine/tasks/task_run.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::engine {

// An event that concerns `task` as a whole, with what every event of a task has.
storage::v1::EventRecord TaskEvent(std::string_view name, const TaskRun& task, Timestamp now);

// The event that tells of the end of `task`: counts, durations and failed steps set.
storage::v1::EventRecord TaskEndEvent(std::string_view name, const TaskRun& task, Timestamp now);

// An event that concerns one step of `task`, its newest attempt set.
storage::v1::EventRecord StepEvent(std::string_view name, const TaskRun& task, StepIndex step,
                                   Timestamp now);

// The event that tells of a failed attempt: what went wrong, and how long it took.
storage::v1::EventRecord StepFailedEvent(const TaskRun& task, StepIndex step,
                                         const v1::Failure& failure, Timestamp now);

// The event that tells which steps of `task` became ready: of none so far.
storage::v1::EventRecord ReadyEvent(const TaskRun& task, Timestamp now);
// Makes it tell of one more.
void AddReady(StepIndex step, storage::v1::EventRecord& event);

// The trace id of a `traceparent` of W3C Trace Context, 16 bytes; empty if it is none.
std::string TraceIdOf(std::string_view traceparent);

// An event that tells of one class of a handler.
storage::v1::EventRecord HandlerEvent(std::string_view name, std::string_view handler_name,
                                      const ServedClass& served, Timestamp now);

}  // namespace tasker::engine
