// Events in the form in which they are stored.
#pragma once

#include <string>
#include <string_view>

#include "engine/command.h"
#include "engine/model/time.h"
#include "engine/tasks/task_run.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::engine {

// Of all these: `event` is new, and is made to tell of what the comment says.

// Something that concerns `task` as a whole, with what every event of a task has.
void FillTaskEvent(std::string_view name, const TaskRun& task, Timestamp now,
                   storage::v1::EventRecord& event);

// The end of `task`: counts, durations and failed steps set.
void FillTaskEndEvent(std::string_view name, const TaskRun& task, Timestamp now,
                      storage::v1::EventRecord& event);

// Something that concerns one step of `task`, its newest attempt set.
void FillStepEvent(std::string_view name, const TaskRun& task, StepIndex step, Timestamp now,
                   storage::v1::EventRecord& event);

// A failed attempt: what went wrong, and how long it took.
void FillStepFailedEvent(const TaskRun& task, StepIndex step, const v1::Failure& failure,
                         Timestamp now, storage::v1::EventRecord& event);

// Which steps of `task` became ready: none so far.
void FillReadyEvent(const TaskRun& task, Timestamp now, storage::v1::EventRecord& event);
// One more did.
void AddReady(StepIndex step, storage::v1::EventRecord& event);

// One class of a handler.
void FillHandlerEvent(std::string_view name, std::string_view handler_name,
                      const ServedClass& served, Timestamp now, storage::v1::EventRecord& event);

// The trace id of a `traceparent` of W3C Trace Context, 16 bytes; empty if it is none.
std::string TraceIdOf(std::string_view traceparent);

}  // namespace tasker::engine
