// One event on one line.
#pragma once

#include <array>
#include <string>

#include "tasker/v1/event_service.pb.h"
#include "tasker/v1/task.pb.h"

namespace tasker::cli {

// Lines with aligned columns for a stream whose end is not known: a column grows when something
// wider comes, and keeps that width.
class EventLine {
 public:
  // `2025-03-01T09:30:00.250Z  step.completed  order_process  3f2a9c1e  fetch_order #1  {...}`:
  // time, name, task's template, beginning of its id, step and attempt, payload. What does not
  // concern the event is `-`. Cut to `width` cells; 0: never.
  std::string Format(const v1::Event& event, int width);
  // A task as it is, in the same columns: when it was created, `(complete)`, its template, the
  // beginning of its id, `3 of 5` steps done, and what else tells it apart.
  std::string Format(const v1::Task& task, int width);

 private:
  std::string Line(const std::array<std::string, 5>& cells, const std::string& rest, int width);

  // Enough for most, so that columns seldom move.
  std::array<int, 5> widths_ = {24, 24, 13, 8, 20};
};

// The first characters of a task's id, which tell tasks apart at a glance.
std::string ShortId(const std::string& task_id);

}  // namespace tasker::cli
