// One event on one line.
#pragma once

#include <array>
#include <string>

#include "tasker/v1/event_service.pb.h"

namespace tasker::cli {

// Lines with aligned columns for a stream whose end is not known: a column grows when something
// wider comes, and keeps that width.
class EventLine {
 public:
  // `2025-03-01T09:30:00.250Z  step.completed  order_process  3f2a9c1e  fetch_order #1  {...}`:
  // time, name, task's template, beginning of its id, step and attempt, payload. What does not
  // concern the event is `-`. Cut to `width` cells; 0: never.
  std::string Format(const v1::Event& event, int width);

 private:
  // Enough for most, so that columns seldom move.
  std::array<int, 5> widths_ = {24, 24, 13, 8, 20};
};

// The first characters of a task's id, which tell tasks apart at a glance.
std::string ShortId(const std::string& task_id);

}  // namespace tasker::cli
