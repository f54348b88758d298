// States as people write and see them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cli/styled_line.h"
#include "tasker/v1/task.pb.h"

namespace tasker::cli {

// `in_progress`. A state this program does not know, from a newer service, is `state 42`.
std::string StateText(v1::TaskState state);
std::string StateText(v1::StepState state);
std::string StatusText(v1::ExecutionStatus status);

// The state written `text`, or nullopt.
std::optional<v1::TaskState> ParseTaskState(std::string_view text);

// All that ParseTaskState takes.
std::vector<std::string> TaskStateTexts();

// How a state looks: one cell and its colour.
struct StateMark {
  std::string_view glyph;
  Style style;
};
StateMark MarkOf(v1::TaskState state);
StateMark MarkOf(v1::StepState state);

// Whether a task in `state` changes no more by itself.
bool IsFinished(v1::TaskState state);
// Whether a step in `state` changes no more by itself.
bool IsFinished(v1::StepState state);

}  // namespace tasker::cli
