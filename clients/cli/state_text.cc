#include "clients/cli/state_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tasker::cli {
namespace {

std::string WithoutPrefix(const std::string& name, std::string_view prefix, int number) {
  if (name.size() <= prefix.size()) return absl::StrCat("state ", number);
  return absl::AsciiStrToLower(name.substr(prefix.size()));
}

}  // namespace

std::string StateText(v1::TaskState state) {
  return WithoutPrefix(v1::TaskState_Name(state), "TASK_STATE_", state);
}

std::string StateText(v1::StepState state) {
  return WithoutPrefix(v1::StepState_Name(state), "STEP_STATE_", state);
}

std::string StatusText(v1::ExecutionStatus status) {
  return WithoutPrefix(v1::ExecutionStatus_Name(status), "EXECUTION_STATUS_", status);
}

std::optional<v1::TaskState> ParseTaskState(std::string_view text) {
  v1::TaskState state = v1::TASK_STATE_UNSPECIFIED;
  const std::string name = "TASK_STATE_" + absl::AsciiStrToUpper(std::string(text));
  if (!v1::TaskState_Parse(name, &state) || state == v1::TASK_STATE_UNSPECIFIED) return {};
  return state;
}

std::vector<std::string> TaskStateTexts() {
  std::vector<std::string> texts;
  for (int number = v1::TaskState_MIN + 1; number <= v1::TaskState_MAX; ++number) {
    texts.push_back(StateText(static_cast<v1::TaskState>(number)));
  }
  return texts;
}

StateMark MarkOf(v1::TaskState state) {
  switch (state) {
    case v1::TASK_STATE_PENDING:
      return {"·", Style::kDim};
    case v1::TASK_STATE_IN_PROGRESS:
      return {"▶", Style::kCyan};
    case v1::TASK_STATE_COMPLETE:
    case v1::TASK_STATE_RESOLVED_MANUALLY:
      return {"✔", Style::kGreen};
    case v1::TASK_STATE_ERROR:
      return {"✖", Style::kRed};
    case v1::TASK_STATE_CANCELLED:
      return {"⊘", Style::kDim};
    default:
      return {"?", Style::kPlain};
  }
}

StateMark MarkOf(v1::StepState state) {
  switch (state) {
    case v1::STEP_STATE_PENDING:
      return {"·", Style::kDim};
    case v1::STEP_STATE_ENQUEUED:
      return {"○", Style::kPlain};
    case v1::STEP_STATE_IN_PROGRESS:
      return {"▶", Style::kCyan};
    case v1::STEP_STATE_WAITING_FOR_RETRY:
      return {"↻", Style::kYellow};
    case v1::STEP_STATE_COMPLETE:
    case v1::STEP_STATE_RESOLVED_MANUALLY:
      return {"✔", Style::kGreen};
    case v1::STEP_STATE_ERROR:
      return {"✖", Style::kRed};
    case v1::STEP_STATE_CANCELLED:
      return {"⊘", Style::kDim};
    case v1::STEP_STATE_SKIPPED:
      return {"↷", Style::kDim};
    default:
      return {"?", Style::kPlain};
  }
}

bool IsFinished(v1::TaskState state) {
  return state == v1::TASK_STATE_COMPLETE || state == v1::TASK_STATE_ERROR ||
         state == v1::TASK_STATE_CANCELLED || state == v1::TASK_STATE_RESOLVED_MANUALLY;
}

bool IsFinished(v1::StepState state) {
  return state == v1::STEP_STATE_COMPLETE || state == v1::STEP_STATE_ERROR ||
         state == v1::STEP_STATE_CANCELLED || state == v1::STEP_STATE_SKIPPED ||
         state == v1::STEP_STATE_RESOLVED_MANUALLY;
}

}  // namespace tasker::cli
